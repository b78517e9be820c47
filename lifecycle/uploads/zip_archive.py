"""A zip that somebody else made: refused before anything in it is read where it could do harm.

No path of it is ever made: a member is read by what it is for, a file is stored by the SHA-1 of its contents.
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final

from lifecycle.uploads.errors import ArchiveError, readable

_END: Final = b"PK\x05\x06"
_LOCATOR: Final = b"PK\x06\x07"
_END_64: Final = b"PK\x06\x06"
_END_BYTES: Final = 22
_LOCATOR_BYTES: Final = 20
_END_64_BYTES: Final = 56
_LONGEST_COMMENT: Final = 0xFFFF
_IN_64: Final = 0xFFFFFFFF
MOST_DIRECTORY_BYTES: Final = 128 << 20
"""Of the list of members, which is held in memory: more than a million files."""
_MOST_TIMES: Final = 1100
"""Deflate makes at most 1,032 bytes of one."""
_KNOWN: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def opened(file: BinaryIO, size: int, name: str) -> zipfile.ZipFile:
    """The zip *file* of *size* bytes, called *name*, once all that its list of members says is harmless.

    Raises:
        ArchiveError: When it is damaged, or its members could lead elsewhere or fill a disk.
    """
    with readable(name):
        listed = _directory_bytes(file, size)
        if listed > MOST_DIRECTORY_BYTES:
            raise ArchiveError(
                f"{name}: its list of members has {listed} bytes, expected at most {MOST_DIRECTORY_BYTES}"
            )
        file.seek(0)
        archive = zipfile.ZipFile(file)
    for member, why in _refused(archive.infolist()):
        raise ArchiveError(f"{name}: {member.filename[:200]!r} {why}")
    packed = sum(member.compress_size for member in archive.infolist())
    if packed > size:
        raise ArchiveError(f"{name}: its members overlap: they have {packed} bytes, and the file {size}")
    return archive


def members(archive: zipfile.ZipFile) -> Mapping[str, zipfile.ZipInfo]:
    """Its files by name; folders are none."""
    return {each.filename: each for each in archive.infolist() if not each.is_dir()}


def _refused(listed: list[zipfile.ZipInfo]) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    seen: set[str] = set()
    for each in listed:
        path = each.filename.replace("\\", "/")
        if path.startswith("/") or ".." in path.split("/") or ":" in path.partition("/")[0]:
            yield each, "leads out of the archive"
        elif stat.S_ISLNK(each.external_attr >> 16):
            yield each, "is a link"
        elif each.flag_bits & 1:
            yield each, "is encrypted: save the archive without a password"
        elif each.compress_type not in _KNOWN:
            yield each, "is compressed in a way that Odoo never uses: save the archive with zip's usual one"
        elif each.file_size > _MOST_TIMES * (each.compress_size + 1):
            yield each, f"says {each.file_size} bytes, more than its {each.compress_size} can hold"
        elif path in seen:
            yield each, "is there twice"
        seen.add(path)


def _directory_bytes(file: BinaryIO, size: int) -> int:
    """The bytes of its list of members, as its end says."""
    file.seek(max(0, size - _LONGEST_COMMENT - _END_BYTES))
    at = file.tell()
    tail = file.read()
    end = tail.rfind(_END)
    if end < 0:
        raise zipfile.BadZipFile("the end of a zip is missing")
    listed = _number(tail, end + 12, 4)
    if listed != _IN_64:
        return listed
    file.seek(max(0, at + end - _LOCATOR_BYTES))
    locator = file.read(_LOCATOR_BYTES)
    if not locator.startswith(_LOCATOR):
        raise zipfile.BadZipFile("the end of a zip is missing")
    file.seek(_number(locator, 8, 8))
    end_64 = file.read(_END_64_BYTES)
    if not end_64.startswith(_END_64):
        raise zipfile.BadZipFile("the end of a zip is missing")
    return _number(end_64, 40, 8)


def _number(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "little")

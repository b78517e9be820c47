"""Compressed bills: how much they may hold, and the one bill of a ZIP archive."""

from __future__ import annotations

import gzip
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from allocation.adapters.bill.failures import BillError
from tiers import files as given

GZIP: Final = b"\x1f\x8b"
ZIP: Final = b"PK\x03\x04"
"""How a file of each kind begins. AWS delivers its legacy report as either (aws/agent-toolkit-for-aws,
skills/core-skills/aws-billing-and-cost-management/references/cur-athena.md)."""

_CHUNK: Final = 1 << 20
_MOST_RATIO: Final = 200
"""By how much a bill may grow: real ones have ten to forty, gzip a thousand at most."""
_LEAST_OF_MOST: Final = 100_000_000
_MOST_DECODED: Final = 50_000_000_000


def check_gzip(name: str, path: Path) -> None:
    """Read the file to its end, where the checksum is: DuckDB does not check it.

    Raises:
        BillError: When it holds more than a bill of its size.
    """
    with gzip.open(path) as stream:
        for _ in _bounded(name, path, stream):
            pass


def unpacked(name: str, path: Path, at: Path) -> Path:
    """The one file in the ZIP archive *path*, unpacked as *at*; nothing in the archive says where.

    Raises:
        BillError: When it holds another number of files, or more than a bill of its size, or is damaged.
    """
    try:
        with (
            given.opened(path, name) as stream,
            zipfile.ZipFile(stream) as archive,
            archive.open(_only_member(name, archive)) as source,
            at.open("wb") as target,
        ):
            for chunk in _bounded(name, path, source):
                target.write(chunk)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, struct.error):
        raise BillError(f"{name}: is not whole: its ZIP archive ends early or is damaged") from None
    except NotImplementedError:
        raise BillError(
            f"{name}: is compressed in a way that cannot be read: unpack it and give the file"
        ) from None
    except OSError as error:
        raise BillError(f"{name}: cannot be unpacked: {error.strerror or 'it is damaged'}") from None
    return at


_NO_BILLS: Final = ("__MACOSX/", ".DS_Store")
"""What the archiver of macOS adds of its own."""


def _only_member(name: str, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir() and not member.filename.startswith(_NO_BILLS)
    ]
    if len(members) != 1:
        raise BillError(f"{name}: expected an archive of one bill, found {len(members)} files: unpack it")
    if members[0].flag_bits & 1:
        raise BillError(f"{name}: is locked with a password: unpack it and give the file")
    return members[0]


def _bounded(name: str, path: Path, stream: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    """The content of *stream*, which is compressed in *path*, in pieces."""
    most = min(max(_LEAST_OF_MOST, _MOST_RATIO * path.stat().st_size), _MOST_DECODED)
    left = most
    while chunk := stream.read(_CHUNK):
        left -= len(chunk)
        if left < 0:
            raise BillError(
                f"{name}: holds more than {most:,} bytes, too many for a bill of its compressed size; if it "
                "is one, decompress it and give the CSV"
            )
        yield chunk

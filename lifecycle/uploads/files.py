"""The files of an Odoo in an archive: each is stored by the SHA-1 of what is in it, wherever it lay."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple, Protocol

from lifecycle.uploads.errors import ArchiveError, readable
from lifecycle.uploads.source import Source
from lifecycle.uploads.zip_archive import members, opened

_STORED: Final = re.compile(r"(?:^|/)([0-9a-f]{2})/(\1[0-9a-f]{38})$")
"""Odoo's ir.attachment._get_path: the first two digits are a folder."""
MOST_FILES: Final = 5_000_000


class StoredFile(NamedTuple):
    """A file to be stored; `contents` can be read until the next one is asked for."""

    sha1: str
    size: int
    contents: BinaryIO


class Files(Protocol):
    """The files of an archive."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """SHA-1, as its name says -> bytes."""

    def each(self) -> Iterator[StoredFile]:
        """Every file once."""


def sha1_of(path: str) -> str | None:
    """The SHA-1 that the path of a file in a filestore says; None for what is no such file.

    >>> sha1_of("filestore/da/da39a3ee5e6b4b0d3255bfef95601890afd80709")
    'da39a3ee5e6b4b0d3255bfef95601890afd80709'
    >>> sha1_of("filestore/checklist/da/da39a3ee5e6b4b0d3255bfef95601890afd80709")
    >>> sha1_of("../../etc/passwd")
    """
    found = _STORED.search(path)
    return found[2] if found and "checklist" not in path.split("/") else None


@dataclass(frozen=True)
class ZippedFiles:
    """Those of a zip."""

    archive: zipfile.ZipFile
    name: str
    found: Mapping[str, zipfile.ZipInfo]

    @classmethod
    def of(cls, archive: zipfile.ZipFile, name: str) -> ZippedFiles:
        """The files of *archive*."""
        listed = ((sha1_of(path), member) for path, member in members(archive).items())
        return cls(archive, name, {sha1: member for sha1, member in listed if sha1})

    @property
    def sizes(self) -> Mapping[str, int]:
        """SHA-1 -> bytes."""
        return {sha1: member.file_size for sha1, member in self.found.items()}

    def each(self) -> Iterator[StoredFile]:
        """Every file once, in the order in which they lie there."""
        in_order = sorted(self.found.items(), key=lambda each: each[1].header_offset)
        for sha1, member in in_order:
            with readable(f"{self.name}: {member.filename}"), self.archive.open(member) as contents:
                yield StoredFile(sha1, member.file_size, contents)  # type: ignore[arg-type]


@dataclass(frozen=True)
class TarredFiles:
    """Those of a tar, compressed or not: it has no list, so it is read from its beginning each time."""

    source: Source
    sizes: Mapping[str, int]

    @classmethod
    def of(cls, source: Source) -> TarredFiles:
        """The files of *source*, listed.

        Raises:
            ArchiveError: When it is damaged, or has more files than any Odoo.
        """
        sizes: dict[str, int] = {}
        with readable(source.name), _tar(source) as archive:
            for member in archive:
                if member.isreg() and (sha1 := sha1_of(member.name)):
                    sizes[sha1] = member.size
                _forget(archive)
                if len(sizes) > MOST_FILES:
                    raise ArchiveError(f"{source.name}: expected at most {MOST_FILES} files")
        return cls(source, sizes)

    def each(self) -> Iterator[StoredFile]:
        """Every file once."""
        seen: set[str] = set()
        with readable(self.source.name), _tar(self.source) as archive:
            for member in archive:
                sha1 = sha1_of(member.name) if member.isreg() else None
                if sha1 and sha1 not in seen and (contents := archive.extractfile(member)):
                    seen.add(sha1)
                    yield StoredFile(sha1, member.size, contents)  # type: ignore[arg-type]
                _forget(archive)


def _forget(archive: tarfile.TarFile) -> None:
    """Or it would remember all of its members (Lib/tarfile.py: `members` of a stream only grows)."""
    vars(archive)["members"].clear()


@contextmanager
def _tar(source: Source) -> Iterator[tarfile.TarFile]:
    with source.reader() as file, tarfile.open(fileobj=file, mode="r|*") as archive:
        yield archive


def files_of(source: Source, file: BinaryIO) -> Files:
    """The files of an archive of its own beside a dump; *file* is *source*, opened, and stays open.

    Raises:
        ArchiveError: When it is neither a zip nor a tar, or one that may not be read.
    """
    file.seek(0)
    if zipfile.is_zipfile(file):
        return ZippedFiles.of(opened(file, source.size, source.name), source.name)
    return TarredFiles.of(source)

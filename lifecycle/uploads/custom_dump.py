"""The head of a dump in pg_dump's own format: which versions of PostgreSQL it comes from.

Read as `ReadHead` of PostgreSQL's src/bin/pg_dump/pg_backup_archiver.c does.
"""

from __future__ import annotations

from typing import BinaryIO, Final, NamedTuple

from lifecycle.uploads.errors import ArchiveError

MAGIC: Final = b"PGDMP"
_CUSTOM: Final = 1
_ALGORITHM_SINCE: Final = (1, 15)
"""The version of the format that names the way of compression with a byte in place of a number."""
_OLDEST: Final = (1, 12)
"""That of PostgreSQL 9.0 to 10."""
_LONGEST: Final = 1 << 16
_TIMES: Final = 7


class CustomHead(NamedTuple):
    """What the head of such a dump says."""

    server_version: str
    client_version: str


def head_of(file: BinaryIO, name: str) -> CustomHead:
    """Read the head of the dump *file*.

    Raises:
        ArchiveError: When it is none, with *name*.
    """
    try:
        return _head(_Reader(file))
    except (EOFError, ValueError) as error:
        raise ArchiveError(f"{name}: expected a dump of pg_dump --format=custom, found {error}") from None


def _head(read: _Reader) -> CustomHead:
    if read.take(len(MAGIC)) != MAGIC:
        raise ValueError("other first bytes")
    version = (read.byte(), read.byte())
    read.byte()
    if version < _OLDEST:
        raise ValueError(f"format {version[0]}.{version[1]}")
    read.number_bytes = read.byte()
    read.byte()
    if read.byte() != _CUSTOM:
        raise ValueError("another format")
    if version >= _ALGORITHM_SINCE:
        read.byte()
    else:
        read.number()
    for _ in range(_TIMES):
        read.number()
    read.text()  # the database's name
    return CustomHead(read.text(), read.text())


class _Reader:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.number_bytes = 4

    def take(self, count: int) -> bytes:
        found = self._file.read(count)
        if len(found) < count:
            raise EOFError("its end")
        return found

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        negative = self.byte()
        value = int.from_bytes(self.take(self.number_bytes), "little")
        return -value if negative else value

    def text(self) -> str:
        length = self.number()
        if length < 0:
            return ""
        if length > _LONGEST:
            raise ValueError(f"a text of {length} bytes in its head")
        return self.take(length).decode(errors="replace")

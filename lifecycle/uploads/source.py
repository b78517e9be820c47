"""Where an archive lies: a file of this machine, or whatever else can be read at any place of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from lifecycle.uploads.errors import ArchiveError, readable


class Source(Protocol):
    """A file that somebody uploads."""

    @property
    def name(self) -> str:
        """What people call it, in messages."""

    @property
    def size(self) -> int:
        """Its bytes."""

    @property
    def modified(self) -> datetime:
        """When it was last written, in UTC, to the second."""

    def reader(self) -> BinaryIO:
        """It, to be read at any place."""


@dataclass(frozen=True)
class LocalFile:
    """A file of this machine."""

    path: Path
    name: str
    size: int
    modified: datetime

    @classmethod
    def of(cls, path: Path) -> LocalFile:
        """The file at *path*.

        Raises:
            ArchiveError: When there is none that can be read.
        """
        with readable(str(path)):
            found = path.stat()
            if not path.is_file():
                raise ArchiveError(f"{path}: expected a file")
            modified = datetime.fromtimestamp(int(found.st_mtime), UTC)
            return cls(path, str(path), found.st_size, modified)

    def reader(self) -> BinaryIO:
        """It, to be read at any place."""
        return self.path.open("rb")

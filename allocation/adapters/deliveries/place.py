"""Places where bills lie, as paths with sizes; a folder is one, a bucket another (`bucket`)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from allocation.errors import InputError
from tiers import files as given

MAX_MANIFEST_BYTES: Final = 32_000_000
"""The largest manifest that is read: it names a hundred thousand files at most."""

BEGIN_BYTES: Final = 4
"""First bytes of a file by which its kind is known."""


class Entry(NamedTuple):
    """A file of a place.

    Attributes:
        path: Its path below the place, with '/' between names.
        size: Its size in bytes.
        key: What the place itself calls it, where that is not its path.
        tag: What changes with its content (S3: ETag); empty where the place has no such thing.
    """

    path: str
    size: int
    key: str = ""
    tag: str = ""


class Place(Protocol):
    """Lists files, and gives their content."""

    def entries(self) -> Sequence[Entry]:
        """All files, by path."""

    def entry(self, path: str) -> Entry | None:
        """The file at *path*; None when there is none."""

    def shown(self, path: str) -> str:
        """The name of *path* in sentences."""

    def address(self, entry: Entry) -> str:
        """Where another program finds it."""

    def begin(self, entry: Entry) -> bytes:
        """Its first bytes."""

    def text(self, entry: Entry) -> str:
        """The text of a manifest."""

    def fetched(self, entry: Entry, at: Path) -> Path:
        """A local file with the content of *entry*; a place that is not local writes it to *at*."""


@dataclass(frozen=True)
class Folder:
    """A local folder."""

    root: Path

    @cached_property
    def _entries(self) -> dict[str, Entry]:
        found = (path for path in self.root.rglob("*") if path.is_file() and not path.name.startswith("."))
        paths = sorted(path.relative_to(self.root).as_posix() for path in found)
        return {path: Entry(path, (self.root / path).stat().st_size) for path in paths}

    def entries(self) -> Sequence[Entry]:
        """All files below the folder that are not hidden, by path."""
        return list(self._entries.values())

    def entry(self, path: str) -> Entry | None:
        """The file at *path*; None when there is none."""
        if "_entries" in vars(self):
            return self._entries.get(path)
        try:
            return Entry(path, (self.root / path).stat().st_size) if (self.root / path).is_file() else None
        except (OSError, ValueError):
            return None

    def shown(self, path: str) -> str:
        """The path, with that of the folder."""
        return readable(str(self.root / path))

    def address(self, entry: Entry) -> str:
        """Its absolute path."""
        return f"file://{(self.root / entry.path).resolve()}"

    def begin(self, entry: Entry) -> bytes:
        """Its first bytes.

        Raises:
            InputError: When it cannot be read.
        """
        try:
            with given.opened(self.root / entry.path, self.shown(entry.path)) as stream:
                return stream.read(BEGIN_BYTES)
        except given.UnreadableError as error:
            raise InputError(str(error)) from None

    def text(self, entry: Entry) -> str:
        """The text of a manifest.

        Raises:
            InputError: When it cannot be read, or is too large.
        """
        try:
            return given.read_text(self.root / entry.path, MAX_MANIFEST_BYTES, self.shown(entry.path))
        except given.UnreadableError as error:
            raise InputError(str(error)) from None

    def fetched(self, entry: Entry, at: Path) -> Path:  # noqa: ARG002 - it is here already
        """The file itself."""
        return self.root / entry.path


def readable(name: str) -> str:
    """*name* as text that can be printed, whatever its bytes are."""
    return os.fsencode(name).decode("utf-8", "replace")

"""Writes files in place of those that are there: all of them, or none."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from tiers.errors import CatalogError
from tiers.files import written_beside


def write_together(made: Mapping[Path, str]) -> None:
    """Write each text to its path; no file changes before all texts are on the disk.

    Raises:
        CatalogError: When one cannot be written, or its place is no file's.
    """
    with ExitStack() as beside:
        ready = []
        for path, text in made.items():
            if path.is_dir():
                raise CatalogError(f"{path}: cannot be written: it is a folder; nothing was written")
            try:
                ready.append((beside.enter_context(written_beside(path, text)), path))
            except OSError as error:
                raise CatalogError(
                    f"{path}: cannot be written: {error.strerror}; nothing was written"
                ) from None
        for scratch, path in ready:
            try:
                scratch.replace(path)
            except OSError as error:
                raise CatalogError(f"{path}: cannot be written: {error.strerror}") from None

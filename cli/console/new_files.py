"""Writes files of a project that are not there yet: all of them, or none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tiers.errors import CatalogError


def write_new(folder: Path, made: Mapping[str, str]) -> None:
    """Write files that are not there yet: all of them, or none if one of them is.

    Args:
        folder: Where they go.
        made: Path below *folder* -> content.

    Raises:
        CatalogError: When one is there already, or cannot be written.
    """
    if there := [name for name in made if os.path.lexists(folder / name)]:
        raise CatalogError(
            f"{folder / there[0]}: exists already; expected a folder without it, because nothing is "
            "overwritten; nothing was written"
        )
    for name, text in made.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise CatalogError(f"{path}: cannot be written: {error.strerror}") from None

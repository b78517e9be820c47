"""The shell and SQL scripts that jobs run."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

SAMPLE: Final = 1000
"""How many files of a backup are read and hashed; all of them if there are fewer."""


def script(name: str) -> str:
    """The text of the script *name*, such as `backup.sh`."""
    return (files(__name__) / name).read_text(encoding="utf-8")

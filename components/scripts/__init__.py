"""The shell and SQL scripts that jobs run."""

from __future__ import annotations

from importlib.resources import files


def script(name: str) -> str:
    """The text of the script *name*, such as `backup.sh`."""
    return (files(__name__) / name).read_text(encoding="utf-8")

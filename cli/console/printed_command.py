"""Commands that a message tells people to run next."""

from __future__ import annotations

import shlex
from pathlib import Path


def printed_command(*words: str, stack: str, portfolio: Path | None, cwd: Path) -> str:
    """A command for the same stack and folders, as a shell reads it."""
    places = {"--portfolio": portfolio, "--cwd": None if cwd == Path() else cwd}
    given = [word for name, value in places.items() if value for word in (name, str(value))]
    return shlex.join(["costack", *words, "--stack", stack, *given])

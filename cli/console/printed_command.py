"""Commands that a message tells people to run next."""

from __future__ import annotations

import shlex
from pathlib import Path


def printed_command(*words: str, portfolio: Path | None, cwd: Path, stack: str | None = None) -> str:
    """A command for the same stack and folders, as a shell reads it; None for one that takes no stack."""
    places = {"--stack": stack, "--portfolio": portfolio, "--cwd": None if cwd == Path() else cwd}
    given = [word for name, value in places.items() if value for word in (name, str(value))]
    return shlex.join(["costack", *words, *given])

"""How far a command is: one line that is rewritten, on a terminal only."""

from __future__ import annotations

import sys
from typing import Final

import typer

from allocation.runs.messages import Messages

_ANEW = "\r\x1b[K"


def say(text: str) -> None:
    """Show *text* in place of the last one; an empty text clears the line."""
    if sys.stderr.isatty():
        typer.echo(f"{_ANEW}{text}", err=True, nl=False)


def warn(sentence: str) -> None:
    """Print *sentence* for a person, below what was shown."""
    say("")
    typer.echo(sentence, err=True)


MESSAGES: Final = Messages(say, warn)
"""The messages of a run, on this terminal."""

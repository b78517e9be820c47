"""How far a command is: one line that is rewritten, on a terminal only."""

from __future__ import annotations

from typing import Final

from allocation.runs.messages import Messages
from cli.console.output import echo, say


def warn(sentence: str) -> None:
    """Print *sentence* for a person, below what was shown."""
    say("")
    echo(sentence, err=True)


MESSAGES: Final = Messages(say, warn)
"""The messages of a run, on this terminal."""

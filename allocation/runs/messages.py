"""Messages of a run for its user: progress and warnings; the caller shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _ignored(_: str) -> None:
    """Ignore a message."""


@dataclass(frozen=True)
class Messages:
    """Receives the messages of a run.

    Attributes:
        progress: Receives the current step; an empty text at the end.
        warn: Receives a warning; the run continues.
    """

    progress: Callable[[str], None] = _ignored
    warn: Callable[[str], None] = _ignored

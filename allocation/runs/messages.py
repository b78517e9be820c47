"""Where a run reports how far it is, and what its user should know; what shows it is the caller's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _unheard(_: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Messages:
    """Takes what a run has to say.

    Attributes:
        progress: Takes what is being done now; an empty text when all is done.
        warn: Takes a sentence its user should read, though the run goes on.
    """

    progress: Callable[[str], None] = _unheard
    warn: Callable[[str], None] = _unheard

"""Errors whose message is for a person: sentences, each on a line of its own."""

from __future__ import annotations

from typing import Final

from tiers.escapes import shortened

MOST_TOLD: Final = 200
"""How many sentences a message has at most; of more it says how many they are."""
LONGEST: Final = 1500
"""How many characters of a sentence are shown."""


class ToldError(Exception):
    """What its user can correct.

    The message is safe to print wherever it goes, a terminal, a CI job's log or Pulumi's output: a sentence
    is one line, whatever names and values of other people it repeats.

    Args:
        problems: One sentence each, complete with file, line and path.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        told = [shortened(problem, LONGEST) for problem in self.problems[:MOST_TOLD]]
        rest = len(self.problems) - len(told)
        return "\n".join([*told, *([f"and {rest} more mistakes"] if rest else [])])


class CatalogError(ToldError):
    """A catalog, portfolio or inventory that cannot be used."""

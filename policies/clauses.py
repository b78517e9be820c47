"""Clauses: what exactly is refused, and the remedy. Violations and a page of docs/ are made of them."""

from __future__ import annotations

from typing import NamedTuple, Self


class Clause(NamedTuple):
    """One thing that is refused."""

    subject: str
    """Where it is looked for, such as `AWS: every property about encryption`."""
    refused: str
    """What is wrong with it, as the end of a sentence that begins with the property: `is off`."""
    remedy: str

    def at(self, where: str, found: object = None) -> Violation:
        """The violation of the property *where*; *found* is shown and must not be a secret."""
        shown = "" if found is None else f" ({found})"
        return Violation(f"{where} {self.refused}{shown}; {self.remedy}", self)


class Violation(str):
    """A sentence for the user: what is wrong, where, and the remedy."""

    __slots__ = ("clause",)
    clause: Clause | None

    def __new__(cls, sentence: str, clause: Clause | None = None) -> Self:
        """The sentence, and the clause that it is made of."""
        made = super().__new__(cls, sentence)
        made.clause = clause
        return made


class NotYet(NamedTuple):
    """A value that decides and that only the update knows: neither passed nor refused."""

    where: str


Finding = str | NotYet
"""What a rule says of a resource: a violation, or what it could not judge yet."""

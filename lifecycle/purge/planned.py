"""The plans that a folder has already, and what one that cannot be read may hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lifecycle.purge.ledger import LedgerLine
from lifecycle.purge.plan import PurgePlan, read_purge_plan
from tiers.errors import CatalogError
from tiers.files import UnreadableError, read_json

_NAME: Final = re.compile(r"purge\.(?P<portfolio>.+)-[0-9a-f]{12}\.json")


@dataclass(frozen=True)
class BrokenPlan:
    """A file that is named like a plan, and is none any more.

    Attributes:
        problem: Why, as a sentence.
        portfolio: Whose plan it was, by its name; '' when that does not say it.
        texts: All texts in it; None when it is not whole, so that it may have held anything.
    """

    path: Path
    problem: str
    portfolio: str
    texts: frozenset[str] | None

    def may_hold(self, line: LedgerLine, portfolio: str) -> bool:
        """Whether it may name the resource of *line*, which ended tenants of *portfolio* left."""
        if self.portfolio not in {"", portfolio}:
            return False
        return self.texts is None or line.id in self.texts


@dataclass(frozen=True)
class PlannedAlready:
    """What the folder for new plans has already: plans, and files that were plans."""

    plans: tuple[tuple[Path, PurgePlan], ...] = ()
    broken: tuple[BrokenPlan, ...] = ()

    def why_not_again(self, line: LedgerLine, portfolio: str) -> str:
        """Why a resource is not planned: a file that nobody can read may hold it; '' when none does."""
        for each in self.broken:
            if each.may_hold(line, portfolio):
                return f"{each.path} may hold it, and cannot be read; restore that file, or delete it"
        return ""

    def problems(self, portfolio: str) -> Iterator[str]:
        """A sentence for each broken plan of *portfolio*, or of nobody knows which."""
        yield from (each.problem for each in self.broken if each.portfolio in {"", portfolio})


def planned_already(folder: Path) -> PlannedAlready:
    """What *folder* has of plans; approvals beside them are passed over."""
    plans: list[tuple[Path, PurgePlan]] = []
    broken: list[BrokenPlan] = []
    for path in sorted(folder.glob("purge.*.json")):
        if ".approval" in path.name:
            continue
        try:
            plans.append((path, read_purge_plan(path)))
        except CatalogError as error:
            named = _NAME.fullmatch(path.name)
            whose = named["portfolio"] if named else ""
            broken.append(BrokenPlan(path, "; ".join(error.problems), whose, _texts(path)))
    return PlannedAlready(tuple(plans), tuple(broken))


def _texts(path: Path) -> frozenset[str] | None:
    try:
        document = read_json(path)
    except UnreadableError:
        return None
    whole = isinstance(document, dict) and isinstance(document.get("goes"), list)
    return frozenset(_texts_in([document])) if whole else None


def _texts_in(values: Iterable[Any]) -> Iterator[str]:
    waiting = list(values)
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each

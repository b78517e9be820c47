"""Facts of the local plan, changed where a test looks at an edge, and their lines."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from allocation.estimate.assumptions import Assumptions, KnownBy
from allocation.estimate.quantities import Line, lines_of
from tests.portfolios import local_plan
from tiers.facts.record import FactRecord

Kind = TypeVar("Kind", bound=FactRecord)
TODAY = date(2026, 11, 30)


def one(kind: type[Kind], **changes: Any) -> Kind:
    """The first fact of *kind* of the local plan, with *changes* that its model takes."""
    found = next(fact for fact in local_plan().all_facts() if isinstance(fact, kind))
    return kind.model_validate(found.model_dump() | changes)


def lines(fact: FactRecord, day: date = TODAY) -> dict[str, Line]:
    """The lines of *fact* by name."""
    found = list(lines_of(fact, Assumptions.on(day)))
    assert len({line.name for line in found}) == len(found)
    return {line.name: line for line in found}


def said(line: Line) -> tuple[str, Decimal, KnownBy]:
    """What a line is of, how much, and how that is known."""
    return line.item, line.quantity, line.known_by

"""Known quantities in place of the catalog's, from a YAML file (docs/estimates.md).

usage:
  - {fact: acme/traffic, line: internet, quantity: "120", source: measured}
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from allocation.estimate.assumptions import Given, KnownBy
from allocation.estimate.quantities import names_of
from tiers.errors import CatalogError
from tiers.escapes import shortened
from tiers.facts.record import FactId, FactRecord
from tiers.strict_yaml import Fault, load_model, sentences
from tiers.vocabulary import Frozen

Usage = Mapping[tuple[FactId, str], Given]


class _Entry(Frozen):
    fact: FactId
    line: str
    quantity: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6, allow_inf_nan=False)]
    source: Literal["usage-file", "measured"] = "usage-file"


class _UsageFile(Frozen):
    usage: tuple[_Entry, ...]


def read_usage(path: Path, facts: Iterable[FactRecord], as_of: date) -> Usage:
    """Read *path*: a quantity for a month, by fact id and line name.

    Args:
        path: The YAML file.
        facts: All facts it may name; for a change those before and after.
        as_of: The day of the estimate; some lines exist on some days only.

    Raises:
        CatalogError: With file and line of a wrong value, of a fact or a line that does not exist,
            and of what is given twice.
    """
    entries = load_model(_UsageFile, path).usage
    if faults := sentences(path, _faults(entries, facts, as_of)):
        raise CatalogError(*faults)
    return {(entry.fact, entry.line): Given(entry.quantity, KnownBy(entry.source)) for entry in entries}


def _faults(entries: Iterable[_Entry], facts: Iterable[FactRecord], as_of: date) -> Iterator[Fault]:
    lines: dict[FactId, set[str]] = defaultdict(set)
    for fact in facts:
        lines[fact.id] |= names_of(fact, as_of)
    seen: set[tuple[FactId, str]] = set()
    for index, entry in enumerate(entries):
        if entry.fact not in lines:
            yield ("usage", index, "fact"), f"there is no '{shortened(entry.fact)}'"
        elif entry.line not in lines[entry.fact]:
            there = ", ".join(sorted(lines[entry.fact])) or "none"
            yield (
                ("usage", index, "line"),
                f"{entry.fact} has no line '{shortened(entry.line)}'; there are {there}",
            )
        elif (entry.fact, entry.line) in seen:
            yield ("usage", index, "line"), f"{entry.fact} {entry.line} is given twice"
        seen.add((entry.fact, entry.line))

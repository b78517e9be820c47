"""How the cost of a tenant falls, or steps up, while more of its tier join: the unit-cost curve."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from allocation.preview.cost_estimate import Conditions, Valuation, valued
from tiers.catalog.tier import Catalog
from tiers.plan.capacity import with_room
from tiers.plan.resolve import resolve
from tiers.portfolio.tenant import Portfolio
from tiers.portfolio.what_if import with_more
from tiers.vocabulary import Environment


@dataclass(frozen=True)
class UnitCost:
    """A portfolio with so many more tenants on a tier; amounts are units a month.

    Attributes:
        more: How many joined.
        tenants: How many there are in all.
        bill: What everything costs.
        idle: What of it nobody asked for.
        each: What one production tenant on the tier costs on average, rounded down; 0 when there is none.
        marginal: What the bill rose by for each that joined since the point before, rounded down; None at
            the first.
        margin: All fees less the bill.
        grown: What had to grow so that everybody fits.
    """

    more: int
    tenants: int
    bill: int
    idle: int
    each: int
    marginal: int | None
    margin: int
    grown: tuple[str, ...]


def unit_costs(
    catalog: Catalog, portfolio: Portfolio, tier: str, counts: Iterable[int], conditions: Conditions
) -> Iterator[UnitCost]:
    """The curve for *counts* of further tenants, in rising order; nodes and storage grow as they are needed.

    Raises:
        CatalogError: When the tier is not sold for production, or a region takes no more copies.
    """
    before: UnitCost | None = None
    for count in sorted(set(counts)):
        joined = with_more(catalog, portfolio, tier, count).portfolio if count else portfolio
        roomy = with_room(catalog, joined)
        point = _point(
            valued(resolve(catalog, roomy.portfolio), conditions), tier, count, before, roomy.notes
        )
        yield point
        before = point


def _point(
    valuation: Valuation, tier: str, more: int, before: UnitCost | None, grown: tuple[str, ...]
) -> UnitCost:
    statement = valuation.statement
    alike = [
        line.total
        for line in statement.tenants
        if line.term.tier == tier and line.term.environment is Environment.PRODUCTION
    ]
    return UnitCost(
        more=more,
        tenants=len(statement.tenants),
        bill=statement.charged,
        idle=statement.idle_total,
        each=sum(alike) // len(alike) if alike else 0,
        marginal=None if before is None else (statement.charged - before.bill) // (more - before.more),
        margin=sum(line.fee for line in statement.tenants) - statement.charged,
        grown=grown,
    )

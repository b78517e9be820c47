"""The unit-cost curve: the cost of a tenant as more tenants of its tier join."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from allocation.preview.cost_estimate import CostEstimate
from allocation.preview.estimates import Estimates
from tiers.plan.capacity import add_capacity
from tiers.portfolio.what_if import with_more
from tiers.vocabulary import Environment


@dataclass(frozen=True)
class UnitCost:
    """A portfolio with so many more tenants on a tier; amounts are units a month.

    Attributes:
        more: How many joined.
        tenants: How many tenants there are in total.
        bill: The total cost.
        idle: The idle part of the bill.
        each: The average cost of a production tenant on the tier, rounded down; 0 if there is none.
        marginal: The rise of the bill per tenant that joined since the point before, rounded down; None for
            the first point.
        margin: All fees minus the bill.
        grown: The capacity that had to grow so that all tenants fit.
    """

    more: int
    tenants: int
    bill: int
    idle: int
    each: int
    marginal: int | None
    margin: int
    grown: tuple[str, ...]


def unit_costs(estimates: Estimates, tier: str, counts: Iterable[int]) -> Iterator[UnitCost]:
    """The curve for *counts* of additional tenants, in rising order; nodes and storage grow as needed.

    Raises:
        CatalogError: When the tier is not sold for production, or a region has no room for more copies.
    """
    before: UnitCost | None = None
    catalog, portfolio = estimates.catalog, estimates.portfolio
    for count in sorted(set(counts)):
        joined = with_more(catalog, portfolio, tier, count).portfolio if count else portfolio
        roomy = add_capacity(catalog, joined, estimates.resolver)
        point = _point(estimates.of(roomy.portfolio), tier, count, before, roomy.notes)
        yield point
        before = point


def _point(
    estimate: CostEstimate, tier: str, more: int, before: UnitCost | None, grown: tuple[str, ...]
) -> UnitCost:
    statement = estimate.statement
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

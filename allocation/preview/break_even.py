"""Break-even: the size from which another tier is better for a tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Final

from allocation.preview.cost_estimate import Conditions, cost_estimate
from allocation.statement.statement import TenantLine
from tiers.catalog.tier import Catalog
from tiers.plan.resolve import resolve
from tiers.portfolio.tenant import Portfolio
from tiers.portfolio.what_if import with_tenant
from tiers.vocabulary import TenantId

MEASURES: Final = ("users", "database_gib")
COST: Final = "cost"
MARGIN: Final = "margin"
_BEYOND_FAIR_USE: Final = 8
"""The search ends at this many times the fair use of the larger tier."""


@dataclass(frozen=True)
class BreakEven:
    """The size `at` from which tier `after` is at least as good; None if there is none up to `most`.

    `by` is cost, where less is better, or margin, where more is better.
    """

    tenant: TenantId
    measure: str
    by: str
    before: str
    after: str
    at: int | None
    most: int


def break_evens(  # noqa: PLR0917 - a tenant, its tiers, the conditions
    catalog: Catalog,
    portfolio: Portfolio,
    tenant: TenantId,
    tiers: tuple[str, str],
    conditions: Conditions,
    settings: Mapping[str, str],
) -> Iterator[BreakEven]:
    """The break-even of *tenant* on two *tiers* by cost and margin, for each measure, with *settings*.

    Neighbours stay unchanged, so the pools are those of the change.

    Raises:
        CatalogError: When one of the tiers is not possible for the tenant.
    """
    environment = next(each for each in portfolio.tenants if each.tenant == tenant).environment
    fair = [catalog.tiers[tier].offers[environment].fair_use for tier in tiers]

    @cache
    def line(tier: str, measure: str, quantity: int) -> TenantLine:
        changed = {**settings, measure: str(quantity)}
        plan = resolve(catalog, with_tenant(catalog, portfolio, tenant, tier, changed).portfolio)
        return cost_estimate(plan, conditions).lines[tenant]

    def gap(by: str, measure: str, quantity: int) -> int:
        before, after = (line(tier, measure, quantity) for tier in tiers)
        return after.margin - before.margin if by == MARGIN else before.total - after.total

    for measure in MEASURES:
        most = max(getattr(each, measure) for each in fair) * _BEYOND_FAIR_USE
        for by in (COST, MARGIN):
            at = smallest_not_negative(partial(gap, by, measure), most)
            yield BreakEven(tenant, measure, by, *tiers, at, most)


def smallest_not_negative(gap: Callable[[int], int], most: int) -> int | None:
    """The smallest quantity from 1 to *most* at which a rising *gap* is 0 or more.

    If it falls and rises again, the first rise that doubling steps find.

    >>> smallest_not_negative(lambda quantity: quantity - 11, 100)
    11
    """
    low, high = 0, 1
    while gap(high) < 0:
        if high == most:
            return None
        low, high = high, min(high * 2, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if gap(middle) >= 0 else (middle, high)
    return high

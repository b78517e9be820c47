"""At which size a tenant is better off on another tier: where the two margins meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Final

from allocation.preview.cost_estimate import Conditions, valued
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
"""How many times what the larger tier takes as fair use is still looked at."""


@dataclass(frozen=True)
class BreakEven:
    """From how many of `measure` on tier `after` is at least as good in `by`; None: not up to `most`.

    `by` is cost, where less is better, or margin, where more is.
    """

    tenant: TenantId
    measure: str
    by: str
    before: str
    after: str
    at: int | None
    most: int


def break_evens(  # noqa: PLR0917 - who, from where to where, under which conditions
    catalog: Catalog,
    portfolio: Portfolio,
    tenant: TenantId,
    tiers: tuple[str, str],
    conditions: Conditions,
    settings: Mapping[str, str],
) -> Iterator[BreakEven]:
    """Where cost and margin of *tenant* on two *tiers* meet, for each measure, all else as *settings* say.

    Neighbours stay where they are, so the pools are what they would be.

    Raises:
        CatalogError: When the tenant cannot be had on one of the tiers.
    """
    environment = next(each for each in portfolio.tenants if each.tenant == tenant).environment
    fair = [catalog.tiers[tier].offers[environment].fair_use for tier in tiers]

    @cache
    def line(tier: str, measure: str, quantity: int) -> TenantLine:
        changed = {**settings, measure: str(quantity)}
        plan = resolve(catalog, with_tenant(catalog, portfolio, tenant, tier, changed).portfolio)
        return valued(plan, conditions).lines[tenant]

    def gap(by: str, measure: str, quantity: int) -> int:
        before, after = (line(tier, measure, quantity) for tier in tiers)
        return after.margin - before.margin if by == MARGIN else before.total - after.total

    for measure in MEASURES:
        most = max(getattr(each, measure) for each in fair) * _BEYOND_FAIR_USE
        for by in (COST, MARGIN):
            at = smallest_not_negative(partial(gap, by, measure), most)
            yield BreakEven(tenant, measure, by, *tiers, at, most)


def smallest_not_negative(gap: Callable[[int], int], most: int) -> int | None:
    """The smallest quantity from 1 to *most* at which *gap* is 0 or more, when it only rises.

    Where it falls and rises again, the first rise that doubling steps come across.

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

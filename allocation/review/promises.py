"""Promises that cost nearly nothing: either nobody keeps them, or their cost is counted somewhere else.

Enhanced controls are security, and a class of recovery above the first is resilience. Both are looked for in
the tenant's fully loaded cost of the month, its shares of pools included.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from allocation.statement.filed import FiledStatement
from tiers.catalog.promises import RANKS
from tiers.plan.plan import Plan, TenantPlan
from tiers.vocabulary import Controls, CostCategory, Environment

_HUNDRED = 100


class CheapPromise(NamedTuple):
    """What a tenant is promised, and what the category costs that keeps the promise; amounts are units."""

    promise: str
    category: CostCategory
    cost: int
    fee: int
    least_percent: int


def cheap_promises(
    statement: FiledStatement, plan: Plan, least_percent: int
) -> Iterator[tuple[str, CheapPromise]]:
    """Tenants with a promise whose category costs less than *least_percent* of the fee, and which promise."""
    lines = statement.by_tenant
    for tenant in plan.tenants:
        line = lines.get(tenant.tenant)
        if line is None or tenant.environment is not Environment.PRODUCTION or line.fee <= 0:
            continue
        for promise, category in _promises(tenant):
            cost = line.by_category.get(category, 0)
            if Decimal(cost) * _HUNDRED < Decimal(line.fee) * least_percent:
                yield tenant.tenant, CheapPromise(promise, category, cost, line.fee, least_percent)


def _promises(tenant: TenantPlan) -> Iterator[tuple[str, CostCategory]]:
    if tenant.controls is Controls.ENHANCED:
        yield "enhanced controls", CostCategory.SECURITY
    if RANKS[tenant.resilience_class]:
        yield f"{tenant.resilience_class} recovery", CostCategory.RESILIENCE

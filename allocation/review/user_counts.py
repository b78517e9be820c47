"""The users that Odoo has, beside those that a tenant declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from allocation.engine.drivers import Driver
from allocation.review.findings import UserCount
from allocation.review.usage_levels import Level
from tiers.plan.plan import Plan

_HUNDRED: Final = 100


def user_counts(plan: Plan, levels: Mapping[tuple[str, Driver], Level]) -> Iterator[UserCount]:
    """Every tenant's declared users, and how many Odoo had on the last day that was counted."""
    for tenant in plan.tenants:
        level = levels.get((tenant.tenant, Driver.USERS))
        day = max(level.days, default=None) if level else None
        active = level.days[day] if level and day else None
        yield UserCount(tenant.tenant, tenant.users, active, day)


def differing(
    plan: Plan, levels: Mapping[tuple[str, Driver], Level], least_percent: int
) -> Iterator[UserCount]:
    """The tenants that were counted, and whose declaration is wrong by *least_percent* of it or more."""
    for count in user_counts(plan, levels):
        difference = count.difference
        if difference and abs(difference) * _HUNDRED >= least_percent * count.declared:
            yield count

"""Savings if environments other than production were awake in working hours only.

Environments with a schedule are left out: their saving is in every figure already. The other savings are
shown separately, and most of them do not lower the bill. A pod that sleeps frees its part of the nodes, which
becomes idle; the bill falls only when nodes are removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from allocation.engine.drivers import Driver
from allocation.engine.shared_charges import AllocationType
from allocation.preview.cost_estimate import CostEstimate
from tiers.catalog.classes import OffHours
from tiers.facts.compute import SleepSchedule
from tiers.plan.plan import TenantPlan, facts_of
from tiers.vocabulary import Environment, TenantId

HOURS_PER_WEEK: Final = 168
_STOPPABLE: Final = frozenset(
    {
        ("database-instance", "instance"),
        ("database-instance", "second-instance"),
        ("node-group", "instances"),
    }
)
"""Kinds of fact and their lines that are charged by the hour and can be stopped; storage remains."""


@dataclass(frozen=True)
class Saving:
    """The saving of a tenant per month: `saved` on the bill, `freed` node capacity for others."""

    tenant: TenantId
    awake_hours_per_week: int
    saved: int
    freed: int


def savings(estimate: CostEstimate, hours: OffHours) -> tuple[Saving, ...]:
    """The savings of all tenants that are never asleep, except production; without zeros."""
    asleep = Fraction(HOURS_PER_WEEK - hours.awake_hours_per_week, HOURS_PER_WEEK)
    pools = {
        pool.pool for pool in estimate.conditions.rules.pools if Driver.CPU_REQUESTS in pool.driver.measures
    }
    found = (
        Saving(
            tenant.tenant,
            hours.awake_hours_per_week,
            round(_stoppable(estimate, tenant) * asleep),
            round(_of_nodes(estimate, tenant.tenant, pools) * asleep),
        )
        for tenant in estimate.plan.tenants
        if tenant.environment is not Environment.PRODUCTION and not facts_of(tenant.facts, SleepSchedule)
    )
    return tuple(each for each in found if each.saved or each.freed)


def _stoppable(estimate: CostEstimate, tenant: TenantPlan) -> int:
    return sum(
        charge.units
        for charge in estimate.charges_of.get(tenant.tenant, ())
        if (charge.fact_kind, charge.id.rpartition("#")[2]) in _STOPPABLE
    )


def _of_nodes(estimate: CostEstimate, tenant: TenantId, pools: set[str]) -> int:
    cells = estimate.lines[tenant].cells
    return sum(
        cell.units for cell in cells if cell.pool in pools and cell.allocation_type is not AllocationType.IDLE
    )

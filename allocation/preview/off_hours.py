"""What environments other than production would save, were they awake in working hours only.

Who has a schedule is left out: what it saves is in every figure already. The rest is shown apart from every
difference, and most of it is no saving of the bill. A pod that sleeps frees its part of the nodes, which
becomes idle; the bill falls only when nodes are taken away.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from allocation.engine.drivers import Driver
from allocation.engine.routes import IDLE_PART
from allocation.preview.cost_estimate import Valuation
from tiers.catalog.classes import OffHours
from tiers.facts.compute import SleepSchedule
from tiers.plan.plan import TenantPlan, facts_of
from tiers.vocabulary import Environment, TenantId

HOURS_PER_WEEK: Final = 168
_STOPPABLE: Final = frozenset({("database-instance", "instance"), ("node-group", "instances")})
"""Kinds of fact and their lines that are charged by the hour and can be stopped; storage goes on."""


@dataclass(frozen=True)
class Saving:
    """What a tenant would save a month: `saved` of the bill, `freed` of nodes that others could use."""

    tenant: TenantId
    awake_hours_per_week: int
    saved: int
    freed: int


def savings(valuation: Valuation, hours: OffHours) -> tuple[Saving, ...]:
    """What every tenant that is always awake and not production would save; none that has nothing to stop."""
    asleep = Fraction(HOURS_PER_WEEK - hours.awake_hours_per_week, HOURS_PER_WEEK)
    pools = {
        pool.pool for pool in valuation.conditions.rules.pools if Driver.CPU_REQUESTS in pool.driver.measures
    }
    found = (
        Saving(
            tenant.tenant,
            hours.awake_hours_per_week,
            round(_stoppable(valuation, tenant) * asleep),
            round(_of_nodes(valuation, tenant.tenant, pools) * asleep),
        )
        for tenant in valuation.plan.tenants
        if tenant.environment is not Environment.PRODUCTION and not facts_of(tenant.facts, SleepSchedule)
    )
    return tuple(each for each in found if each.saved or each.freed)


def _stoppable(valuation: Valuation, tenant: TenantPlan) -> int:
    return sum(
        charge.units
        for charge in valuation.charges_of.get(tenant.tenant, ())
        if (charge.fact_kind, charge.id.rpartition("#")[2]) in _STOPPABLE
    )


def _of_nodes(valuation: Valuation, tenant: TenantId, pools: set[str]) -> int:
    cells = valuation.lines[tenant].cells
    return sum(cell.units for cell in cells if cell.pool in pools and cell.part != IDLE_PART)

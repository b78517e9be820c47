"""What the end of a tenant saves: by how much the bill falls, and who pays the rest of what the tenant cost.

A tenant leaves pools: what it paid of them, its neighbours pay, or the capacity stays idle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from allocation.money import in_cents, text_of, units_of
from allocation.preview.comparison import compared
from allocation.preview.cost_estimate import Conditions, cost_estimate
from allocation.report.figures import money
from tiers.plan.plan import Plan
from tiers.vocabulary import TenantId

IDLE: Final = "idle capacity"
UNALLOCATED: Final = "nobody (unallocated)"


@dataclass(frozen=True)
class Savings:
    """Estimated amounts of a month, in units: `cost` is `falls_by` and what `payers` pay, exactly.

    Attributes:
        cost: What the tenant costs, shares of pools included.
        falls_by: By how much the bill falls without it.
        payers: What each other tenant, idle capacity and nobody pay more without it.
    """

    currency: str
    cost: int
    falls_by: int
    payers: Mapping[str, int]

    def document(self) -> dict[str, Any]:
        """The same as plain data, amounts as decimal text."""
        return {
            "currency": self.currency,
            "cost_per_month": text_of(self.cost),
            "bill_falls_by": text_of(self.falls_by),
            "paid_by_others": {name: text_of(units) for name, units in self.payers.items()},
        }


def savings(before: Plan, after: Plan, tenant: TenantId, conditions: Conditions) -> Savings:
    """What a month saves in which *tenant* is in *before* and no longer in *after*.

    Raises:
        AllocationError: When one of both plans cannot be allocated.
    """
    change = compared(cost_estimate(before, conditions), cost_estimate(after, conditions))
    payers = {each.tenant: each.cost.difference for each in change.tenants if each.tenant != tenant}
    payers |= {IDLE: change.idle.difference, UNALLOCATED: change.unallocated.difference}
    return Savings(
        currency=before.currency,
        cost=change.before.lines[tenant].total,
        falls_by=-change.charged.difference,
        payers={name: units for name, units in payers.items() if units},
    )


def sentence(saved: Mapping[str, Any], tenant: TenantId) -> str:
    """What the document of `Savings` says, for people; amounts in whole cents that add up."""
    if "unknown" in saved:
        return f"by how much the bill falls is unknown: {saved['unknown']}"
    others = {name: units_of(Decimal(text)) for name, text in saved["paid_by_others"].items()}
    falls, *rest = in_cents([units_of(Decimal(saved["bill_falls_by"])), *others.values()])
    cost = falls + sum(rest)
    said = (
        f"the bill falls by {money(falls)} of the {money(cost)} {saved['currency']} a month that {tenant} is "
        "estimated to cost"
    )
    if not others:
        return said
    paid = ", ".join(f"{name} {money(cents)}" for name, cents in zip(others, rest, strict=True))
    return f"{said}; who pays the other {money(cost - falls)}: {paid}"

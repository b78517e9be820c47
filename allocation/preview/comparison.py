"""The comparison of two cost estimates, with the proof that the differences add up.

A tier change costs more than the tenant that changes: the tenant leaves pools, so that its neighbours' shares
change, and freed capacity may stay idle. The sum of all differences is exactly the difference of the bill.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from allocation.charges import Charge
from allocation.errors import UnreconciledStatementError
from allocation.money import text_of
from allocation.preview.cost_estimate import CostEstimate
from allocation.statement.ledger.ledger import Ledger
from allocation.statement.statement import TenantLine
from tiers.plan.plan import TenantPlan
from tiers.vocabulary import CostCategory, CostDomain, TenantId

Key = TypeVar("Key")


@unique
class Kind(StrEnum):
    """How a tenant changes: itself, only in its shares of pools, or not at all."""

    NEW = "new"
    GONE = "gone"
    MOVED = "moved"
    CHANGED = "changed"
    NEIGHBOUR = "neighbour"
    SAME = "same"


class Step(NamedTuple):
    """An amount before and after, in units."""

    before: int
    after: int

    @property
    def difference(self) -> int:
        """After minus before."""
        return self.after - self.before


@dataclass(frozen=True)
class TenantChange:
    """One tenant before and after; None where it does not exist."""

    tenant: TenantId
    before: TenantPlan | None
    after: TenantPlan | None
    line_before: TenantLine | None
    line_after: TenantLine | None

    @cached_property
    def kind(self) -> Kind:
        """How it changes."""
        if self.before is None or self.after is None:
            return Kind.NEW if self.before is None else Kind.GONE
        if self.before.tier != self.after.tier:
            return Kind.MOVED
        if self.before != self.after or self.direct.difference or self.fee.difference:
            return Kind.CHANGED
        return Kind.NEIGHBOUR if self.cost.difference or self._shares_moved else Kind.SAME

    @cached_property
    def cost(self) -> Step:
        """Its total cost: direct cost and all shares of pools."""
        return self._step("total")

    @property
    def direct(self) -> Step:
        """Its direct cost."""
        return self._step("direct")

    @property
    def pooled(self) -> Step:
        """Its shares of all pools."""
        return Step(self.cost.before - self.direct.before, self.cost.after - self.direct.after)

    @property
    def fee(self) -> Step:
        """The fee that its client pays."""
        return self._step("fee")

    @property
    def margin(self) -> Step:
        """The fee minus the cost."""
        return self._step("margin")

    @property
    def by_category(self) -> Mapping[CostCategory, Step]:
        """The cost by cost category."""
        return self._steps("by_category")

    @property
    def by_domain(self) -> Mapping[CostDomain, Step]:
        """The cost by cost domain."""
        return self._steps("by_domain")

    @property
    def by_pool(self) -> Mapping[str, Step]:
        """Its shares by pool."""
        return self._steps("pooled")

    @property
    def _shares_moved(self) -> bool:
        return any(step.difference for step in self.by_pool.values())

    def _step(self, name: str) -> Step:
        return Step(*(getattr(line, name) if line else 0 for line in (self.line_before, self.line_after)))

    def _steps(self, name: str) -> dict[Any, Step]:
        return steps_of(
            *(getattr(line, name) if line else {} for line in (self.line_before, self.line_after))
        )


@dataclass(frozen=True)
class LineChange:
    """A priced line that changes; None before or after if it does not exist then."""

    id: str
    before: Charge | None
    after: Charge | None

    @property
    def either(self) -> Charge:
        """The line after the change, or before if it is gone."""
        found = self.after or self.before
        if found is None:
            raise ValueError(f"line {self.id} exists neither before nor after")
        return found

    @property
    def cost(self) -> Step:
        """Its cost before and after."""
        return Step(self.before.units if self.before else 0, self.after.units if self.after else 0)


@dataclass(frozen=True)
class Comparison:
    """Two cost estimates, tenant by tenant, proven to hold every unit of the difference."""

    before: CostEstimate
    after: CostEstimate
    tenants: tuple[TenantChange, ...]

    @property
    def currency(self) -> str:
        """The currency of all amounts."""
        return self.after.plan.currency

    @property
    def ledgers(self) -> tuple[Ledger, Ledger]:
        """The settled cents of the statements before and after."""
        return self.before.ledger, self.after.ledger

    @property
    def charged(self) -> Step:
        """The bill: the total charged."""
        return self._step("charged")

    @property
    def idle(self) -> Step:
        """The cost of capacity that no tenant requested."""
        return self._step("idle_total")

    @property
    def idle_by_pool(self) -> Mapping[str, Step]:
        """The idle cost by pool."""
        return steps_of(self.before.statement.idle, self.after.statement.idle)

    @property
    def unallocated(self) -> Step:
        """The unallocated cost."""
        return self._step("unallocated_total")

    @property
    def fee(self) -> Step:
        """The fees of all clients."""
        return Step(*(sum(each.fee[place] for each in self.tenants) for place in (0, 1)))

    @property
    def margin(self) -> Step:
        """All fees minus the bill, idle capacity included."""
        return Step(self.fee.before - self.charged.before, self.fee.after - self.charged.after)

    @property
    def by_category(self) -> Mapping[CostCategory, Step]:
        """The bill by cost category."""
        return steps_of(*(_by_category(estimate.priced.charges) for estimate in (self.before, self.after)))

    @cached_property
    def lines(self) -> tuple[LineChange, ...]:
        """The priced lines that change, in the order of the plan after the change."""
        before, after = self.before.charges, self.after.charges
        return tuple(
            LineChange(each, before.get(each), after.get(each))
            for each in (*after, *(gone for gone in before if gone not in after))
            if before.get(each) != after.get(each)
        )

    @property
    def empty(self) -> bool:
        """Whether nothing changes: no plan, no price, no share."""
        return self.before.plan == self.after.plan and not self.lines and not any(self.moved)

    @property
    def moved(self) -> Iterator[TenantChange]:
        """Tenants that change in any way."""
        return (each for each in self.tenants if each.kind is not Kind.SAME)

    @property
    def of_tenants(self) -> int:
        """The change of the cost of all tenants, in units."""
        return sum(each.cost.difference for each in self.tenants)

    def proven(self) -> Comparison:
        """This comparison, after proving that the parts add up to the difference of the bill.

        Raises:
            UnreconciledStatementError: When a unit is missing or one too many; no tolerance is allowed.
        """
        parts = self.of_tenants + self.idle.difference + self.unallocated.difference
        if parts != self.charged.difference:
            raise UnreconciledStatementError(
                f"tenants {text_of(self.of_tenants)} + idle {text_of(self.idle.difference)} + unallocated "
                f"{text_of(self.unallocated.difference)} {self.currency} != difference of the bill "
                f"{text_of(self.charged.difference)}"
            )
        return self

    def _step(self, name: str) -> Step:
        return Step(getattr(self.before.statement, name), getattr(self.after.statement, name))


def compared(before: CostEstimate, after: CostEstimate) -> Comparison:
    """The comparison of two estimates, for every tenant of either.

    Raises:
        ValueError: When they are in different currencies.
        UnreconciledStatementError: When the parts do not add up to the difference of the bill.
    """
    if before.plan.currency != after.plan.currency:
        raise ValueError(f"{before.plan.currency} cannot be compared with {after.plan.currency}")
    changes = (
        TenantChange(
            name,
            before.tenants.get(name),
            after.tenants.get(name),
            before.lines.get(name),
            after.lines.get(name),
        )
        for name in sorted(before.tenants.keys() | after.tenants.keys())
    )
    return Comparison(before, after, tuple(changes)).proven()


def steps_of(before: Mapping[Key, int], after: Mapping[Key, int]) -> dict[Key, Step]:
    """The amounts before and after of each key, 0 if missing; keys of *after* first."""
    return {key: Step(before.get(key, 0), after.get(key, 0)) for key in (*after, *before)}


def _by_category(charges: Iterable[Charge]) -> dict[CostCategory, int]:
    sums: dict[CostCategory, int] = {}
    for charge in charges:
        sums[charge.category] = sums.get(charge.category, 0) + charge.units
    return sums

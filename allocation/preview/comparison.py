"""What a change costs: two valuations side by side, and the proof that nothing got lost between them.

A tier change is paid by more than the tenant that changes: it leaves pools, so its neighbours' shares move,
and what it leaves behind may stay idle. The sum of all of it is the difference of the bill, exactly.
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
from allocation.preview.cost_estimate import Valuation
from allocation.statement.statement import TenantLine
from tiers.plan.plan import TenantPlan
from tiers.vocabulary import CostCategory, CostDomain, TenantId

Key = TypeVar("Key")


@unique
class Kind(StrEnum):
    """What happens to a tenant: it changes itself, or only its shares of pools do, or nothing does."""

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
        """After less before."""
        return self.after - self.before


@dataclass(frozen=True)
class TenantChange:
    """One tenant before and after; None where it is not there."""

    tenant: TenantId
    before: TenantPlan | None
    after: TenantPlan | None
    line_before: TenantLine | None
    line_after: TenantLine | None

    @cached_property
    def kind(self) -> Kind:
        """What happens to it."""
        if self.before is None or self.after is None:
            return Kind.NEW if self.before is None else Kind.GONE
        if self.before.tier != self.after.tier:
            return Kind.MOVED
        if self.before != self.after or self.direct.difference or self.fee.difference:
            return Kind.CHANGED
        return Kind.NEIGHBOUR if self.cost.difference or self._shares_moved else Kind.SAME

    @cached_property
    def cost(self) -> Step:
        """Everything it costs: direct and all shares of pools."""
        return self._step("total")

    @property
    def direct(self) -> Step:
        """What names it alone."""
        return self._step("direct")

    @property
    def pooled(self) -> Step:
        """Its shares of all pools."""
        return Step(self.cost.before - self.direct.before, self.cost.after - self.direct.after)

    @property
    def fee(self) -> Step:
        """What its client pays."""
        return self._step("fee")

    @property
    def margin(self) -> Step:
        """The fee less the cost."""
        return self._step("margin")

    @property
    def by_category(self) -> Mapping[CostCategory, Step]:
        """The cost by what is consumed."""
        return self._steps("by_category")

    @property
    def by_domain(self) -> Mapping[CostDomain, Step]:
        """The cost by the part of the service it belongs to."""
        return self._steps("by_domain")

    @property
    def by_pool(self) -> Mapping[str, Step]:
        """The shares of pools."""
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
    """A priced line that is not the same before and after; None where it is not there."""

    id: str
    before: Charge | None
    after: Charge | None

    @property
    def either(self) -> Charge:
        """The line as it will be, or as it was."""
        found = self.after or self.before
        if found is None:
            raise ValueError(f"line {self.id} is on neither side")
        return found

    @property
    def cost(self) -> Step:
        """What it costs."""
        return Step(self.before.units if self.before else 0, self.after.units if self.after else 0)


@dataclass(frozen=True)
class Comparison:
    """Two valuations, tenant by tenant; proven to hold every unit of the difference."""

    before: Valuation
    after: Valuation
    tenants: tuple[TenantChange, ...]

    @property
    def currency(self) -> str:
        """Of all amounts."""
        return self.after.plan.currency

    @property
    def charged(self) -> Step:
        """The bill: all that is charged for."""
        return self._step("charged")

    @property
    def idle(self) -> Step:
        """Capacity nobody asked for."""
        return self._step("idle_total")

    @property
    def idle_by_pool(self) -> Mapping[str, Step]:
        """The same, by pool."""
        return steps_of(self.before.statement.idle, self.after.statement.idle)

    @property
    def unallocated(self) -> Step:
        """What belongs to nobody."""
        return self._step("unallocated_total")

    @property
    def fee(self) -> Step:
        """What all clients pay."""
        return Step(*(sum(each.fee[side] for each in self.tenants) for side in (0, 1)))

    @property
    def margin(self) -> Step:
        """All fees less the bill: what is left after idle capacity is paid for, too."""
        return Step(self.fee.before - self.charged.before, self.fee.after - self.charged.after)

    @property
    def by_category(self) -> Mapping[CostCategory, Step]:
        """The bill by what is consumed."""
        return steps_of(*(_by_category(side.estimate.charges) for side in (self.before, self.after)))

    @cached_property
    def lines(self) -> tuple[LineChange, ...]:
        """The priced lines that differ, in the order of the plan as it will be."""
        before, after = self.before.charges, self.after.charges
        return tuple(
            LineChange(each, before.get(each), after.get(each))
            for each in (*after, *(gone for gone in before if gone not in after))
            if before.get(each) != after.get(each)
        )

    @property
    def empty(self) -> bool:
        """Whether nothing differs: no plan, no price, no share."""
        return self.before.plan == self.after.plan and not self.lines and not any(self.moved)

    @property
    def moved(self) -> Iterator[TenantChange]:
        """Tenants to which something happens."""
        return (each for each in self.tenants if each.kind is not Kind.SAME)

    @property
    def of_tenants(self) -> int:
        """What all tenants together pay more, in units."""
        return sum(each.cost.difference for each in self.tenants)

    def proven(self) -> Comparison:
        """This comparison, once the parts add up to the difference of the bill.

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


def compared(before: Valuation, after: Valuation) -> Comparison:
    """What is different in *after*, for every tenant of either.

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
    """Both sides of each key, what is missing being 0; keys of *after* first."""
    return {key: Step(before.get(key, 0), after.get(key, 0)) for key in (*after, *before)}


def _by_category(charges: Iterable[Charge]) -> dict[CostCategory, int]:
    sums: dict[CostCategory, int] = {}
    for charge in charges:
        sums[charge.category] = sums.get(charge.category, 0) + charge.units
    return sums

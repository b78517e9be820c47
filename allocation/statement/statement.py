"""The statement: the cost of every tenant, with fee and margins, and the cost that no tenant pays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self, TypeVar

from allocation.charges import ChargePeriod, CostBasis, Unpriced
from allocation.engine.allocate import Allocation, Cell, Item, PoolUsage, Unallocated
from allocation.engine.drivers import TenantUsage
from allocation.engine.rulebook import Behaviour, Pool
from allocation.engine.shared_charges import AllocationType
from allocation.engine.weights import Fallback
from allocation.errors import UnreconciledStatementError
from allocation.money import amount_of, split
from allocation.statement.heading import Heading
from allocation.statement.other_months import OtherMonth, idle_of, other_months
from allocation.statement.overage import Overage
from tiers.plan.plan import TenantPlan
from tiers.vocabulary import CostCategory, CostDomain, Environment, TenantId

Key = TypeVar("Key")
_BELOW, _ABOVE = "below its incremental floor", "above its stand-alone ceiling"


@dataclass(frozen=True)
class Term:
    """A tenant with its client, tier, the fee for the period in units, and what it used beyond fair use."""

    tenant: TenantId
    client: str
    environment: Environment
    tier: str
    fee: int
    display_name: TenantId | None = None
    overage: tuple[Overage, ...] = ()

    @classmethod
    def of(cls, tenant: TenantPlan, fee: int, overage: Iterable[Overage] = ()) -> Self:
        """The term of *tenant* with its *fee* for the period, and its overage."""
        who = (tenant.tenant, tenant.client, tenant.environment, tenant.tier)
        return cls(*who, fee, tenant.display_name, tuple(overage))


@dataclass(frozen=True)
class TenantLine:
    """The row of one tenant: direct cost, shares of pools, fee and margins, in units."""

    term: Term
    cells: tuple[Cell, ...]

    @property
    def tenant(self) -> TenantId:
        """The tenant."""
        return self.term.tenant

    @property
    def name(self) -> str:
        """What people call the tenant."""
        return self.term.display_name or self.term.tenant

    @property
    def fee(self) -> int:
        """What the client pays: the fee, and overage that was agreed."""
        return self.term.fee + sum(each.charged for each in self.term.overage)

    @cached_property
    def direct(self) -> int:
        """The cost of charges that name this tenant."""
        return sum(cell.units for cell in self.cells if cell.allocation_type is AllocationType.DIRECT)

    @cached_property
    def pooled(self) -> Mapping[str, int]:
        """Its shares by pool, including idle capacity that the rules spread over tenants."""
        return _summed(
            (cell.pool, cell.units)
            for cell in self.cells
            if cell.allocation_type is not AllocationType.DIRECT
        )

    @cached_property
    def idle(self) -> Mapping[str, int]:
        """The part of `pooled` that is idle capacity."""
        return _summed(
            (cell.pool, cell.units) for cell in self.cells if cell.allocation_type is AllocationType.IDLE
        )

    @cached_property
    def own_month(self) -> TenantLine:
        """This line without charges of other months."""
        return replace(self, cells=tuple(cell for cell in self.cells if not cell.other_month))

    @property
    def total(self) -> int:
        """Direct cost and all pooled shares: the fully loaded cost."""
        return self.direct + sum(self.pooled.values())

    @property
    def by_category(self) -> Mapping[CostCategory, int]:
        """The total by cost category."""
        return _summed((cell.category, cell.units) for cell in self.cells)

    @property
    def by_domain(self) -> Mapping[CostDomain, int]:
        """The total by cost domain."""
        return _summed((cell.domain, cell.units) for cell in self.cells)

    @property
    def variable(self) -> int:
        """The part of the total that moves with the tenant's activity."""
        return sum(cell.units for cell in self.cells if cell.behaviour is Behaviour.VARIABLE)

    @property
    def contribution_margins(self) -> tuple[int, int, int]:
        """The fee after variable direct cost, after all direct cost, and after all costs."""
        moving = sum(
            cell.units
            for cell in self.cells
            if cell.allocation_type is AllocationType.DIRECT and cell.behaviour is Behaviour.VARIABLE
        )
        return (self.fee - moving, self.fee - self.direct, self.margin)

    @property
    def margin(self) -> int:
        """The fee minus all cost of the tenant."""
        return self.fee - self.total


@dataclass(frozen=True)
class Statement:
    """The allocation of one period, reconciled with its charges.

    Attributes:
        pools: Names of the pools, in the rulebook's order.
        idle: The idle cost of each pool that keeps it visible.
        charged: The total to allocate.
        versions: The versions of catalog, rulebook and price book that reproduce it.
        drivers: The driver of each pool and its unit.
        usage: The usage of each pool's driver by consumer.
        items: The items of the charges, of tenants and of pools.
        kept: What tenants used of drivers that trends need; of a bill only.
        other_months: The charges of other months that this one bills; they are in the sums above.
        parts: In a run of several portfolios, the statement of each.
    """

    portfolio: str
    period: ChargePeriod
    currency: str
    basis: CostBasis
    pools: tuple[str, ...]
    tenants: tuple[TenantLine, ...]
    idle: Mapping[str, int]
    unallocated: tuple[Unallocated, ...]
    unpriced: tuple[Unpriced, ...]
    fallbacks: tuple[Fallback, ...]
    unknown_consumers: tuple[str, ...]
    charged: int
    versions: Mapping[str, str]
    drivers: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    usage: tuple[PoolUsage, ...] = ()
    items: tuple[Item, ...] = ()
    kept: tuple[TenantUsage, ...] = ()
    other_months: tuple[OtherMonth, ...] = ()
    parts: tuple[Statement, ...] = ()

    @property
    def apart(self) -> int:
        """The charged cost that is in the statement of no portfolio, where there are several."""
        return self.charged - sum(part.charged for part in self.parts)

    @property
    def direct(self) -> int:
        """All direct cost."""
        return sum(line.direct for line in self.tenants)

    @property
    def pooled(self) -> int:
        """All pooled shares."""
        return sum(sum(line.pooled.values()) for line in self.tenants)

    @property
    def idle_total(self) -> int:
        """All idle cost."""
        return sum(self.idle.values())

    @property
    def unallocated_total(self) -> int:
        """All unallocated cost."""
        return sum(item.units for item in self.unallocated)

    @property
    def stated(self) -> int:
        """The sum of all parts."""
        return self.direct + self.pooled + self.idle_total + self.unallocated_total

    @property
    def difference(self) -> int:
        """The charged cost that is in no part; 0 in every statement that is shown."""
        return self.charged - self.stated

    @cached_property
    def cross_subsidies(self) -> Mapping[TenantId, int]:
        """The margin of each tenant above its part of all margins, which is in proportion to the fees.

        Who has a positive amount subsidises others; the sum is 0. Without fees all amounts are 0.
        """
        fees = [line.fee for line in self.tenants]
        if not any(fees):
            return {line.tenant: 0 for line in self.tenants}
        fair = split(sum(line.margin for line in self.tenants), fees)
        return {line.tenant: line.margin - part for line, part in zip(self.tenants, fair, strict=True)}

    @cached_property
    def bounds(self) -> Mapping[TenantId, tuple[int, int]]:
        """The incremental floor and stand-alone ceiling of each tenant's cost, the pools being what they are.

        Who pays less than its direct cost is subsidised by others; who pays more than that and all of every
        pool it uses would be better off alone (the core of a cost game; Young, Cost Allocation, 1994, ch. 1).
        """
        lines = [line.own_month for line in self.tenants]
        pools = _summed((pool, units) for line in lines for pool, units in line.pooled.items())
        elsewhen = idle_of(self.other_months)
        whole = {pool: pools[pool] + self.idle.get(pool, 0) - elsewhen.get(pool, 0) for pool in pools}
        return {
            line.tenant: (line.direct, line.direct + sum(whole[pool] for pool in line.pooled))
            for line in lines
        }

    @cached_property
    def out_of_bounds(self) -> Mapping[TenantId, str]:
        """Tenants whose cost is below their floor or above their ceiling, with which of the two."""
        found = {}
        for line in self.tenants:
            floor, ceiling = self.bounds[line.tenant]
            if not floor <= (total := line.own_month.total) <= ceiling:
                found[line.tenant] = _BELOW if total < floor else _ABOVE
        return found

    def reconciled(self) -> Statement:
        """This statement, after proving that it holds every charged unit and no other.

        Raises:
            UnreconciledStatementError: When it does not; no tolerance is allowed.
        """
        if self.stated != self.charged:
            raise UnreconciledStatementError(
                f"{self.period.start:%Y-%m}: direct {amount_of(self.direct)} "
                f"+ pooled {amount_of(self.pooled)} + idle {amount_of(self.idle_total)} "
                f"+ unallocated {amount_of(self.unallocated_total)} {self.currency} "
                f"!= charged {amount_of(self.charged)} "
                f"({amount_of(abs(self.difference))} too {'much' if self.difference < 0 else 'little'})"
            )
        return self


def statement_of(
    heading: Heading,
    terms: Iterable[Term],
    allocation: Allocation,
    pools: Iterable[Pool],
    unpriced: Iterable[Unpriced] = (),
) -> Statement:
    """The statement of an allocation, reconciled.

    Raises:
        UnreconciledStatementError: When a unit is missing or one too many.
    """
    pools = tuple(pools)
    cells: dict[str | None, list[Cell]] = {}
    for cell in allocation.cells:
        cells.setdefault(cell.tenant, []).append(cell)
    return Statement(
        portfolio=heading.portfolio,
        period=heading.period,
        currency=heading.currency,
        basis=heading.basis,
        pools=tuple(pool.pool for pool in pools),
        tenants=tuple(TenantLine(term, tuple(cells.get(term.tenant, ()))) for term in terms),
        idle=_summed((cell.pool, cell.units) for cell in cells.get(None, ())),
        unallocated=allocation.unallocated,
        unpriced=tuple(unpriced),
        fallbacks=allocation.fallbacks,
        unknown_consumers=allocation.unknown_consumers,
        charged=allocation.charged,
        versions=heading.versions,
        drivers={pool.pool: (pool.driver.name, pool.driver.unit) for pool in pools},
        usage=allocation.usage,
        items=allocation.items,
        kept=allocation.kept if heading.basis is CostBasis.BILLED else (),
        other_months=other_months(allocation, f"{heading.period.start:%Y-%m}"),
    ).reconciled()


def _summed(pairs: Iterable[tuple[Key, int]]) -> dict[Key, int]:
    sums: dict[Key, int] = {}
    for key, units in pairs:
        sums[key] = sums.get(key, 0) + units
    return sums

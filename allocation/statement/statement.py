"""The statement: every charge given to a tenant or not, with the tier's fee and the margins beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from allocation.charges import ChargePeriod, CostBasis, Unpriced
from allocation.engine.allocate import DIRECT, Allocation, Cell, Item, PoolUse, Unallocated
from allocation.engine.routes import IDLE_PART
from allocation.engine.rulebook import Behaviour, Pool
from allocation.engine.weights import Fallback
from allocation.errors import UnreconciledStatementError
from allocation.money import amount_of, split
from tiers.vocabulary import CostCategory, CostDomain, Environment, TenantId

Key = TypeVar("Key")


@dataclass(frozen=True)
class Term:
    """What a tenant is and what its client pays for the period, in units."""

    tenant: TenantId
    client: str
    environment: Environment
    tier: str
    fee: int


@dataclass(frozen=True)
class TenantLine:
    """One tenant's row: what it causes, what it shares, what its client pays. All in units."""

    term: Term
    cells: tuple[Cell, ...]

    @property
    def tenant(self) -> TenantId:
        """Whose row it is."""
        return self.term.tenant

    @property
    def fee(self) -> int:
        """What the client pays."""
        return self.term.fee

    @cached_property
    def direct(self) -> int:
        """What names this tenant."""
        return sum(cell.units for cell in self.cells if cell.part == DIRECT)

    @cached_property
    def pooled(self) -> Mapping[str, int]:
        """Its shares by pool, its part of idle capacity that is spread included."""
        return _summed((cell.pool, cell.units) for cell in self.cells if cell.part != DIRECT)

    @cached_property
    def idle(self) -> Mapping[str, int]:
        """What of `pooled` is idle capacity that the rules spread over tenants."""
        return _summed((cell.pool, cell.units) for cell in self.cells if cell.part == IDLE_PART)

    @property
    def total(self) -> int:
        """Direct cost and all pooled shares: the fully loaded cost."""
        return self.direct + sum(self.pooled.values())

    @property
    def by_category(self) -> Mapping[CostCategory, int]:
        """The total by what is consumed."""
        return _summed((cell.category, cell.units) for cell in self.cells)

    @property
    def by_domain(self) -> Mapping[CostDomain, int]:
        """The total by the part of the service it belongs to."""
        return _summed((cell.domain, cell.units) for cell in self.cells)

    @property
    def variable(self) -> int:
        """What of the total moves with what the tenant does."""
        return sum(cell.units for cell in self.cells if cell.behaviour is Behaviour.VARIABLE)

    @property
    def contribution_margins(self) -> tuple[int, int, int]:
        """The fee less variable direct cost; less all direct cost; less everything."""
        moving = sum(
            cell.units for cell in self.cells if cell.part == DIRECT and cell.behaviour is Behaviour.VARIABLE
        )
        return (self.fee - moving, self.fee - self.direct, self.margin)

    @property
    def margin(self) -> int:
        """The fee less everything the tenant costs."""
        return self.fee - self.total


@dataclass(frozen=True)
class Statement:
    """The allocation of one period, reconciled with its charges.

    Attributes:
        pools: Names of the pools, in the rulebook's order.
        idle: What stayed idle of each pool that keeps its idle capacity visible.
        charged: What was to be allocated.
        versions: Of the catalog, the rulebook and the price book, so that it can be made again.
        drivers: What each pool was divided by, and the unit of that.
        uses: Who has how much of it.
        items: What the charges are for, a tenant's own and each pool's.
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
    strangers: tuple[str, ...]
    charged: int
    versions: Mapping[str, str]
    drivers: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    uses: tuple[PoolUse, ...] = ()
    items: tuple[Item, ...] = ()

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
        """All that stayed idle."""
        return sum(self.idle.values())

    @property
    def unallocated_total(self) -> int:
        """All that belongs to nobody."""
        return sum(item.units for item in self.unallocated)

    @property
    def stated(self) -> int:
        """All the parts together."""
        return self.direct + self.pooled + self.idle_total + self.unallocated_total

    @property
    def difference(self) -> int:
        """What was charged and is stated nowhere; 0 in every statement that is shown."""
        return self.charged - self.stated

    @cached_property
    def cross_subsidies(self) -> Mapping[TenantId, int]:
        """What each tenant's margin is above its part of all margins, in proportion to the fees.

        Who has more than it carries others; the sum is 0. Without fees nobody subsidises anybody.
        """
        fees = [line.fee for line in self.tenants]
        if not any(fees):
            return {line.tenant: 0 for line in self.tenants}
        fair = split(sum(line.margin for line in self.tenants), fees)
        return {line.tenant: line.margin - part for line, part in zip(self.tenants, fair, strict=True)}

    @cached_property
    def bounds(self) -> Mapping[TenantId, tuple[int, int]]:
        """The incremental floor and stand-alone ceiling of each tenant's cost, the pools being what they are.

        Without the tenant its direct cost would be gone and no pool smaller: who pays less than that is
        carried by the others. Alone it would pay every pool it uses as a whole: who pays more than that
        would be better off alone (the core of a cost game; Young, Cost Allocation, 1994, ch. 1).
        """
        pools = _summed((pool, units) for line in self.tenants for pool, units in line.pooled.items())
        whole = {pool: units + self.idle.get(pool, 0) for pool, units in pools.items()}
        return {
            line.tenant: (line.direct, line.direct + sum(whole[pool] for pool in line.pooled))
            for line in self.tenants
        }

    @property
    def out_of_bounds(self) -> Mapping[TenantId, str]:
        """Tenants whose cost is below its floor or above its ceiling, and which of the two."""
        found = {}
        for line in self.tenants:
            floor, ceiling = self.bounds[line.tenant]
            if not floor <= line.total <= ceiling:
                low = line.total < floor
                found[line.tenant] = "below its incremental floor" if low else "above its stand-alone ceiling"
        return found

    def reconciled(self) -> Statement:
        """This statement, once it is proven to hold every unit that was charged and no other.

        Raises:
            UnreconciledStatementError: When it does not; no tolerance is allowed.
        """
        if self.stated != self.charged:
            gap = amount_of(abs(self.difference))
            raise UnreconciledStatementError(
                f"{self.period.start:%Y-%m}: direct {amount_of(self.direct)} "
                f"+ pooled {amount_of(self.pooled)} + idle {amount_of(self.idle_total)} "
                f"+ unallocated {amount_of(self.unallocated_total)} {self.currency} "
                f"!= charged {amount_of(self.charged)} "
                f"({gap} too {'much' if self.difference < 0 else 'little'})"
            )
        return self


@dataclass(frozen=True)
class Heading:
    """What a statement says about itself."""

    portfolio: str
    period: ChargePeriod
    currency: str
    basis: CostBasis
    versions: Mapping[str, str]


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
        strangers=allocation.strangers,
        charged=allocation.charged,
        versions=heading.versions,
        drivers={pool.pool: (pool.driver.name, pool.driver.unit) for pool in pools},
        uses=allocation.uses,
        items=allocation.items,
    ).reconciled()


def _summed(pairs: Iterable[tuple[Key, int]]) -> dict[Key, int]:
    sums: dict[Key, int] = {}
    for key, units in pairs:
        sums[key] = sums.get(key, 0) + units
    return sums

"""The statement: every charge given to a tenant or not, with the tier's fee and the margin beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allocation.charges import Charge, ChargePeriod, CostBasis, Unpriced
from allocation.drivers import declared_weights
from allocation.errors import UnreconciledStatementError
from allocation.estimate import Estimate, estimate
from allocation.money import amount_of, units_of
from allocation.pooled import Division, Unallocated, divide
from allocation.pricing import PriceBook
from allocation.rules import Rulebook
from tiers.inventory import Inventory
from tiers.plan import Plan, TenantPlan
from tiers.vocabulary import Environment, TenantId


@dataclass(frozen=True)
class TenantLine:
    """One tenant's row: what it causes, what it shares, what its client pays. All in units."""

    tenant: TenantId
    client: str
    environment: Environment
    tier: str
    direct: int
    pooled: Mapping[str, int]
    fee: int

    @property
    def total(self) -> int:
        """Direct cost and all pooled shares."""
        return self.direct + sum(self.pooled.values())

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
    charged: int
    versions: Mapping[str, str]

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

    def reconciled_with(self, charges: Sequence[Charge]) -> Statement:
        """This statement, once it is proven to hold every unit of *charges* and no other.

        Raises:
            UnreconciledStatementError: When it does not; no tolerance is allowed.
        """
        billed = sum(charge.units for charge in charges)
        if not self.stated == billed == self.charged:
            gap = amount_of(abs(self.stated - billed))
            raise UnreconciledStatementError(
                f"{self.period.start:%Y-%m}: direct {amount_of(self.direct)} "
                f"+ pooled {amount_of(self.pooled)} + idle {amount_of(self.idle_total)} "
                f"+ unallocated {amount_of(self.unallocated_total)} {self.currency} "
                f"!= charged {amount_of(billed)} ({gap} too {'much' if self.stated > billed else 'little'})"
            )
        return self


def estimated_statement(
    inventory: Inventory, period: ChargePeriod, prices: PriceBook, rules: Rulebook
) -> Statement:
    """What a month of a deployed inventory costs, and who pays for it."""
    return allocate(inventory.plan, estimate(inventory.plan, prices), period, prices, rules)


def allocate(
    plan: Plan, estimated: Estimate, period: ChargePeriod, prices: PriceBook, rules: Rulebook
) -> Statement:
    """Give every charge of the period to a tenant, or say why not."""
    charges = estimated.charges
    shared = [charge for charge in charges if charge.tenant is None]
    division = divide(shared, declared_weights(plan, rules.compute_weights), rules)
    statement = Statement(
        portfolio=plan.portfolio,
        period=period,
        currency=plan.currency,
        basis=CostBasis.ESTIMATED,
        pools=tuple(pool.pool for pool in rules.pools),
        tenants=_tenant_lines(plan, charges, division),
        idle=_idle(division),
        unallocated=tuple(division.unallocated),
        unpriced=estimated.unpriced,
        charged=sum(charge.units for charge in charges),
        versions={
            "catalog": plan.catalog_version,
            "rulebook": rules.version,
            "price_book": prices.compiled,
        },
    )
    return statement.reconciled_with(charges)


def _tenant_lines(plan: Plan, charges: Sequence[Charge], division: Division) -> tuple[TenantLine, ...]:
    direct: dict[TenantId, int] = {}
    for charge in charges:
        if charge.tenant is not None:
            direct[charge.tenant] = direct.get(charge.tenant, 0) + charge.units
    pooled: dict[TenantId, dict[str, int]] = {}
    for share in division.shares:
        if share.tenant is not None:
            shares = pooled.setdefault(share.tenant, {})
            shares[share.pool] = shares.get(share.pool, 0) + share.units
    return tuple(
        _tenant_line(tenant, direct.get(tenant.tenant, 0), pooled.get(tenant.tenant, {}))
        for tenant in plan.tenants
    )


def _tenant_line(tenant: TenantPlan, direct: int, pooled: Mapping[str, int]) -> TenantLine:
    return TenantLine(
        tenant=tenant.tenant,
        client=tenant.client,
        environment=tenant.environment,
        tier=tenant.tier,
        direct=direct,
        pooled=pooled,
        fee=units_of(tenant.fee_per_month),
    )


def _idle(division: Division) -> dict[str, int]:
    idle: dict[str, int] = {}
    for share in division.shares:
        if share.tenant is None:
            idle[share.pool] = idle.get(share.pool, 0) + share.units
    return idle

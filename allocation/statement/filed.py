"""Filed statements: read from their documents, so that months can be reported and compared.

Reports use documents only, whether the month is an estimate of today or was closed a year ago.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError

from allocation.charges import ChargePeriod
from allocation.errors import AllocationError
from allocation.money import units_of
from allocation.statement.ledger.settled import settled
from allocation.statement.overage import beyond_of
from tiers.catalog.overage import Measure
from tiers.expectations import first_fault
from tiers.vocabulary import Count, Frozen

READ_VERSIONS: Final = (2, 3)
"""Version 2 has no drivers."""


def _units(value: object) -> int:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (amount.is_finite() and -_MOST <= amount <= _MOST):
        raise ValueError("expected an amount of money")
    return units_of(amount)


_MOST: Final = 10**18
"""The largest amount, of any currency."""
Units = Annotated[int, BeforeValidator(_units)]
Quantity = Annotated[Decimal, Field(max_digits=60, decimal_places=40, allow_inf_nan=False)]


class _Loose(Frozen):
    """A part of a document; fields that are not listed here are ignored."""

    model_config = ConfigDict(extra="ignore")


class FiledOverage(_Loose):
    """What a tenant used of a measure beyond its fair use; what is unknown is None.

    `covered` is of a whole month, `part` how much of the month these terms held.
    """

    measure: Measure
    used: Quantity | None
    source: str
    covered: Count
    part: Annotated[Fraction, BeforeValidator(Fraction)]
    price: Units
    amount: Units | None
    agreed: bool

    @property
    def beyond(self) -> Fraction | None:
        """The user-months, GiB-months or core-hours that have a price; None where it is not known."""
        return beyond_of(self.measure, self.used, self.covered, self.part)

    @property
    def charged(self) -> int:
        """The part of the fee that it is."""
        return (self.amount or 0) if self.agreed else 0


class FiledTenant(_Loose):
    """The row of one tenant, in units."""

    tenant: str
    display_name: str | None = None
    client: str
    environment: str
    tier: str
    direct: Units
    pooled: Mapping[str, Units]
    idle: Mapping[str, Units] = {}
    total: Units
    variable: Units
    by_category: Mapping[str, Units]
    by_domain: Mapping[str, Units]
    fee: Units
    contribution_margin_1: Units
    contribution_margin_2: Units
    margin: Units
    cross_subsidy: Units
    overage: tuple[FiledOverage, ...] = ()

    @property
    def name(self) -> str:
        """What people called the tenant in that month."""
        return self.display_name or self.tenant


class FiledUsage(_Loose):
    """What tenants used of a driver, whether or not a pool was divided by it."""

    driver: str
    unit: str
    usage: Mapping[str, Quantity] = Field(alias="use")


class FiledPool(FiledUsage):
    """The driver of a pool, and the usage of it by consumer."""

    pool: str


class FiledUnallocated(_Loose):
    """Unallocated cost and its reason."""

    reason: str
    amount: Units
    charges: Count


class FiledUnpriced(_Loose):
    """Something that costs money at an unknown price."""

    fact: str
    service: str
    item: str
    quantity: str
    reason: str


class FiledItem(_Loose):
    """The charges for one item, of a tenant or of a pool."""

    tenant: str | None
    pool: str
    service: str
    item: str
    unit: str
    quantity: Quantity | None
    amount: Units
    other_month: str = ""


class FiledPart(_Loose):
    """What a tenant paid for another month; without a tenant it is visible idle capacity."""

    tenant: str | None
    pool: str
    part: str
    amount: Units


class FiledOtherMonth(_Loose):
    """The charges of another month that were billed in this one."""

    month: str
    kind: str
    amount: Units
    unallocated: Units = 0
    as_filed: tuple[str, ...] = ()
    by_drivers: tuple[str, ...] = ()
    parts: tuple[FiledPart, ...] = ()


class FiledTotals(_Loose):
    """The totals of the parts."""

    charged: Units
    direct: Units
    pooled: Units
    idle: Units
    unallocated: Units
    difference: Units


class _Period(_Loose):
    start: datetime
    end: datetime


class FiledStatement(_Loose):
    """The document of a statement.

    `items` are empty if the month was filed without them; changed prices are unknown then. `other_months` are
    charges of other months that are in the sums of this one.
    """

    schema_version: Count
    portfolio: str
    period: _Period
    currency: str
    basis: str
    versions: Mapping[str, str]
    tenants: tuple[FiledTenant, ...]
    pools: tuple[FiledPool, ...] = ()
    kept: tuple[FiledUsage, ...] = ()
    idle: Mapping[str, Units]
    unallocated: tuple[FiledUnallocated, ...]
    unpriced: tuple[FiledUnpriced, ...]
    totals: FiledTotals
    items: tuple[FiledItem, ...] = ()
    other_months: tuple[FiledOtherMonth, ...] = ()

    @property
    def month(self) -> str:
        """The month as YYYY-MM."""
        return f"{self.period.start:%Y-%m}"

    @property
    def charge_period(self) -> ChargePeriod:
        """Its period."""
        return ChargePeriod(self.period.start, self.period.end)

    @cached_property
    def by_tenant(self) -> Mapping[str, FiledTenant]:
        """The rows by tenant."""
        return {line.tenant: line for line in self.tenants}

    @cached_property
    def pool_totals(self) -> Mapping[str, int]:
        """The cost of each pool: all shares and the idle part."""
        totals = dict(self.idle)
        for line in self.tenants:
            for pool, units in line.pooled.items():
                totals[pool] = totals.get(pool, 0) + units
        return totals

    @cached_property
    def pools_by_name(self) -> Mapping[str, FiledPool]:
        """The pools by name."""
        return {pool.pool: pool for pool in self.pools}

    @cached_property
    def items_of(self) -> Mapping[tuple[str | None, str], Mapping[tuple[str, str, str], FiledItem]]:
        """Items by owner, (tenant, '') or (None, pool), then by service, item and unit."""
        owned: dict[tuple[str | None, str], dict[tuple[str, str, str], FiledItem]] = {}
        for item in self.items:
            if item.other_month:
                continue  # its price and quantity say nothing about this month
            owner = (item.tenant, "" if item.tenant else item.pool)
            owned.setdefault(owner, {})[item.service, item.item, item.unit] = item
        return owned

    @cached_property
    def by_client(self) -> Mapping[str, tuple[FiledTenant, ...]]:
        """Every client's tenants, in the order of the clients' names."""
        lines: dict[str, list[FiledTenant]] = {}
        for line in self.tenants:
            lines.setdefault(line.client, []).append(line)
        return {client: tuple(lines[client]) for client in sorted(lines)}


def filed_statement(
    document: Mapping[str, Any], items: Mapping[str, Any] | None, source: str
) -> FiledStatement:
    """The statement of *document* with its cents settled, and the items of its charges if *items* are given.

    Raises:
        AllocationError: When it has another version or is no statement.
    """
    version = document.get("schema_version")
    if version not in READ_VERSIONS:
        raise AllocationError(
            f"{source}: schema_version is {version!r}, this version of costack reads {READ_VERSIONS[-1]}"
        )
    try:
        statement = FiledStatement.model_validate({**document, "items": (items or {}).get("items") or ()})
    except (ValidationError, ArithmeticError) as error:
        raise AllocationError(f"{source}: not a statement: {_first(error)}") from None
    allocated = sum(line.total for line in statement.tenants) + statement.totals.idle
    if allocated + statement.totals.unallocated != statement.totals.charged:
        raise AllocationError(
            f"{source}: the parts do not add up to the total charged; the file was changed by hand"
        )
    return settled(statement)


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return first_fault(error)
    return f"{error}"

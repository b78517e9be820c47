"""A statement that was written down: read from its document, so that months can be told and compared.

Reports stand on documents alone, whether the month is an estimate of today or was closed a year ago.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, ValidationError

from allocation.charges import ChargePeriod
from allocation.errors import AllocationError
from allocation.money import units_of
from tiers.vocabulary import Frozen

READ_VERSIONS: Final = (2, 3)
"""Version 2 says nothing of drivers."""


def _units(value: object) -> int:
    return units_of(Decimal(str(value)))


Units = Annotated[int, BeforeValidator(_units)]


class _Loose(Frozen):
    """A part of a document of which more is known than is asked for here."""

    model_config = ConfigDict(extra="ignore")


class FiledTenant(_Loose):
    """One tenant's row, in units."""

    tenant: str
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


class FiledPool(_Loose):
    """What a pool was divided by, and who had how much of it."""

    pool: str
    driver: str
    unit: str
    use: Mapping[str, Decimal]


class FiledUnallocated(_Loose):
    """Cost of nobody, and why."""

    reason: str
    amount: Units
    charges: int


class FiledUnpriced(_Loose):
    """What costs money at a price nobody knows."""

    fact: str
    service: str
    item: str
    quantity: str
    reason: str


class FiledItem(_Loose):
    """What charges are for: a tenant's own, or a pool's."""

    tenant: str | None
    pool: str
    service: str
    item: str
    unit: str
    quantity: Decimal | None
    amount: Units


class FiledTotals(_Loose):
    """What the parts add up to."""

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

    `items` are empty where the month was filed without them, and nobody can say then which price moved.
    """

    schema_version: int
    portfolio: str
    period: _Period
    currency: str
    basis: str
    versions: Mapping[str, str]
    tenants: tuple[FiledTenant, ...]
    pools: tuple[FiledPool, ...] = ()
    idle: Mapping[str, Units]
    unallocated: tuple[FiledUnallocated, ...]
    unpriced: tuple[FiledUnpriced, ...]
    totals: FiledTotals
    items: tuple[FiledItem, ...] = ()

    @property
    def month(self) -> str:
        """Which month it is, as YYYY-MM."""
        return f"{self.period.start:%Y-%m}"

    @property
    def charge_period(self) -> ChargePeriod:
        """Its interval."""
        return ChargePeriod(self.period.start, self.period.end)

    @cached_property
    def by_tenant(self) -> Mapping[str, FiledTenant]:
        """The rows by name."""
        return {line.tenant: line for line in self.tenants}

    @cached_property
    def pool_totals(self) -> Mapping[str, int]:
        """What each pool costs: all shares, and what stayed idle."""
        totals = dict(self.idle)
        for line in self.tenants:
            for pool, units in line.pooled.items():
                totals[pool] = totals.get(pool, 0) + units
        return totals

    @cached_property
    def uses(self) -> Mapping[str, FiledPool]:
        """Who used what of each pool."""
        return {pool.pool: pool for pool in self.pools}

    @cached_property
    def items_of(self) -> Mapping[tuple[str | None, str], Mapping[tuple[str, str, str], FiledItem]]:
        """Items by whose they are, a tenant and '' or None and a pool; then by service, item and unit."""
        owned: dict[tuple[str | None, str], dict[tuple[str, str, str], FiledItem]] = {}
        for item in self.items:
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
    """The statement of *document*, and what its charges are for where *items* say it.

    Raises:
        AllocationError: When it is of another version or no statement.
    """
    version = document.get("schema_version")
    if version not in READ_VERSIONS:
        raise AllocationError(
            f"{source}: schema_version is {version!r}, this version of costack reads {READ_VERSIONS[-1]}"
        )
    try:
        statement = FiledStatement.model_validate({**document, "items": (items or {}).get("items") or ()})
    except (ValidationError, ArithmeticError) as error:
        raise AllocationError(f"{source}: is no statement: {_first(error)}") from None
    parts = sum(line.total for line in statement.tenants) + statement.totals.idle
    if parts + statement.totals.unallocated != statement.totals.charged:
        raise AllocationError(
            f"{source}: its parts do not add up to what was charged; it was changed by hand"
        )
    return statement


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        detail = error.errors(include_url=False, include_context=False)[0]
        return f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}"
    return f"{error}"

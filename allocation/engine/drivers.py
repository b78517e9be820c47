"""Drivers: the measures that divide a pool, and how a rule combines them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum, unique
from typing import Annotated, Final, NamedTuple, Self

import duckdb
from pydantic import Field, model_validator

from tiers.vocabulary import Frozen, Positive, TagValue, TenantId

_WHOLE: Final = 100

IDLE: Final = "(idle)"
UNALLOCATED: Final = "(unallocated)"
"""What stands in place of a tenant's name for cost that no tenant pays; no tenant can have such a name."""

CAPACITY: Final = "(capacity)"
"""The consumer of everything there is: what remains after the usage of all tenants and pools is idle."""


DIRECT: Final = "direct"
"""What stands for the direct charges where a driver names costs; no pool has this name."""

MEASURED: Final = "measured"
DECLARED: Final = "declared"
"""The source of a driver's quantities: they were measured, or the plan declares them."""


@unique
class Driver(StrEnum):
    """A measure of usage. Its unit is in its name or beside it; quantities accrue over an interval."""

    CPU_REQUESTS = "cpu-requests"  # core-hours
    CPU_USED = "cpu-used"  # core-hours
    CPU_BILLABLE = "cpu-billable"  # core-hours, the larger of requested and used for each container
    MEMORY_REQUESTS = "memory-requests"  # GiB-hours
    MEMORY_USED = "memory-used"  # GiB-hours
    MEMORY_BILLABLE = "memory-billable"  # GiB-hours
    STORAGE_GIB = "storage-gib"  # GiB-hours of volumes
    DATABASE_GIB = "database-gib"  # GiB-hours
    DATABASE_ACTIVE_SECONDS = "database-active-seconds"
    CACHE_MIB = "cache-mib"  # MiB-hours
    FILESTORE_GIB = "filestore-gib"  # GiB-hours
    BACKUP_GIB = "backup-gib"  # GiB-hours
    INGRESS_REQUESTS = "ingress-requests"
    JOB_CORE_HOURS = "job-core-hours"
    USERS = "users"  # user-hours
    MODULES = "modules"  # module-hours: modules that the tenant's Odoo has installed
    LOG_GIB = "log-gib"  # GiB of lines that were written to a tenant's log groups
    FAILOVER_USERS = "failover-users"  # user-hours of tenants that can start in a second region's cluster
    SUPPORT_HOURS = "support-hours"
    FEE = "fee"  # the client's fee for the interval: value-based allocation


UNITS: Final[Mapping[Driver, str]] = {
    Driver.CPU_REQUESTS: "core-hours",
    Driver.CPU_USED: "core-hours",
    Driver.CPU_BILLABLE: "core-hours",
    Driver.MEMORY_REQUESTS: "GiB-hours",
    Driver.MEMORY_USED: "GiB-hours",
    Driver.MEMORY_BILLABLE: "GiB-hours",
    Driver.STORAGE_GIB: "GiB-hours",
    Driver.DATABASE_GIB: "GiB-hours",
    Driver.DATABASE_ACTIVE_SECONDS: "seconds",
    Driver.CACHE_MIB: "MiB-hours",
    Driver.FILESTORE_GIB: "GiB-hours",
    Driver.BACKUP_GIB: "GiB-hours",
    Driver.INGRESS_REQUESTS: "requests",
    Driver.JOB_CORE_HOURS: "core-hours",
    Driver.USERS: "user-hours",
    Driver.MODULES: "module-hours",
    Driver.LOG_GIB: "GiB",
    Driver.FAILOVER_USERS: "user-hours",
    Driver.SUPPORT_HOURS: "hours",
    Driver.FEE: "currency",
}


KEPT: Final = frozenset({Driver.MODULES, Driver.LOG_GIB})
"""What a statement of a bill keeps of each tenant, although no pool may be divided by it: trends need it."""


class DriverRule(Frozen):
    """The weight of each member in a pool; exactly one of these.

    Attributes:
        measure: One driver alone.
        composite: Several drivers, each times a whole number, its price relative to the others.
        largest: The larger of several drivers for each tenant, such as requests and usage.
        even: The same for every member, with the reason why no driver fits better.
        fixed: Agreed percentages, which add up to 100.
        cost: What the tenant costs already: `direct`, and names of pools.
    """

    measure: Driver | None = None
    composite: Mapping[Driver, Annotated[int, Field(gt=0, le=10**9)]] | None = None
    largest: Annotated[tuple[Driver, ...], Field(min_length=2)] | None = None
    even: Annotated[str, Field(min_length=10)] | None = None
    fixed: Mapping[TenantId, Positive] | None = None
    cost: Annotated[tuple[TagValue, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("a driver has exactly one of measure, composite, largest, even, fixed, cost")
        if self.fixed is not None and sum(self.fixed.values()) != _WHOLE:
            raise ValueError(f"fixed: percentages add up to {sum(self.fixed.values())}, not to 100")
        return self

    @property
    def measures(self) -> tuple[Driver, ...]:
        """The drivers it needs; none if nothing has to be measured."""
        if self.measure is not None:
            return (self.measure,)
        return tuple(self.composite or ()) or (self.largest or ())

    @property
    def name(self) -> str:
        """Its name in a statement."""
        if self.measure is not None:
            return str(self.measure)
        if self.composite is not None:
            return "+".join(self.composite)
        if self.largest is not None:
            return f"max({','.join(self.largest)})"
        if self.cost is not None:
            return f"cost({','.join(self.cost)})"
        return "even" if self.even is not None else "fixed"

    @property
    def unit(self) -> str:
        """The unit of its weights; `weight` for a mix of drivers."""
        units = {UNITS[driver] for driver in self.measures}
        return units.pop() if len(units) == 1 and self.composite is None else "weight"


class TenantUsage(NamedTuple):
    """How much of a driver a tenant used in the period, in the driver's own unit; `KEPT` says of which."""

    driver: Driver
    tenant: str
    quantity: Decimal


def kept_usage(connection: duckdb.DuckDBPyConnection) -> Iterator[TenantUsage]:
    """What each tenant used of the drivers that a statement keeps, from the table `usage`."""
    rows = connection.execute(
        """SELECT driver, tenant, SUM(quantity) FROM usage WHERE list_contains(?, driver)
        GROUP BY ALL ORDER BY ALL""",
        [sorted(map(str, KEPT))],
    ).fetchall()
    for driver, tenant, quantity in rows:
        yield TenantUsage(Driver(driver), str(tenant), Decimal(quantity))

"""Drivers: the measures a pool can be divided by, and how a rule puts them together."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from tiers.vocabulary import Frozen, Positive, TenantId

_WHOLE: Final = 100

IDLE: Final = "(idle)"
"""Who 'uses' what nobody asked for; no tenant can be called so."""

CAPACITY: Final = "(capacity)"
"""Who 'uses' all there is: what is left of it once everybody's part is taken is idle."""


MEASURED: Final = "measured"
DECLARED: Final = "declared"
"""Where the quantities of a driver come from: somebody measured them, or the plan declares them."""


@unique
class Driver(StrEnum):
    """A measure of use. Its unit is in its name or beside it; quantities accrue over an interval."""

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
    SUPPORT_HOURS = "support-hours"
    FEE = "fee"  # what the client pays for the interval: the value-based way


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
    Driver.SUPPORT_HOURS: "hours",
    Driver.FEE: "currency",
}


class DriverRule(Frozen):
    """How much of a pool each member has; exactly one of these.

    Attributes:
        measure: One driver as it is.
        composite: Several drivers, each times a whole number: the price of one of it against the others'.
        largest: Whichever of two drivers is the larger for a tenant, such as requests and use.
        even: The same for every member, and the reason why no driver says it better.
        fixed: Percentages somebody agreed on; they add up to 100.
    """

    measure: Driver | None = None
    composite: Mapping[Driver, Annotated[int, Field(gt=0, le=10**9)]] | None = None
    largest: Annotated[tuple[Driver, ...], Field(min_length=2)] | None = None
    even: Annotated[str, Field(min_length=10)] | None = None
    fixed: Mapping[TenantId, Positive] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("a driver is one of measure, composite, largest, even, fixed")
        if self.fixed is not None and sum(self.fixed.values()) != _WHOLE:
            raise ValueError(f"fixed: percentages add up to {sum(self.fixed.values())}, not to 100")
        return self

    @property
    def measures(self) -> tuple[Driver, ...]:
        """The drivers it asks for; none when nothing has to be measured."""
        if self.measure is not None:
            return (self.measure,)
        return tuple(self.composite or ()) or (self.largest or ())

    @property
    def name(self) -> str:
        """What a statement calls it."""
        if self.measure is not None:
            return str(self.measure)
        if self.composite is not None:
            return "+".join(self.composite)
        if self.largest is not None:
            return f"max({','.join(self.largest)})"
        return "even" if self.even is not None else "fixed"

    @property
    def unit(self) -> str:
        """The unit of its weights, for people; a mix has none of its own."""
        units = {UNITS[driver] for driver in self.measures}
        return units.pop() if len(units) == 1 and self.composite is None else "weight"

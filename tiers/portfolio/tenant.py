"""What a portfolio says of the tenants that are hosted: one file each."""

from __future__ import annotations

import ipaddress
from datetime import UTC, date, datetime
from typing import Annotated, Final, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from tiers.catalog.classes import ClassId
from tiers.catalog.tier import Fee
from tiers.portfolio.platform import Platform
from tiers.schedule import Schedule
from tiers.vocabulary import (
    PRIVATE_RANGES,
    WEEKLY_WINDOW,
    Cidr,
    Controls,
    Environment,
    Frozen,
    Hostname,
    LifecycleStage,
    MoveStage,
    Positive,
    Region,
    ResilienceClass,
    TagValue,
    TenantId,
)

# A wider opening than this is no opening but an open door.
_WIDEST_OPENING: Final = 16


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _public(value: str) -> str:
    network = ipaddress.IPv4Network(value)
    private = any(network.overlaps(ipaddress.IPv4Network(each)) for each in PRIVATE_RANGES)
    if network.prefixlen < _WIDEST_OPENING or private:
        raise ValueError(
            f"Value should be a public network of size /{_WIDEST_OPENING} or smaller, such as 203.0.113.0/24"
        )
    return value


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_utc)]


class Options(Frozen):
    """What a tenant may choose within its tier; a size left out is the offer's."""

    users: Positive
    database_gib: Positive | None = None
    filestore_gib: Positive | None = None
    workload_class: ClassId | None = None
    maintenance_window: Annotated[str, Field(pattern=WEEKLY_WINDOW)] | None = None
    dr_region: Region | None = None
    warm_standby: bool = False
    """Whether a server that follows its own waits in the second region, ready to take over."""
    resilience_class: ResilienceClass | None = None
    """What the contract promises, where that is not simply what the tier gives."""
    controls: Controls | None = None
    """The class of governance measures, where it is not the tier's."""
    egress_cidrs: tuple[Annotated[Cidr, AfterValidator(_public)], ...] = ()
    """Where production may connect to, where its controls close the rest of the internet: mail, payment."""
    schedule: Schedule | None = None
    """When it is awake; what is not production may sleep outside working hours."""


class Extension(Frozen):
    """A later end that somebody asked for; it stays in the file, so that nobody extends in silence."""

    until: UtcDatetime
    reason: Annotated[str, Field(min_length=10)]
    by: Annotated[str, Field(min_length=2)]


class Move(Frozen):
    """The way of a tenant's data from the tier it had to the one it gets; gone when it has arrived."""

    from_tier: TagValue
    stage: MoveStage


class Tenant(Frozen):
    """One client's isolated Odoo service in one environment: one file, one tenant."""

    tenant: TenantId
    client: TagValue
    environment: Environment
    tier: TagValue
    move: Move | None = None
    """Where its data comes from, while it changes to `tier`; None when it is there."""
    region: Region
    service_line: TagValue
    hostname: Hostname
    lifecycle_stage: LifecycleStage = LifecycleStage.ACTIVE
    data_residency: Annotated[tuple[Region, ...], Field(min_length=1)] | None = None
    """The only regions its data may lie in; None when the contract does not say."""
    protected: bool = True
    """Whether what holds its data refuses to be deleted; false only once it is being decommissioned."""
    options: Options
    begins_on: date | None = None
    """Since when it is there; what it may last is counted from here, or from the cutover without it."""
    expires_at: UtcDatetime | None = None
    extended: tuple[Extension, ...] = ()
    """Each later end, in the order in which they were given."""
    cutover: date | None = None
    budget_per_month: Fee | None = None
    """What it may cost the host a month, shares of pools included; a preview beyond it fails."""

    @property
    def ends_at(self) -> datetime | None:
        """When it really ends: the last extension counts."""
        return self.extended[-1].until if self.extended else self.expires_at

    @model_validator(mode="after")
    def _moves_while_it_is_active(self) -> Self:
        if self.move and self.lifecycle_stage is not LifecycleStage.ACTIVE:
            raise ValueError(
                f"move is for lifecycle_stage active, not {self.lifecycle_stage}: finish the move or go back"
            )
        return self

    @model_validator(mode="after")
    def _only_migrations_end(self) -> Self:
        migrating = self.environment is Environment.MIGRATION
        for name in ("begins_on", "extended"):
            if getattr(self, name) and not migrating:
                raise ValueError(f"{name} is only for environment migration, not {self.environment}")
        for name in ("expires_at", "cutover"):
            given = getattr(self, name) is not None
            if migrating and not given:
                raise ValueError(f"{name} is missing: a migration environment ends, so say when")
            if given and not migrating:
                raise ValueError(f"{name} is only for environment migration, not {self.environment}")
        if not self.protected and self.lifecycle_stage is not LifecycleStage.DECOMMISSIONING:
            raise ValueError(
                "protected: false is for lifecycle_stage decommissioning; take it out of the file"
            )
        if self.expires_at and self.cutover and self.expires_at.date() < self.cutover:
            raise ValueError(f"expires_at {self.expires_at:%Y-%m-%d} is before cutover {self.cutover}")
        return self


class Portfolio(Frozen):
    """A platform and the tenants on it, ordered by tenant id."""

    platform: Platform
    tenants: tuple[Tenant, ...]

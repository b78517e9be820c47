"""The tenant files of a portfolio: one file for each hosted tenant."""

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

# A wider network would open too much.
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
    """What a tenant may choose within its tier; without a size the offer's size applies."""

    users: Positive
    database_gib: Positive | None = None
    filestore_gib: Positive | None = None
    workload_class: ClassId | None = None
    maintenance_window: Annotated[str, Field(pattern=WEEKLY_WINDOW)] | None = None
    dr_region: Region | None = None
    warm_standby: bool = False
    """Whether a standby server follows its own in the second region, ready to take over."""
    resilience_class: ResilienceClass | None = None
    """The resilience class of the contract, if it differs from the tier's."""
    controls: Controls | None = None
    """The class of controls, if it differs from the tier's."""
    egress_cidrs: tuple[Annotated[Cidr, AfterValidator(_public)], ...] = ()
    """Where production may connect (mail, payment) when its controls close the rest of the internet."""
    schedule: Schedule | None = None
    """When it is awake; environments other than production may sleep outside working hours."""


class Extension(Frozen):
    """A later end date with its reason; it stays in the file, so that every extension is visible."""

    until: UtcDatetime
    reason: Annotated[str, Field(min_length=10)]
    by: Annotated[str, Field(min_length=2)]


class Move(Frozen):
    """The move of a tenant's data from its old tier to its new one; removed when the move is finished."""

    from_tier: TagValue
    stage: MoveStage


class Tenant(Frozen):
    """One client's isolated Odoo service in one environment: one file per tenant."""

    tenant: TenantId
    client: TagValue
    environment: Environment
    tier: TagValue
    move: Move | None = None
    """The tier its data comes from, while it moves to `tier`; None when it does not move."""
    region: Region
    service_line: TagValue
    hostname: Hostname
    lifecycle_stage: LifecycleStage = LifecycleStage.ACTIVE
    data_residency: Annotated[tuple[Region, ...], Field(min_length=1)] | None = None
    """The only regions where its data may be stored; None when the contract has no such term."""
    protected: bool = True
    """Whether its data is protected from deletion; false only while it is decommissioned."""
    options: Options
    begins_on: date | None = None
    """Its first day; its allowed days count from here, or from the cutover if this is missing."""
    expires_at: UtcDatetime | None = None
    extended: tuple[Extension, ...] = ()
    """The extensions, oldest first."""
    cutover: date | None = None
    budget_per_month: Fee | None = None
    """The most it may cost the host a month, pooled shares included; a preview beyond it fails."""

    @property
    def ends_at(self) -> datetime | None:
        """Its effective end: that of the last extension."""
        return self.extended[-1].until if self.extended else self.expires_at

    @model_validator(mode="after")
    def _moves_while_it_is_active(self) -> Self:
        if self.move and self.lifecycle_stage is not LifecycleStage.ACTIVE:
            raise ValueError(
                f"move needs lifecycle_stage active, not {self.lifecycle_stage}: finish the move or undo it"
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
                raise ValueError(f"{name} is missing: a migration environment needs an end date")
            if given and not migrating:
                raise ValueError(f"{name} is only for environment migration, not {self.environment}")
        if not self.protected and self.lifecycle_stage is not LifecycleStage.DECOMMISSIONING:
            raise ValueError(
                "protected: false is only for lifecycle_stage decommissioning; remove it from the file"
            )
        if self.expires_at and self.cutover and self.expires_at.date() < self.cutover:
            raise ValueError(f"expires_at {self.expires_at:%Y-%m-%d} is before cutover {self.cutover}")
        return self


class Portfolio(Frozen):
    """A platform and the tenants on it, ordered by tenant id."""

    platform: Platform
    tenants: tuple[Tenant, ...]

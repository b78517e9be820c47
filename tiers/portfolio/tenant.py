"""The tenant files of a portfolio: one file for each hosted tenant."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from tiers.catalog.classes import ClassId
from tiers.catalog.fees import Fee
from tiers.catalog.unused import Row
from tiers.facts.database_upgrade import EngineVersion, ServerUpgrade
from tiers.portfolio.failover.stage import Failover
from tiers.portfolio.platform import Platform
from tiers.portfolio.restore.anonymised import AnonymisedSection
from tiers.portfolio.restore.schedule import RefreshSchedule
from tiers.portfolio.restore.stage import Restore
from tiers.portfolio.rotation import Rotation
from tiers.portfolio.routes.section import RoutesSpec
from tiers.portfolio.upgrade.stage import Upgrade
from tiers.portfolio.versions.section import OdooSection
from tiers.schedule import Schedule
from tiers.vocabulary import (
    PRIVATE_RANGES,
    Cidr,
    Controls,
    Count,
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
    UtcDatetime,
)
from tiers.windows import ServerWindow

# A wider network would open too much.
_WIDEST_OPENING: Final = 16


def _public(value: str) -> str:
    network = ipaddress.IPv4Network(value)
    private = any(network.overlaps(ipaddress.IPv4Network(each)) for each in PRIVATE_RANGES)
    if network.prefixlen < _WIDEST_OPENING or private:
        raise ValueError(
            f"Value should be a public network of size /{_WIDEST_OPENING} or smaller, such as 203.0.113.0/24"
        )
    return value


SENDING: Final = (465, 587)
"""The ports that mail is sent by: with TLS from the first byte, and with STARTTLS."""
STAGED: Final = ("move", "rotation", "restore", "upgrade", "database_upgrade", "failover")
"""The sections of a tenant's file that have a stage while something goes on."""
_FETCHING: Final = (993, 995)


def _mail_port(value: int) -> int:
    if value not in (*SENDING, *_FETCHING):
        raise ValueError("Value should be 465 or 587, which send mail, 993 (IMAP) or 995 (POP)")
    return value


def _each_once(ports: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(set(ports)))


_MailPort = Annotated[
    int, AfterValidator(_mail_port), Field(json_schema_extra={"enum": [*SENDING, *_FETCHING]})
]


class Options(Frozen):
    """What a tenant chooses within its tier; a size that is left out is the tier's."""

    users: Positive
    """How many people work with Odoo; pools with the driver `users` are divided by it."""
    database_gib: Positive | None = None
    """Expected size of the database in GiB."""
    filestore_gib: Positive | None = None
    """Expected size of the filestore (attachments) in GiB."""
    workload_class: ClassId | None = None
    """Size of the Odoo pods: a row of `workload_classes` in `classes.yaml` of the catalog."""
    database_class: ClassId | None = None
    """Size of its own PostgreSQL server: a row of `database_classes`; left out, the tier's."""
    cache_class: ClassId | None = None
    """Size of its own session cache: a row of `cache_classes`; left out, the tier's."""
    maintenance_window: ServerWindow | None = None
    """When AWS maintains the tenant's own server and cache, in UTC; else in the platform's window."""
    dr_region: Region | None = None
    """Second region for copies; tiers that copy need it, all others refuse it."""
    website_visits_per_month: Count = 0
    """Expected visits of its website by people whose browser has nothing of it yet."""
    warm_standby: bool | Literal["promoted"] = False
    """Whether a standby follows its server in the second region, for a fee; `promoted` once it ends."""
    database_engine_version: EngineVersion | None = None
    """Version of PostgreSQL of its own server, in quotes; left out, as `database` in `platform.yaml` says."""
    resilience_class: ResilienceClass | None = None
    """The promised recovery, where the contract promises less than the tier gives."""
    controls: Controls | None = None
    """The governance measures, where they are not the tier's; `enhanced` has a fee."""
    services: tuple[ClassId, ...] = ()
    """Services bought beside the tier: rows of `services.yaml` of the catalog that have a fee."""
    overage: Literal["agreed"] | None = None
    """`agreed`: the client pays use beyond fair use, which else is shown only ([overage](overage.md))."""
    egress_cidrs: tuple[Annotated[Cidr, AfterValidator(_public)], ...] = ()
    """Networks that pods may reach when `enhanced` controls close the internet: mail, payment."""
    mail_ports: Annotated[tuple[_MailPort, ...], AfterValidator(_each_once)] = SENDING
    """Ports by which production reaches mail servers: 465 and 587 send, 993 (IMAP) and 995 (POP) fetch."""
    schedule: Schedule | None = None
    """When pods run; at all other times they are stopped. Not for production."""
    reader_connections: Annotated[int, Field(ge=0, le=50)] = 0
    """Connections of a login that only reads, for reports; 0: there is none. Not for production."""


class Extension(Frozen):
    """A later end of a migration environment; it stays in the file as a record."""

    until: UtcDatetime
    """The new end, with time zone."""
    reason: Annotated[str, Field(min_length=10)]
    """Why the environment is needed for longer."""
    by: Annotated[str, Field(min_length=2)]
    """Who approved it."""


class Move(Frozen):
    """A move of a tenant's data to another tier, while it lasts."""

    from_tier: TagValue
    """The tier it had before."""
    stage: MoveStage
    """The stage that the next `pulumi up` deploys; `costack move` writes it."""


class Tenant(Frozen):
    """One client's isolated Odoo service in one environment: one file per tenant."""

    tenant: TenantId
    """Its id: 1 to 30 lower-case letters, digits and single dashes; it never changes once it is deployed."""
    display_name: TenantId | None = None
    """What reports call it, where that is not its id; `costack rename` writes it."""
    client: TagValue
    """Who pays. Several tenants may have the same client."""
    first_client: TagValue | None = None
    """The client's name when its data was first deployed, where `client` was changed since."""
    environment: Environment
    """What the tenant is used for."""
    tier: TagValue
    """Its tier: the name of a file of the catalog."""
    move: Move | None = None
    """Present while its data moves to another tier; `costack move` writes and removes it."""
    rotation: Rotation | None = None
    """How often its secrets were rotated, and the stage of a rotation; `costack rotate` writes it."""
    restore: Restore | None = None
    """Present while it is restored to an earlier moment; `costack restore` writes and removes it."""
    database_upgrade: ServerUpgrade | None = None
    """Present while its own server is upgraded; `costack upgrade-database` writes and removes it."""
    failover: Failover | None = None
    """Present while it runs in its second region, and on the way there; `costack failover` writes it."""
    failovers: Count = 0
    """How often it worked in its second region and came home; `costack failback` writes it."""
    upgrade: Upgrade | None = None
    """Present while it is upgraded to another major version; `costack upgrade` writes and removes it."""
    region: Region
    """AWS region; the same as the platform's."""
    service_line: TagValue
    """Value of the cost tag `cost/service-line`, for reports across services."""
    hostname: Hostname
    """Address at which people reach Odoo; no two tenants share one."""
    routes: RoutesSpec = RoutesSpec()
    """Further host names, who may come, and how requests are treated ([routes](routes.md))."""
    lifecycle_stage: LifecycleStage = LifecycleStage.ACTIVE
    """`suspended` keeps it from ending by itself, and stops nothing; `decommissioning` stops its pods."""
    data_residency: Annotated[tuple[Region, ...], Field(min_length=1)] | None = None
    """The only regions its data may lie in, where the contract says so."""
    protected: bool = True
    """Whether its data refuses deletion; `false` only with `lifecycle_stage: decommissioning`."""
    final_dump: bool = False
    """Whether a last dump is made at its end though its offer has none; `costack decommission` writes it."""
    anonymised: AnonymisedSection | None = None
    """What of a person each copy loses that it gets by a refresh ([anonymised](restores.md#anonymised))."""
    refresh_schedule: RefreshSchedule | None = None
    """How often `costack refresh --all-due` refreshes it ([on a schedule](restores.md#on-a-schedule))."""
    odoo: OdooSection | None = None
    """Which version of Odoo it runs; left out, `images.odoo` of the platform."""
    options: Options
    """What the tenant chooses within its tier."""
    begins_on: date | None = None
    """First day of a migration environment; its longest duration counts from here, else from `cutover`."""
    expires_at: UtcDatetime | None = None
    """When a migration environment ends, with time zone. Required there, refused elsewhere."""
    extended: tuple[Extension, ...] = ()
    """Later ends of a migration environment, oldest first; the last one counts."""
    cutover: date | None = None
    """Day on which a migration's users change to the new system. Required there, refused elsewhere."""
    budget_per_month: Fee | None = None
    """What it may cost a month, pooled shares included; above it previews and `costack track` exit with 5."""

    @property
    def name(self) -> TenantId:
        """What people call it."""
        return self.display_name or self.tenant

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
    def _rotates_while_it_stays(self) -> Self:
        if self.rotation and self.rotation.stage:
            if self.move:
                raise ValueError(
                    "rotation has a stage, and so has move: finish one of them, then begin the other"
                )
            if self.lifecycle_stage is LifecycleStage.DECOMMISSIONING:
                raise ValueError(
                    "rotation has a stage, and lifecycle_stage is decommissioning: finish the rotation first"
                )
        return self

    @model_validator(mode="after")
    def _does_one_thing_at_a_time(self) -> Self:
        """Of what has stages nothing goes on with anything else."""
        begun = [each for each in STAGED if getattr(getattr(self, each), "stage", None) is not None]
        alone = [each for each in begun if each not in {"move", "rotation"}]
        for name in alone:
            if self.lifecycle_stage is not LifecycleStage.ACTIVE:
                raise ValueError(f"{name} needs lifecycle_stage active, not {self.lifecycle_stage}")
            for other in [each for each in begun if each != name]:
                raise ValueError(
                    f"{name} has a stage, and so has {other}: finish one of them, then begin the other"
                )
        if self.failover is not None and self.options.warm_standby == "promoted":
            raise ValueError("failover needs a standby that follows, and options.warm_standby is promoted")
        return self

    @model_validator(mode="after")
    def _ends_in_its_last_stage(self) -> Self:
        lines = {"protected: false": not self.protected, "final_dump: true": self.final_dump}
        for line in (line for line, there in lines.items() if there):
            if self.lifecycle_stage is not LifecycleStage.DECOMMISSIONING:
                raise ValueError(
                    f"{line} is only for lifecycle_stage decommissioning; remove it from the file"
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
        if self.expires_at and self.cutover and self.expires_at.date() < self.cutover:
            raise ValueError(f"expires_at {self.expires_at:%Y-%m-%d} is before cutover {self.cutover}")
        return self


class Portfolio(Frozen):
    """A platform and the tenants on it, ordered by tenant id."""

    platform: Platform
    tenants: tuple[Tenant, ...]

    def rows(self) -> Iterator[Row]:
        """The rows of the catalog's menus that its files name."""
        yield Row("database_classes", self.platform.database.database_class)
        yield Row("cache_classes", self.platform.cache.cache_class)
        for group in self.platform.cluster.node_groups:
            yield Row("node_classes", group.node_class)
        for network in self.platform.dr_networks.values():
            if network.cluster is not None:
                yield Row("node_classes", network.cluster.node_class)
        for tenant in self.tenants:
            for menu in ("workload_class", "database_class", "cache_class"):
                if (size := getattr(tenant.options, menu)) is not None:
                    yield Row(f"{menu}es", size)

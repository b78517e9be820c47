"""What a portfolio says: the tenants that are hosted and the platform they share."""

from __future__ import annotations

import ipaddress
from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from tiers.classes import ClassId
from tiers.facts import ComputeRequest
from tiers.model import CacheSize, Currency, DatabaseSize
from tiers.vocabulary import (
    PRIVATE_RANGES,
    Controls,
    Count,
    Environment,
    Frozen,
    Hostname,
    ImageByDigest,
    LifecycleStage,
    Positive,
    Region,
    ResilienceClass,
    TagValue,
    TenantId,
)

# A wider opening than this is no opening but an open door.
_WIDEST_OPENING: Final = 16
WEEKLY_WINDOW: Final = r"^(mon|tue|wed|thu|fri|sat|sun):\d\d:\d\d-(mon|tue|wed|thu|fri|sat|sun):\d\d:\d\d$"


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _network(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"Value should be an IPv4 network such as 10.40.0.0/16: {error}") from None
    return str(network)


def _vpc_sized(value: str) -> str:
    prefix = ipaddress.IPv4Network(value).prefixlen
    if not 16 <= prefix <= 24:  # noqa: PLR2004 - AWS takes /16 to /28; sixteen subnets of /28 must fit
        raise ValueError("Value should be a network of size /16 to /24")
    return value


def _public(value: str) -> str:
    network = ipaddress.IPv4Network(value)
    private = any(network.overlaps(ipaddress.IPv4Network(each)) for each in PRIVATE_RANGES)
    if network.prefixlen < _WIDEST_OPENING or private:
        raise ValueError(
            f"Value should be a public network of size /{_WIDEST_OPENING} or smaller, such as 203.0.113.0/24"
        )
    return value


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_utc)]
Cidr = Annotated[str, AfterValidator(_network)]


class Options(Frozen):
    """What a tenant may choose within its tier; a size left out is the offer's."""

    users: Positive
    database_gib: Positive | None = None
    filestore_gib: Positive | None = None
    workload_class: ClassId | None = None
    maintenance_window: Annotated[str, Field(pattern=WEEKLY_WINDOW)] | None = None
    dr_region: Region | None = None
    resilience_class: ResilienceClass | None = None
    """What the contract promises, where that is not simply what the tier gives."""
    controls: Controls | None = None
    """The class of governance measures, where it is not the tier's."""
    egress_cidrs: tuple[Annotated[Cidr, AfterValidator(_public)], ...] = ()
    """Where production may connect to, where its controls close the rest of the internet: mail, payment."""


class Tenant(Frozen):
    """One client's isolated Odoo service in one environment: one file, one tenant."""

    tenant: TenantId
    client: TagValue
    environment: Environment
    tier: TagValue
    region: Region
    service_line: TagValue
    hostname: Hostname
    lifecycle_stage: LifecycleStage = LifecycleStage.ACTIVE
    data_residency: Annotated[tuple[Region, ...], Field(min_length=1)] | None = None
    """The only regions its data may lie in; None when the contract does not say."""
    options: Options
    expires_at: UtcDatetime | None = None
    cutover: date | None = None

    @model_validator(mode="after")
    def _only_migrations_end(self) -> Self:
        migrating = self.environment is Environment.MIGRATION
        for name in ("expires_at", "cutover"):
            given = getattr(self, name) is not None
            if migrating and not given:
                raise ValueError(f"{name} is missing: a migration environment ends, so say when")
            if given and not migrating:
                raise ValueError(f"{name} is only for environment migration, not {self.environment}")
        if self.expires_at and self.cutover and self.expires_at.date() < self.cutover:
            raise ValueError(f"expires_at {self.expires_at:%Y-%m-%d} is before cutover {self.cutover}")
        return self


class OdooImage(Frozen):
    """The Odoo image by digest, and the numeric ids its files belong to.

    The official image names its user instead of numbering it, and `runAsNonRoot` needs a number.
    """

    image: ImageByDigest
    version: Annotated[str, Field(pattern=r"^1[6-9]\.\d$")]
    run_as_user: Positive
    run_as_group: Positive


class OperationsImage(Frozen):
    """The operations image by digest, and the ids it runs as."""

    image: ImageByDigest
    run_as_user: Positive
    run_as_group: Positive


class Images(Frozen):
    """What runs: Odoo itself, and the tools its jobs use (psql, pg_dump, the AWS CLI)."""

    odoo: OdooImage
    operations: OperationsImage


class NetworkSpec(Frozen):
    """The VPC of the databases, and who may reach it: the address ranges of the cluster's pods."""

    cidr: Annotated[Cidr, AfterValidator(_vpc_sized)]
    zones: Annotated[tuple[str, ...], Field(min_length=2, max_length=6)]
    client_cidrs: Annotated[tuple[Cidr, ...], Field(min_length=1)]


class DatabaseSpec(DatabaseSize):
    """The shared PostgreSQL server; its version and windows hold for tenants' own servers too."""

    engine_version: Annotated[str, Field(pattern=r"^1[3-9](\.\d+)?$")]
    maintenance_window: Annotated[str, Field(pattern=WEEKLY_WINDOW)]
    backup_window: Annotated[str, Field(pattern=r"^\d\d:\d\d-\d\d:\d\d$")]


class CacheSpec(CacheSize):
    """The shared session cache; its engine and window hold for tenants' own caches too."""

    engine: Literal["valkey", "redis"]
    engine_version: str
    maintenance_window: Annotated[str, Field(pattern=WEEKLY_WINDOW)]


class FileSystemSpec(Frozen):
    """The shared file system for filestores, and how long its nightly backups are kept."""

    throughput_mode: Literal["elastic", "bursting"]
    backup_schedule: str
    backup_retention_days: Positive


class BackupBucketSpec(Frozen):
    """The bucket of logical backups."""

    noncurrent_days: Positive
    expire_after_days: Positive


class NodeGroupSpec(Frozen):
    """Worker nodes of the adopted cluster."""

    name: TagValue
    node_class: ClassId
    nodes: Positive
    volume_gib: Positive


class ClusterSpec(Frozen):
    """The EKS cluster that is already there; only its cost is ours."""

    name: TagValue
    version: Annotated[str, Field(pattern=r"^1\.\d\d$")]
    ingress_namespace: TagValue
    node_role_arn: str | None = None
    """The IAM role of worker nodes, for node groups that tenants have to themselves."""
    node_subnet_ids: tuple[str, ...] = ()
    """Where such node groups lie: private subnets of the cluster's own network."""
    node_groups: Annotated[tuple[NodeGroupSpec, ...], Field(min_length=1)]


class PlatformService(ComputeRequest):
    """Pods of the platform itself: ingress, observability, GitOps, CI runners."""

    name: TagValue
    replicas: Positive


class IngressSpec(Frozen):
    """The load balancer and the outbound gateways of the cluster."""

    public_addresses: Positive
    capacity_units: Count
    nat_gateways: Positive
    nat_data_gib_per_month: Count


class ObservabilitySpec(Frozen):
    """What the platform itself logs and measures."""

    log_gib_per_month: Count
    log_retention_days: Positive
    metric_samples_per_month: Count


class Platform(Frozen):
    """What all tenants of a portfolio share: one file, `platform.yaml`."""

    portfolio: TagValue
    currency: Currency
    region: Region
    service_line: TagValue
    deletion_protection: bool
    images: Images
    network: NetworkSpec
    database: DatabaseSpec
    cache: CacheSpec
    file_system: FileSystemSpec
    backup_bucket: BackupBucketSpec
    cluster: ClusterSpec
    services: tuple[PlatformService, ...]
    ingress: IngressSpec
    observability: ObservabilitySpec
    dr_regions: tuple[Region, ...] = ()
    """The regions copies may go to."""

    @model_validator(mode="after")
    def _services_differ(self) -> Self:
        for what, names in (
            ("services", [service.name for service in self.services]),
            ("cluster.node_groups", [group.name for group in self.cluster.node_groups]),
        ):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"{what}: '{twice[0]}' is named twice")
        return self


class Portfolio(Frozen):
    """A platform and the tenants on it, ordered by tenant id."""

    platform: Platform
    tenants: tuple[Tenant, ...]

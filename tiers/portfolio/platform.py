"""The file `platform.yaml`: the platform that the tenants of a portfolio share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from tiers.catalog.fees import Currency
from tiers.catalog.folder import CatalogPath
from tiers.catalog.tier import CacheSize, DatabaseSize
from tiers.cron import AwsCron
from tiers.facts.database_upgrade import EngineVersion, ServerUpgrade
from tiers.facts.every_fact import ComputeRequest
from tiers.portfolio.backups.bucket import BackupBucketSpec
from tiers.portfolio.budgets.section import BudgetsSpec
from tiers.portfolio.cells.section import CellsSpec
from tiers.portfolio.cluster import (
    ClusterSpec,
    MonitoringSpec,
    NetworkSpec,
    ObservabilitySpec,
    groups_problem,
    store_problem,
)
from tiers.portfolio.failover.cluster import SecondCluster
from tiers.portfolio.gates.approvals import Approvals
from tiers.portfolio.gates.drift import DriftSpec
from tiers.portfolio.gates.image_scan import ImageScan
from tiers.portfolio.gates.purge import LegalHold, PurgeSpec
from tiers.portfolio.gates.reaper import ReaperSpec
from tiers.portfolio.gates.restore_tests import RestoreTestSpec
from tiers.portfolio.parts.section import PartsSpec, traefik_problem
from tiers.portfolio.rotation import TokenRotation
from tiers.portfolio.routes.ingress import IngressSpec
from tiers.portfolio.security.section import SecuritySpec
from tiers.portfolio.versions.image import NamedImage, OdooImage, VersionName, images_problem
from tiers.vocabulary import (
    Frozen,
    Hostname,
    ImageByDigest,
    PortfolioName,
    Positive,
    Region,
    TagValue,
    version_numbers,
)
from tiers.windows import BackupWindow, CacheWindow, ServerWindow

_MOST_ZONES_WITH_NODES: Final = 5
"""A VPC has sixteen subnet ranges: each zone takes one for data, one for nodes and one for public subnets."""


_CACHE_VERSION: Final = r"^([6-9]|1\d)\.\d{1,2}$|^6\.x$|^5\.\d\.\d{1,2}$"


def _cache_version(version: str) -> str:
    """As the official provider takes it (pulumi-aws, elasticache.ReplicationGroup, `engineVersion`)."""
    if not re.fullmatch(_CACHE_VERSION, version):
        raise ValueError('Value should be a version of Valkey or Redis in quotes, such as "8.0" or "7.2"')
    return version


_CacheVersion = Annotated[
    str, AfterValidator(_cache_version), Field(json_schema_extra={"pattern": _CACHE_VERSION})
]


class OperationsImage(Frozen):
    """The operations image by digest, and the user and group ids it runs as."""

    image: ImageByDigest
    """Your build of the tools, by digest."""
    run_as_user: Positive
    """Numeric id the jobs run as; it needs a name in the image."""
    run_as_group: Positive
    """Numeric id of its group."""


class Images(Frozen):
    """The images: Odoo itself, and the tools of its jobs (psql, pg_dump, the AWS CLI)."""

    odoo: OdooImage
    """Odoo itself, of every tenant that names no version."""
    odoo_versions: Mapping[VersionName, NamedImage] = Field(default_factory=dict)
    """Versions that tenants choose by name: `odoo.version` of their files."""
    operations: OperationsImage
    """The tools of set-up, backups and restore tests."""
    scan: ImageScan | None = None
    """What a scanner may find in them; left out, `costack images check` has no rules to judge by."""

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if problem := images_problem(self.odoo, self.odoo_versions):
            raise ValueError(problem)
        return self


class DatabaseSpec(DatabaseSize):
    """The shared PostgreSQL server; its version and windows apply to tenants' own servers too."""

    engine_version: EngineVersion
    """Version of PostgreSQL, in quotes: a major one, kept up to date by AWS, or a minor one, which stays."""
    tenants_engine_version: EngineVersion | None = None
    """The same of tenants' own servers whose files name none; left out, that of the shared server."""
    upgrade: ServerUpgrade | None = None
    """Present while the shared server is upgraded to a newer major version; `costack upgrade-database` writes
    and removes it."""
    maintenance_window: ServerWindow
    """When AWS may maintain servers, in UTC; at least 30 minutes."""
    backup_window: BackupWindow
    """When RDS backs up, in UTC; at least 30 minutes, outside every maintenance window."""


class CacheSpec(CacheSize):
    """The shared session cache; its engine and window apply to tenants' own caches too."""

    engine: Literal["valkey", "redis"]
    """Which engine runs."""
    engine_version: _CacheVersion
    """Version of the engine, in quotes; AWS upgrades none by itself."""
    maintenance_window: CacheWindow
    """When AWS may maintain caches, in UTC; at least 60 minutes."""
    rotation: TokenRotation | None = None
    """The way from a token that all tenants of the shared cache had to users; `costack rotate` writes it."""

    @model_validator(mode="after")
    def _exists(self) -> Self:
        """ElastiCache User Guide, "Engine versions and upgrading": Valkey begins with 7.2, then 8.0."""
        if self.engine == "valkey" and version_numbers(self.engine_version) < (7, 2):
            raise ValueError(f"ElastiCache has no Valkey {self.engine_version}; expected 7.2 or newer")
        return self


class FileSystemSpec(Frozen):
    """The shared file system for filestores, and the retention of its nightly backups."""

    throughput_mode: Literal["elastic", "bursting"]
    """How EFS sells throughput."""
    backup_schedule: AwsCron
    """When AWS Backup copies it: its cron expression, in UTC."""
    backup_retention_days: Positive
    """How many days these backups are kept."""


class PlatformService(ComputeRequest):
    """Pods of the platform itself: ingress, observability, GitOps, CI runners."""

    name: TagValue
    """Name of the service."""
    replicas: Positive
    """How many pods."""


class SecondNetwork(Frozen):
    """An existing network in a second region in which standby servers can run."""

    subnet_ids: Annotated[tuple[str, ...], Field(min_length=2)]
    """Subnets of two zones."""
    security_group_id: str
    """Security group that decides who reaches the standby servers, and with `cluster` caches and files."""
    cluster: SecondCluster | None = None
    """The cluster there in which tenants start ([how](second-region.md#failover)); left out, none can."""


class Platform(Frozen):
    """The platform that all tenants of a portfolio share: one file, `platform.yaml`."""

    portfolio: PortfolioName
    """Name of the portfolio, the same as its folder: lower-case letters, digits and single dashes."""
    currency: Currency
    """Currency of fees and prices, such as USD."""
    region: Region
    """AWS region."""
    account: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None
    """AWS account, in quotes. Two portfolios of one account must not make the same names."""
    catalog: CatalogPath | None = None
    """Folder of your own catalog, seen from this file; left out, the one that comes with Costack."""
    service_line: TagValue
    """Value of the cost tag `cost/service-line` of shared resources."""
    deletion_protection: bool
    """Whether data refuses deletion; `false` only for tests."""
    images: Images
    """Container images, by digest."""
    network: NetworkSpec
    """The network of databases, caches and file systems."""
    database: DatabaseSpec
    """The shared PostgreSQL server; version and windows hold for tenants' own servers too."""
    cache: CacheSpec
    """The shared session cache; engine and window hold for tenants' own caches too."""
    file_system: FileSystemSpec
    """The shared file system."""
    backup_bucket: BackupBucketSpec
    """The bucket of dumps."""
    cluster: ClusterSpec
    """The EKS cluster, adopted or created."""
    client_domains: Mapping[TagValue, tuple[Hostname, ...]] = Field(default_factory=dict)
    """Domains by client: no tenant of another client may have a host name in them."""
    open_book: tuple[TagValue, ...] = ()
    """Clients whose report shows what their tenants cost; all others see the fee and what it buys."""
    budgets: BudgetsSpec = BudgetsSpec()
    """What the portfolio, clients and tiers may cost a month ([budgets](track.md#budgets))."""
    services: tuple[PlatformService, ...]
    """Pods of the platform itself; the estimate counts them."""
    ingress: IngressSpec
    """Load balancer, ingress controller and NAT gateways; the estimate counts them."""
    observability: ObservabilitySpec
    """Logs and metrics of the platform; the estimate counts them."""
    security: SecuritySpec = SecuritySpec()
    """What watches over the account, and the hours people spend on it; the estimate counts them."""
    monitoring: MonitoringSpec | None = None
    """Dashboards and alerts; left out, none are made."""
    parts: PartsSpec | None = None
    """Exporters and an ingress controller that Costack runs; left out, none."""
    cells: CellsSpec | None = None
    """Deploys the portfolio as a platform stack, cells of tenants and stacks of dedicated tenants
    ([cells](cells.md)); left out, as one stack."""
    restore_tests: RestoreTestSpec | None = None
    """Room for restore tests of large databases; left out, nobody tests those unasked."""
    drift: DriftSpec = DriftSpec()
    """What `costack drift` reports without failing."""
    approvals: Approvals | None = None
    """Who approves a change, by what it does; left out, nobody is asked for."""
    reaper: ReaperSpec | None = None
    """Ends sandboxes by approved plans, without a typed phrase; left out, only a phrase ends a tenant."""
    purge: PurgeSpec | None = None
    """Deletes what ended tenants left, on its day, by approved plans; left out, only a phrase does."""
    legal_holds: tuple[LegalHold, ...] = ()
    """Tenants of which nothing is deleted, also after their end."""
    dr_regions: tuple[Region, ...] = ()
    """The regions that copies may go to."""
    dr_networks: Mapping[Region, SecondNetwork] = Field(default_factory=dict)
    """Networks for warm standbys, by region."""

    @model_validator(mode="after")
    def _services_differ(self) -> Self:
        for what, names in (
            ("services", [service.name for service in self.services]),
            ("cluster.node_groups", [group.name for group in self.cluster.node_groups]),
        ):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"{what}: '{twice[0]}' appears twice")
        return self

    @model_validator(mode="after")
    def _pods_can_have_groups_secrets_and_a_way_in(self) -> Self:
        names = {service.name for service in self.services}
        if problem := traefik_problem(self.parts, self.cluster, self.ingress, names):
            raise ValueError(f"parts: {problem}")
        problem = groups_problem(self.cluster, self.network)
        for image in (self.images.odoo, *self.images.odoo_versions.values()):
            problem = problem or store_problem(self.cluster, image.addons_path)
        if problem:
            raise ValueError(f"cluster: {problem}")
        return self

    @model_validator(mode="after")
    def _network_fits_the_cluster(self) -> Self:
        network, cluster = self.network, self.cluster
        if cluster.created is None:
            if not network.client_cidrs:
                raise ValueError("network: client_cidrs is missing; list the pods' address ranges")
            return self
        if network.cidr is None:
            raise ValueError("cluster: created needs a network that is created too: set network.cidr")
        if len(network.zones) > _MOST_ZONES_WITH_NODES:
            raise ValueError(f"network: a created cluster has at most {_MOST_ZONES_WITH_NODES} zones")
        if cluster.node_role_arn or cluster.node_subnet_ids:
            raise ValueError("cluster: node_role_arn and node_subnet_ids are for an adopted cluster")
        return self

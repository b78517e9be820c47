"""The file `platform.yaml`: the platform that the tenants of a portfolio share."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from tiers.catalog.classes import ClassId
from tiers.catalog.tier import CacheSize, Currency, DatabaseSize
from tiers.facts.every_fact import ComputeRequest
from tiers.tags import PREFIX
from tiers.vocabulary import (
    WEEKLY_WINDOW,
    Cidr,
    Count,
    Frozen,
    ImageByDigest,
    Positive,
    Region,
    TagValue,
)

NEEDED_ADDONS: Final = frozenset({"vpc-cni", "eks-pod-identity-agent", "aws-efs-csi-driver"})
_MOST_ZONES_WITH_NODES: Final = 5
"""A VPC has sixteen subnet ranges: each zone takes one for data, one for nodes and one for public subnets."""


def _vpc_sized(value: str) -> str:
    prefix = ipaddress.IPv4Network(value).prefixlen
    if not 16 <= prefix <= 24:  # noqa: PLR2004 - AWS takes /16 to /28; sixteen subnets of /28 must fit
        raise ValueError("Value should be a network of size /16 to /24")
    return value


def _not_a_cost_tag(key: str) -> str:
    if key.startswith(PREFIX):
        raise ValueError(f"'{key}' is a cost tag, which every rule has already; leave it out")
    return key


_RuleLabel = Annotated[
    str,
    Field(pattern=r"^([a-z0-9][a-z0-9.-]*/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"),
    AfterValidator(_not_a_cost_tag),
]


class OdooImage(Frozen):
    """The Odoo image by digest, and the numeric ids that own its files.

    The official image names its user instead of numbering it, and `runAsNonRoot` needs a number.
    """

    image: ImageByDigest
    version: Annotated[str, Field(pattern=r"^1[6-9]\.\d$")]
    run_as_user: Positive
    run_as_group: Positive


class OperationsImage(Frozen):
    """The operations image by digest, and the user and group ids it runs as."""

    image: ImageByDigest
    run_as_user: Positive
    run_as_group: Positive


class Images(Frozen):
    """The images: Odoo itself, and the tools of its jobs (psql, pg_dump, the AWS CLI)."""

    odoo: OdooImage
    operations: OperationsImage


class NetworkSpec(Frozen):
    """The VPC of the databases, and the address ranges of pods that may reach it.

    It is created with `cidr` and a private subnet for each of `zones`, or adopted with `vpc_id` and a subnet
    and its address range for each of them.
    """

    zones: Annotated[tuple[str, ...], Field(min_length=2, max_length=6)]
    cidr: Annotated[Cidr, AfterValidator(_vpc_sized)] | None = None
    vpc_id: Annotated[str, Field(pattern=r"^vpc-[0-9a-f]{8,17}$")] | None = None
    subnet_ids: tuple[str, ...] = ()
    subnet_cidrs: tuple[Cidr, ...] = ()
    client_cidrs: tuple[Cidr, ...] = ()

    @model_validator(mode="after")
    def _is_created_or_adopted(self) -> Self:
        if (self.cidr is None) is (self.vpc_id is None):
            raise ValueError("set cidr to create a network, or vpc_id to adopt one")
        wanted = len(self.zones) if self.vpc_id else 0
        for name, given in (("subnet_ids", self.subnet_ids), ("subnet_cidrs", self.subnet_cidrs)):
            if len(given) != wanted:
                raise ValueError(
                    f"{name} has {len(given)} entries, an adopted network needs one for each zone"
                )
        return self


class DatabaseSpec(DatabaseSize):
    """The shared PostgreSQL server; its version and windows apply to tenants' own servers too."""

    engine_version: Annotated[str, Field(pattern=r"^1[3-9](\.\d+)?$")]
    maintenance_window: Annotated[str, Field(pattern=WEEKLY_WINDOW)]
    backup_window: Annotated[str, Field(pattern=r"^\d\d:\d\d-\d\d:\d\d$")]


class CacheSpec(CacheSize):
    """The shared session cache; its engine and window apply to tenants' own caches too."""

    engine: Literal["valkey", "redis"]
    engine_version: str
    maintenance_window: Annotated[str, Field(pattern=WEEKLY_WINDOW)]


class FileSystemSpec(Frozen):
    """The shared file system for filestores, and the retention of its nightly backups."""

    throughput_mode: Literal["elastic", "bursting"]
    backup_schedule: str
    backup_retention_days: Positive


class BackupBucketSpec(Frozen):
    """The bucket of logical backups."""

    noncurrent_days: Positive
    expire_after_days: Positive


class NodeGroupSpec(Frozen):
    """Worker nodes of the cluster that all tenants share."""

    name: TagValue
    node_class: ClassId
    nodes: Positive
    volume_gib: Positive


class CreatedCluster(Frozen):
    """The settings of a created cluster; its nodes and gateways are in the network that is created too."""

    admin_cidrs: Annotated[tuple[Cidr, ...], Field(min_length=1)]
    """Networks that may reach its API from outside: those of the people and pipelines that deploy."""
    log_retention_days: Positive
    addons: Annotated[Mapping[str, str], Field(min_length=1)]
    """EKS add-ons and their versions; `eks-pod-identity-agent` and `aws-efs-csi-driver` are needed."""

    @model_validator(mode="after")
    def _has_what_tenants_need(self) -> Self:
        if missing := sorted(NEEDED_ADDONS - self.addons.keys()):
            raise ValueError(f"addons: '{missing[0]}' is missing; tenants cannot run without it")
        return self


class ClusterSpec(Frozen):
    """The EKS cluster: an existing one that is adopted for its cost only, or one to be created."""

    name: TagValue
    version: Annotated[str, Field(pattern=r"^1\.\d\d$")]
    ingress_namespace: TagValue
    node_role_arn: str | None = None
    """The IAM role of worker nodes, for tenants' own node groups."""
    node_subnet_ids: tuple[str, ...] = ()
    """Private subnets of the cluster's network, for those node groups."""
    node_groups: Annotated[tuple[NodeGroupSpec, ...], Field(min_length=1)]
    api_cidrs: tuple[Cidr, ...] = ()
    """Where pods reach its API; by default the Service ranges of EKS.

    A network plugin that checks packets after a Service has forwarded them, such as Calico, needs the
    control plane's subnets here too.
    """
    created: CreatedCluster | None = None
    """Set to create the cluster; None to adopt it."""

    @property
    def takes_node_groups(self) -> bool:
        """Whether tenants can have their own node groups."""
        return self.created is not None or bool(self.node_role_arn and self.node_subnet_ids)


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
    """The platform's own logs and metrics."""

    log_gib_per_month: Count
    log_retention_days: Positive
    metric_samples_per_month: Count


class MonitoringSpec(Frozen):
    """Settings for the Grafana and the Prometheus operator that the cluster already has."""

    namespace: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    """The existing namespace where Grafana's sidecar looks for dashboards."""
    dashboards: bool = False
    prometheus_operator: bool = False
    """Whether the API server has the operator's CRDs; if so, each tenant gets a PrometheusRule."""
    rule_labels: Mapping[_RuleLabel, TagValue] = Field(default_factory=dict)
    """The labels by which the operator's Prometheus selects its rules, such as `release`."""
    restore_test_days: Positive | None = None
    """How old the last good restore test may be; Prometheus must retain its metrics that long."""


class SecondNetwork(Frozen):
    """The network of warm standbys in a second region: subnets of two zones, and who may reach them."""

    subnet_ids: Annotated[tuple[str, ...], Field(min_length=2)]
    security_group_id: str


class Platform(Frozen):
    """The platform that all tenants of a portfolio share: one file, `platform.yaml`."""

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
    monitoring: MonitoringSpec | None = None
    """Without it no dashboards and no alerts are created."""
    dr_regions: tuple[Region, ...] = ()
    """The regions copies may go to."""
    dr_networks: Mapping[Region, SecondNetwork] = Field(default_factory=dict)
    """The networks of warm standbys, by region."""

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

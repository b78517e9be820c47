"""The plain facts a plan is made of: one record per thing that is built, bought or worked.

A fact carries everything its price and its declaration depend on, and nothing else: components declare
exactly these numbers, the price book prices exactly these numbers, so a preview needs no cloud.
"""

from __future__ import annotations

from enum import StrEnum, unique
from typing import Annotated, Final, Literal, get_args

from pydantic import Field

from tiers.vocabulary import (
    CostCategory,
    CostDomain,
    Count,
    Frozen,
    Hostname,
    ImageByDigest,
    Positive,
    Region,
    TenantId,
)

FactId = str
"""`<owner>/<name>`; the owner is a tenant id or `platform`. Stable across tier changes."""


@unique
class Origin(StrEnum):
    """Whether this program creates the thing, or it was there and is only accounted for."""

    CREATED = "created"
    ADOPTED = "adopted"


class FactRecord(Frozen):
    """What every fact says: whose it is, where it is, and how its cost is classified."""

    id: FactId
    tenant: TenantId | None
    domain: CostDomain
    category: CostCategory
    region: Region
    origin: Origin = Origin.CREATED

    @property
    def name(self) -> str:
        """The part of the id after the owner."""
        return self.id.partition("/")[2]


class ComputeRequest(Frozen):
    """What one pod asks the scheduler for, and the ceiling it is held to."""

    cpu_request_millicores: Positive
    memory_request_mib: Positive
    cpu_limit_millicores: Positive
    memory_limit_mib: Positive


class OdooProcess(Frozen):
    """How Odoo runs in a pod: `web_workers` preforked processes (0: threads), `cron_threads` of its own."""

    image: ImageByDigest
    version: str
    run_as_user: Positive
    run_as_group: Positive
    web_workers: Count
    cron_threads: Count


class Workload(FactRecord):
    """Pods that run all month: Odoo's web and cron processes, or a platform service."""

    kind: Literal["workload"] = "workload"
    namespace: str
    replicas: Count
    compute: ComputeRequest
    odoo: OdooProcess | None = None


class Job(FactRecord):
    """A pod that runs once when its tenant is created or changed; too short to carry a cost."""

    kind: Literal["job"] = "job"
    namespace: str
    image: ImageByDigest
    run_as_user: Positive
    run_as_group: Positive
    compute: ComputeRequest


class ScheduledJob(FactRecord):
    """A CronJob: pods that run for minutes, so their requests are weighted by `minutes_per_month`."""

    kind: Literal["scheduled-job"] = "scheduled-job"
    namespace: str
    image: ImageByDigest
    run_as_user: Positive
    run_as_group: Positive
    schedule: str
    compute: ComputeRequest
    minutes_per_month: Count


class Route(FactRecord):
    """A public host name and the ports behind it.

    `websocket_port` is 8072 when Odoo preforks and 8069 when it runs threads: nothing listens on 8072
    without workers, and `/websocket` on 8069 fails with them (Odoo, service/server.py).
    """

    kind: Literal["route"] = "route"
    namespace: str
    hostname: Hostname
    http_port: Positive
    websocket_port: Positive


class DatabaseInstance(FactRecord):
    """A PostgreSQL server on Amazon RDS."""

    kind: Literal["database-instance"] = "database-instance"
    instance_class: str
    engine_version: str
    multi_az: bool
    storage_gib: Annotated[int, Field(ge=20)]
    max_storage_gib: Positive
    backup_retention_days: Annotated[int, Field(ge=0, le=35)]
    maintenance_window: str
    backup_window: str
    deletion_protection: bool


class TenantDatabase(FactRecord):
    """One tenant's database and role on a server.

    `connection_limit` bounds the role: the pool is per process, so it is the sum over web workers, the
    websocket process, cron threads and the one LISTEN connection.
    """

    kind: Literal["tenant-database"] = "tenant-database"
    server: FactId
    database: str
    role: str
    connection_limit: Positive
    connections_per_process: Positive
    storage_gib: Count


class CacheGroup(FactRecord):
    """A Valkey or Redis replication group on Amazon ElastiCache."""

    kind: Literal["cache-group"] = "cache-group"
    engine: Literal["valkey", "redis"]
    engine_version: str
    node_type: str
    nodes: Positive
    multi_az: bool
    snapshot_retention_days: Count
    maintenance_window: str


class CacheSpace(FactRecord):
    """One tenant's key prefix in a cache group: Odoo sessions, nothing else."""

    kind: Literal["cache-space"] = "cache-space"
    group: FactId
    prefix: str
    memory_mib: Positive


class FileSystem(FactRecord):
    """An Amazon EFS file system; `storage_gib` is what its tenants are expected to keep there."""

    kind: Literal["file-system"] = "file-system"
    storage_gib: Count
    throughput_mode: Literal["elastic", "bursting"]
    deletion_protection: bool


class FileShare(FactRecord):
    """One tenant's directory on a file system, behind an access point."""

    kind: Literal["file-share"] = "file-share"
    file_system: FactId
    namespace: str
    path: str
    owner_user: int
    owner_group: int
    storage_gib: Count


class Bucket(FactRecord):
    """An S3 bucket; `storage_gib` is what is expected to lie in it, all storage in S3 Standard."""

    kind: Literal["bucket"] = "bucket"
    storage_gib: Count
    noncurrent_days: Positive
    expire_after_days: Positive
    deletion_protection: bool


class LogicalBackup(FactRecord):
    """One tenant's dumps and filestore copies in a bucket, kept for `retention_days`."""

    kind: Literal["logical-backup"] = "logical-backup"
    bucket: FactId
    prefix: str
    retention_days: Positive
    storage_gib: Count


class FileSystemBackup(FactRecord):
    """AWS Backup of a file system into a vault: daily, kept for `retention_days`."""

    kind: Literal["file-system-backup"] = "file-system-backup"
    file_system: FactId
    schedule: str
    retention_days: Positive
    storage_gib: Count


class Key(FactRecord):
    """A customer-managed KMS key. It outlives every backup that is encrypted with it."""

    kind: Literal["key"] = "key"
    deletion_window_days: Annotated[int, Field(ge=7, le=30)]


class ManagedSecret(FactRecord):
    """A secret AWS keeps for a resource of ours: RDS bills the one for its master user."""

    kind: Literal["managed-secret"] = "managed-secret"
    owner: FactId


class LogGroup(FactRecord):
    """A CloudWatch log group and what is expected to flow into it."""

    kind: Literal["log-group"] = "log-group"
    ingest_gib_per_month: Count
    retention_days: Positive


class Metrics(FactRecord):
    """Samples sent to Amazon Managed Service for Prometheus."""

    kind: Literal["metrics"] = "metrics"
    samples_per_month: Count


class Network(FactRecord):
    """A VPC with one private subnet per zone."""

    kind: Literal["network"] = "network"
    cidr: str
    zones: tuple[str, ...]
    client_cidrs: tuple[str, ...]


class Namespace(FactRecord):
    """A Kubernetes namespace held to the Pod Security Standard `restricted`."""

    kind: Literal["namespace"] = "namespace"
    namespace: str


class ClusterControlPlane(FactRecord):
    """An EKS control plane, billed by the hour whatever runs on it."""

    kind: Literal["cluster-control-plane"] = "cluster-control-plane"
    cluster: str
    version: str


class NodeGroup(FactRecord):
    """Worker nodes: what they are, how many, and what is left on them for pods."""

    kind: Literal["node-group"] = "node-group"
    instance_type: str
    nodes: Positive
    allocatable_cpu_millicores: Positive
    allocatable_memory_mib: Positive
    volume_gib: Positive


class LoadBalancer(FactRecord):
    """The network load balancer in front of the ingress, with one public address per zone."""

    kind: Literal["load-balancer"] = "load-balancer"
    public_addresses: Count
    capacity_units: Count


class NatGateway(FactRecord):
    """Outbound gateways, one address each, and the data expected through them."""

    kind: Literal["nat-gateway"] = "nat-gateway"
    gateways: Positive
    data_gib_per_month: Count


class Labour(FactRecord):
    """Hours people work for a tenant each month; the cost infrastructure bills never show."""

    kind: Literal["labour"] = "labour"
    activity: Literal["support"]
    hours_per_month: Count


Fact = Annotated[
    Workload
    | Job
    | ScheduledJob
    | Route
    | DatabaseInstance
    | TenantDatabase
    | CacheGroup
    | CacheSpace
    | FileSystem
    | FileShare
    | Bucket
    | LogicalBackup
    | FileSystemBackup
    | Key
    | ManagedSecret
    | LogGroup
    | Metrics
    | Network
    | Namespace
    | ClusterControlPlane
    | NodeGroup
    | LoadBalancer
    | NatGateway
    | Labour,
    Field(discriminator="kind"),
]

FACT_TYPES: Final[tuple[type[FactRecord], ...]] = get_args(get_args(Fact)[0])
"""Every kind of fact there is; what reads facts is tested against this list."""

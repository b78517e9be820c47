"""All kinds of facts: one record for each thing that is built, bought or worked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, get_args

from pydantic import Field

from tiers.facts.cdn import Cdn
from tiers.facts.compute import (
    ClusterControlPlane,
    ComputeRequest,
    Job,
    Namespace,
    NamespaceQuota,
    NodeGroup,
    OdooProcess,
    PriorityClass,
    ScheduledJob,
    SleepSchedule,
    Workload,
)
from tiers.facts.copies import (
    BucketReplication,
    DatabaseBackupCopy,
    DatabaseStandby,
    FileSystemReplica,
    Rehearsal,
    RestoredServer,
    RestoreTest,
    VaultCopy,
)
from tiers.facts.data import (
    Bucket,
    CacheGroup,
    CacheSpace,
    DatabaseInstance,
    FileShare,
    FileSystem,
    FileSystemBackup,
    Key,
    LogicalBackup,
    ManagedSecret,
    TenantDatabase,
)
from tiers.facts.dns import DnsRecords
from tiers.facts.monitoring import (
    Alerts,
    Dashboards,
    IngressController,
    LogShipper,
    MaintenancePage,
    PlatformPart,
    PostgresExporter,
    RedisExporter,
    StateExporter,
    UsageExporter,
)
from tiers.facts.network import Egress, LoadBalancer, NatGateway, Network, PodGroup, Route, Traffic
from tiers.facts.record import FactId, FactRecord, Origin
from tiers.vocabulary import CostCategory, Count, Positive, TagValue

__all__ = [
    "FACT_TYPES",
    "Alerts",
    "Bucket",
    "BucketReplication",
    "CacheGroup",
    "CacheSpace",
    "Cdn",
    "ClusterControlPlane",
    "ComputeRequest",
    "Dashboards",
    "DatabaseBackupCopy",
    "DatabaseInstance",
    "DatabaseStandby",
    "DnsRecords",
    "Egress",
    "Fact",
    "FactId",
    "FactRecord",
    "FileShare",
    "FileSystem",
    "FileSystemBackup",
    "FileSystemReplica",
    "IngressController",
    "Job",
    "Key",
    "Labour",
    "LoadBalancer",
    "LogGroup",
    "LogShipper",
    "LogicalBackup",
    "MaintenancePage",
    "ManagedSecret",
    "Metrics",
    "Namespace",
    "NamespaceQuota",
    "NatGateway",
    "Network",
    "NodeGroup",
    "OdooProcess",
    "Origin",
    "PlatformPart",
    "PodGroup",
    "PostgresExporter",
    "PriorityClass",
    "RedisExporter",
    "Rehearsal",
    "RestoreTest",
    "RestoredServer",
    "Route",
    "ScheduledJob",
    "SecurityService",
    "SleepSchedule",
    "StateExporter",
    "TenantDatabase",
    "Traffic",
    "UsageExporter",
    "VaultCopy",
    "Workload",
    "category_of",
]


class LogGroup(FactRecord):
    """A CloudWatch log group and its expected ingestion."""

    kind: Literal["log-group"] = "log-group"
    ingest_gib_per_month: Count
    retention_days: Positive


class Metrics(FactRecord):
    """Samples sent to Amazon Managed Service for Prometheus."""

    kind: Literal["metrics"] = "metrics"
    samples_per_month: Count


class SecurityService(FactRecord):
    """What a security service of the cloud meters in a month, such as events that GuardDuty analyses.

    Nobody declares it here: the account has it. `service` and `item` are the price book's.
    """

    kind: Literal["security-service"] = "security-service"
    service: str
    item: str
    quantity_per_month: Count


class Labour(FactRecord):
    """Hours people work each month, for a tenant or for all: a cost that infrastructure bills never show.

    The price book has an hour of `activity`, such as `support`.
    """

    kind: Literal["labour"] = "labour"
    activity: TagValue
    hours_per_month: Count


_ACTIVITIES: Final[Mapping[str, CostCategory]] = {
    "restore-test": CostCategory.RESILIENCE,
    "patching": CostCategory.SECURITY,
    "security-review": CostCategory.SECURITY,
}


def category_of(activity: str) -> CostCategory:
    """The cost category of people's work, in estimates and in ticket exports; support is what is no other."""
    return _ACTIVITIES.get(activity, CostCategory.SUPPORT)


Fact = Annotated[
    Workload
    | Job
    | ScheduledJob
    | SleepSchedule
    | Route
    | DnsRecords
    | Cdn
    | Egress
    | PodGroup
    | DatabaseInstance
    | TenantDatabase
    | CacheGroup
    | CacheSpace
    | FileSystem
    | FileShare
    | Bucket
    | LogicalBackup
    | FileSystemBackup
    | DatabaseBackupCopy
    | DatabaseStandby
    | RestoredServer
    | FileSystemReplica
    | BucketReplication
    | VaultCopy
    | Rehearsal
    | RestoreTest
    | Key
    | ManagedSecret
    | LogGroup
    | Metrics
    | SecurityService
    | Dashboards
    | Alerts
    | UsageExporter
    | MaintenancePage
    | StateExporter
    | PostgresExporter
    | RedisExporter
    | IngressController
    | LogShipper
    | Network
    | Namespace
    | NamespaceQuota
    | PriorityClass
    | ClusterControlPlane
    | NodeGroup
    | LoadBalancer
    | NatGateway
    | Traffic
    | Labour,
    Field(discriminator="kind"),
]

FACT_TYPES: Final[tuple[type[FactRecord], ...]] = get_args(get_args(Fact)[0])
"""All kinds of facts; every reader of facts is tested against this list."""

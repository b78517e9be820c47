"""What each fact consumes in a month: the lines a price is looked up for.

A month is 730 hours, as AWS, Infracost and FinFocus count it. Quantities are what the facts declare; what
only measuring can tell (requests, throughput, transfer) is not guessed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from functools import singledispatch
from typing import Final, NamedTuple

from tiers import facts
from tiers.vocabulary import CostCategory

HOURS_PER_MONTH: Final = 730
_DAYS_PER_MONTH: Final = 30
_FREE_METRIC_SAMPLES: Final = 40_000_000

Category = CostCategory


class Line(NamedTuple):
    """A quantity of one item of a provider's price list."""

    name: str
    service: str
    item: str
    quantity: Decimal
    category: CostCategory


FREE: Final[Mapping[type[facts.FactRecord], str]] = {
    facts.Network: "VPCs, subnets and security groups have no charge of their own",
    facts.Namespace: "a namespace is a name in the cluster",
    facts.NamespaceQuota: "a quota bounds what pods take of the nodes",
    facts.Route: "a Service and an Ingress are served by the load balancer the platform pays for",
    facts.BucketReplication: "a rule; what it copies is charged where it arrives, its transfer by use",
    facts.RestoreTest: "a plan; what it restores is charged by use, who looks at it as labour",
    facts.Egress: "a network policy has no charge; data is charged where it leaves",
}
"""Facts that cost nothing, and why."""

CARRIED_BY_POOLS: Final[Mapping[type[facts.FactRecord], str]] = {
    facts.Workload: "pods take their share of the nodes",
    facts.Job: "runs for minutes when a tenant changes",
    facts.ScheduledJob: "pods take their share of the nodes",
    facts.TenantDatabase: "a database takes its share of its server",
    facts.CacheSpace: "sessions take their share of the cache",
    facts.FileShare: "files take their share of the file system",
    facts.LogicalBackup: "dumps take their share of the bucket",
}
"""Facts that are paid for through something shared, and through what."""


@singledispatch
def lines_of(fact: facts.FactRecord) -> Iterator[Line]:
    """The lines of *fact*.

    Raises:
        TypeError: For a kind of fact nobody has said how to price; a kind that is free or carried by a
            pool has no lines.
    """
    if type(fact) not in FREE and type(fact) not in CARRIED_BY_POOLS:
        raise TypeError(f"nobody has said what a {type(fact).__name__} costs")
    return iter(())


@lines_of.register
def _database(fact: facts.DatabaseInstance) -> Iterator[Line]:
    # Multi-AZ has prices of its own: eleven of 105 classes are not twice the single instance.
    zones = "Multi-AZ" if fact.multi_az else "Single-AZ"
    service = "AmazonRDS"
    yield Line(
        "instance", service, f"RDS PostgreSQL {fact.instance_class} {zones}", _hours(1), Category.COMPUTE
    )
    yield Line(
        "storage",
        service,
        f"RDS PostgreSQL gp3 storage {zones}",
        Decimal(fact.storage_gib),
        Category.STORAGE,
    )


@lines_of.register
def _secret(fact: facts.ManagedSecret) -> Iterator[Line]:  # noqa: ARG001 - one secret is one secret
    yield Line("secret", "AWSSecretsManager", "secret", Decimal(1), Category.SECURITY)


@lines_of.register
def _cache(fact: facts.CacheGroup) -> Iterator[Line]:
    item = f"{fact.node_type} {fact.engine.capitalize()}"
    yield Line("nodes", "AmazonElastiCache", item, _hours(fact.nodes), Category.COMPUTE)


@lines_of.register
def _file_system(fact: facts.FileSystem) -> Iterator[Line]:
    item = "Standard storage (Regional)"
    yield Line("storage", "AmazonEFS", item, Decimal(fact.storage_gib), Category.STORAGE)


@lines_of.register
def _file_system_backup(fact: facts.FileSystemBackup) -> Iterator[Line]:
    yield Line("storage", "AWSBackup", "EFS warm backup", Decimal(fact.storage_gib), Category.RESILIENCE)


@lines_of.register
def _database_backup_copy(fact: facts.DatabaseBackupCopy) -> Iterator[Line]:
    # The free allowance, a server's own storage, is of its region; nothing replicated is free.
    item = "RDS PostgreSQL backup storage above the free allowance"
    yield Line("storage", "AmazonRDS", item, Decimal(fact.storage_gib), Category.RESILIENCE)


@lines_of.register
def _database_standby(fact: facts.DatabaseStandby) -> Iterator[Line]:
    service, category = "AmazonRDS", Category.RESILIENCE
    yield Line("instance", service, f"RDS PostgreSQL {fact.instance_class} Single-AZ", _hours(1), category)
    stored = Decimal(fact.storage_gib)
    yield Line("storage", service, "RDS PostgreSQL gp3 storage Single-AZ", stored, category)


@lines_of.register
def _file_system_replica(fact: facts.FileSystemReplica) -> Iterator[Line]:
    item = "Standard storage (Regional)"
    yield Line("storage", "AmazonEFS", item, Decimal(fact.storage_gib), Category.RESILIENCE)


@lines_of.register
def _vault_copy(fact: facts.VaultCopy) -> Iterator[Line]:
    yield Line("storage", "AWSBackup", "EFS warm backup", Decimal(fact.storage_gib), Category.RESILIENCE)


@lines_of.register
def _bucket(fact: facts.Bucket) -> Iterator[Line]:
    item = "Standard storage first 50 TB"
    yield Line("storage", "AmazonS3", item, Decimal(fact.storage_gib), Category.RESILIENCE)


@lines_of.register
def _key(fact: facts.Key) -> Iterator[Line]:  # noqa: ARG001 - one key is one key
    yield Line("key", "awskms", "customer managed key", Decimal(1), Category.SECURITY)


@lines_of.register
def _logs(fact: facts.LogGroup) -> Iterator[Line]:
    service, ingested = "AmazonCloudWatch", Decimal(fact.ingest_gib_per_month)
    yield Line("ingest", service, "Logs ingest Standard class", ingested, Category.STORAGE)
    # What lies there once retention is reached: the ingest of so many days.
    kept = _rounded(ingested * fact.retention_days / _DAYS_PER_MONTH)
    yield Line("storage", service, "Logs storage", kept, Category.STORAGE)


@lines_of.register
def _metrics(fact: facts.Metrics) -> Iterator[Line]:
    charged = max(fact.samples_per_month - _FREE_METRIC_SAMPLES, 0)
    item = "metric samples 40M..2B"
    yield Line("samples", "AmazonPrometheus", item, Decimal(charged), Category.STORAGE)


@lines_of.register
def _control_plane(fact: facts.ClusterControlPlane) -> Iterator[Line]:  # noqa: ARG001 - by the hour
    item = "control plane, standard support"
    yield Line("control-plane", "AmazonEKS", item, _hours(1), Category.COMPUTE)


@lines_of.register
def _nodes(fact: facts.NodeGroup) -> Iterator[Line]:
    service, item = "AmazonEC2", f"{fact.instance_type} Linux on-demand"
    yield Line("instances", service, item, _hours(fact.nodes), Category.COMPUTE)
    volumes = Decimal(fact.nodes * fact.volume_gib)
    yield Line("volumes", service, "EBS gp3 storage", volumes, Category.STORAGE)


@lines_of.register
def _load_balancer(fact: facts.LoadBalancer) -> Iterator[Line]:
    service = "Network"
    yield Line("balancer", service, "NLB", _hours(1), Category.NETWORK)
    yield Line("capacity", service, "NLB NLCU", _hours(fact.capacity_units), Category.NETWORK)
    yield _addresses(fact.public_addresses)


@lines_of.register
def _nat(fact: facts.NatGateway) -> Iterator[Line]:
    service, data = "Network", Decimal(fact.data_gib_per_month)
    yield Line("gateways", service, "NAT gateway", _hours(fact.gateways), Category.NETWORK)
    yield Line("data", service, "NAT gateway data processed", data, Category.NETWORK)
    yield _addresses(fact.gateways)


@lines_of.register
def _labour(fact: facts.Labour) -> Iterator[Line]:
    hours = Decimal(fact.hours_per_month)
    yield Line("hours", "Labour", f"{fact.activity} hour", hours, fact.category)


def priced_kinds() -> frozenset[type]:
    """The kinds of fact that have lines."""
    registry: Mapping[type, Callable[..., Iterator[Line]]] = lines_of.registry
    return frozenset(registry) - {object, facts.FactRecord}


def _addresses(count: int) -> Line:
    return Line("addresses", "Network", "public IPv4 in use", _hours(count), Category.NETWORK)


def _hours(count: int) -> Decimal:
    return Decimal(count * HOURS_PER_MONTH)


def _rounded(quantity: Decimal) -> Decimal:
    return quantity.quantize(Decimal("0.000001"), rounding=ROUND_HALF_EVEN)

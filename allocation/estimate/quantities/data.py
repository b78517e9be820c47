"""What databases, caches, files, backups and keys consume in a month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from allocation.estimate.quantities.lines import (
    Category,
    Line,
    assumed,
    awake_hours,
    hours,
    rounded,
    rule_of,
    second,
)
from allocation.estimate.quantities.support import redis_support_years
from tiers.facts import every_fact as facts
from tiers.facts.archive import ArchiveClass
from tiers.facts.postgresql_support import support_years

_MIB_PER_GIB: Final = 1024
_MULTI_AZ, _SINGLE_AZ = "Multi-AZ", "Single-AZ"
_ARCHIVED: Final = {
    ArchiveClass.INSTANT: "Glacier Instant Retrieval storage",
    ArchiveClass.FLEXIBLE: "Glacier Flexible storage",
    ArchiveClass.DEEP: "Glacier Deep Archive storage",
}
BACKUP_ABOVE_ALLOWANCE: Final = "RDS PostgreSQL backup storage above the free allowance"


@rule_of.register
def _database(fact: facts.DatabaseInstance, as_of: date) -> Iterator[Line]:
    # Multi-AZ has prices of its own: eleven of 105 classes are not twice the single instance.
    zones = _MULTI_AZ if fact.multi_az else _SINGLE_AZ
    service = "AmazonRDS"
    # A server that is stopped is charged for its storage and its backups, and for no hour.
    running = awake_hours(1, fact.awake_minutes_per_week)
    for name, sold, quantity, category in (
        ("instance", f"RDS PostgreSQL {fact.instance_class}", running, Category.COMPUTE),
        ("storage", "RDS PostgreSQL gp3 storage", Decimal(fact.storage_gib), Category.STORAGE),
    ):
        single = f"{sold} {_SINGLE_AZ}" if fact.multi_az else None
        yield Line(name, service, f"{sold} {zones}", quantity, category, single=single)
    yield _automated_backups(fact)
    yield from extended_support(fact.engine_version, fact.vcpus, as_of, Category.COMPUTE)
    if fact.multi_az:
        for line in extended_support(fact.engine_version, fact.vcpus, as_of, Category.RESILIENCE):
            yield line._replace(name=second(line.name))


def _automated_backups(fact: facts.DatabaseInstance) -> Line:
    """Backups beyond the free allowance, a server's provisioned storage.

    AWS gives the allowance for all servers of a region together (RDS pricing), so that one's surplus may fill
    another's gap: what every server exceeds its own by is the upper bound.
    """
    above = max(fact.backup_gib - fact.storage_gib, 0)
    return assumed("backup", "AmazonRDS", BACKUP_ABOVE_ALLOWANCE, above, Category.RESILIENCE)


def extended_support(engine_version: str, vcpus: int, as_of: date, category: Category) -> Iterator[Line]:
    """Extended support of an old PostgreSQL, by vCPU and hour.

    A standby's count too, in a line of its own: charges apply to standby instances in Multi-AZ deployments
    (RDS User Guide, extended support charges). The whole month is charged as *as_of* is.
    """
    years = support_years(engine_version, as_of)
    if years is not None:
        item = f"RDS PostgreSQL extended support {years}"
        yield Line("extended-support", "AmazonRDS", item, hours(vcpus), category)


@rule_of.register
def _secret(fact: facts.ManagedSecret, _: date) -> Iterator[Line]:  # noqa: ARG001 - one secret is one secret
    yield Line("secret", "AWSSecretsManager", "secret", Decimal(1), Category.SECURITY)


@rule_of.register
def _cache(fact: facts.CacheGroup, as_of: date) -> Iterator[Line]:
    service = "AmazonElastiCache"
    item = f"{fact.node_type} {fact.engine.capitalize()}"
    # The nodes beyond the first serve nobody better: they are there for when it fails.
    spare = fact.nodes - 1 if fact.multi_az else 0
    yield Line("nodes", service, item, hours(fact.nodes - spare), Category.COMPUTE)
    yield Line(second("nodes"), service, item, hours(spare), Category.RESILIENCE)
    if (years := redis_support_years(fact.engine, fact.engine_version, as_of)) is not None:
        extended = f"{item} extended support {years}"
        yield Line("extended-support", service, extended, hours(fact.nodes - spare), Category.COMPUTE)
        yield Line(second("extended-support"), service, extended, hours(spare), Category.RESILIENCE)
    # One snapshot of each cluster is free, and none is larger than the memory (ElastiCache pricing).
    charged = max(fact.snapshot_retention_days - 1, 0)
    kept = rounded(Decimal(charged * fact.memory_mib) / _MIB_PER_GIB)
    yield assumed("snapshots", service, "backup storage", kept, Category.RESILIENCE)


@rule_of.register
def _file_system(fact: facts.FileSystem, _: date) -> Iterator[Line]:
    service = "AmazonEFS"
    yield assumed("storage", service, "Standard storage (Regional)", fact.storage_gib, Category.STORAGE)
    if fact.throughput_mode == "elastic":
        read, written = fact.read_gib_per_month, fact.write_gib_per_month
        yield assumed("reads", service, "Elastic throughput reads", read, Category.STORAGE)
        yield assumed("writes", service, "Elastic throughput writes", written, Category.STORAGE)


@rule_of.register
def _file_system_backup(fact: facts.FileSystemBackup, _: date) -> Iterator[Line]:
    # Incremental, and Odoo rewrites no file: recovery points share what the file system holds anyway.
    yield assumed("storage", "AWSBackup", "EFS warm backup", fact.storage_gib, Category.RESILIENCE)


@rule_of.register
def _bucket(fact: facts.Bucket, _: date) -> Iterator[Line]:
    service, category = "AmazonS3", Category.RESILIENCE
    yield assumed("storage", service, "Standard storage first 50 TB", fact.storage_gib, category)
    if old := fact.archive:
        yield assumed("archive", service, _ARCHIVED[old.storage_class], old.charged_gib, category)
    # A replica's requests are charged where it arrives (S3 pricing, replication).
    yield assumed("puts", service, "PUT/COPY/POST/LIST Standard", fact.put_requests_per_month, category)


@rule_of.register
def _key(fact: facts.Key, _: date) -> Iterator[Line]:  # noqa: ARG001 - one key is one key
    yield Line("key", "awskms", "customer managed key", Decimal(1), Category.SECURITY)

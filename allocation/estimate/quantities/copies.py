"""What copies in a second region and restore tests consume in a month.

Data transfer is charged in the region it leaves, as the same item for every service. The first copy is a
one-off cost and not in a month.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from allocation.estimate.quantities.data import BACKUP_ABOVE_ALLOWANCE, extended_support
from allocation.estimate.quantities.lines import (
    HOURS_PER_MONTH,
    Category,
    Line,
    assumed,
    hours,
    rounded,
    rule_of,
)
from tiers.facts import every_fact as facts
from tiers.vocabulary import Region

_RESILIENCE = Category.RESILIENCE
_MINUTES_PER_HOUR: Final = 60


@rule_of.register
def _database_backup_copy(fact: facts.DatabaseBackupCopy, _: date) -> Iterator[Line]:
    # The free allowance, a server's own storage, is of its region; nothing replicated is free.
    yield assumed("storage", "AmazonRDS", BACKUP_ABOVE_ALLOWANCE, fact.storage_gib, _RESILIENCE)
    yield _transfer(fact.transfer_gib_per_month, fact.from_region)


@rule_of.register
def _database_standby(fact: facts.DatabaseStandby, as_of: date) -> Iterator[Line]:
    yield from _second_server(fact, as_of)
    yield _transfer(fact.transfer_gib_per_month, fact.from_region)


@rule_of.register
def _restored_server(fact: facts.RestoredServer, as_of: date) -> Iterator[Line]:
    # As a month of it: the preview says what an hour is.
    yield from _second_server(fact, as_of)


def _second_server(fact: facts.DatabaseStandby | facts.RestoredServer, as_of: date) -> Iterator[Line]:
    service = "AmazonRDS"
    yield Line("instance", service, f"RDS PostgreSQL {fact.instance_class} Single-AZ", hours(1), _RESILIENCE)
    stored = Decimal(fact.storage_gib)
    yield Line("storage", service, "RDS PostgreSQL gp3 storage Single-AZ", stored, _RESILIENCE)
    yield from extended_support(fact.engine_version, fact.vcpus, as_of, _RESILIENCE)


@rule_of.register
def _file_system_replica(fact: facts.FileSystemReplica, _: date) -> Iterator[Line]:
    yield assumed("storage", "AmazonEFS", "Standard storage (Regional)", fact.storage_gib, _RESILIENCE)
    yield _transfer(fact.transfer_gib_per_month, fact.from_region)


@rule_of.register
def _vault_copy(fact: facts.VaultCopy, _: date) -> Iterator[Line]:
    yield assumed("storage", "AWSBackup", "EFS warm backup", fact.storage_gib, _RESILIENCE)
    yield _transfer(fact.transfer_gib_per_month, fact.from_region)


@rule_of.register
def _bucket_replication(fact: facts.BucketReplication, _: date) -> Iterator[Line]:
    # Its writes are in the lines of the target bucket.
    yield _transfer(fact.transfer_gib_per_month, None)


@rule_of.register
def _restore_test(fact: facts.RestoreTest, _: date) -> Iterator[Line]:
    # The labour to check it is a fact of its own.
    restored = fact.restored_gib * fact.runs_per_month
    yield assumed("restored", "AWSBackup", "EFS/S3 restore warm", restored, _RESILIENCE)
    kept = rounded(Decimal(restored * fact.validation_hours) / HOURS_PER_MONTH)
    yield assumed("kept", "AmazonEFS", "Standard storage (Regional)", kept, _RESILIENCE)


@rule_of.register
def _rehearsal(fact: facts.Rehearsal, _: date) -> Iterator[Line]:
    # Its volumes are thousandths of a cent; the labour is a fact of its own.
    if fact.instance_type is not None:
        item = f"{fact.instance_type} Linux on-demand"
        run = rounded(Decimal(fact.node_minutes_per_month) / _MINUTES_PER_HOUR)
        yield assumed("nodes", "AmazonEC2", item, run, _RESILIENCE)


def _transfer(gib: int, region: Region | None) -> Line:
    item = "Outbound data transfer to other regions"
    return assumed("transfer", "DataTransfer", item, gib, _RESILIENCE, region=region)

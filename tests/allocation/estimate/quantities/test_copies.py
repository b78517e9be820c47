from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from allocation.estimate.assumptions import KnownBy
from allocation.estimate.quantities import Line
from tests.allocation.estimate.quantities.examples import TODAY, lines, one, said
from tests.portfolios import plan_of, tenant
from tiers.facts.copies import (
    BucketReplication,
    DatabaseBackupCopy,
    DatabaseStandby,
    FileSystemReplica,
    RestoreTest,
    VaultCopy,
)
from tiers.plan.plan import facts_of

ACROSS = ("DataTransfer", "Outbound data transfer to other regions")


def crossing(line: Line) -> tuple[tuple[str, str], Decimal, str | None]:
    return (line.service, line.item), line.quantity, line.region


def standby(**changes: object) -> DatabaseStandby:
    options = {"users": 50, "warm_standby": True}
    plan = plan_of(tenant("acme", tier="cross-region-backup", options=options))
    (found,) = facts_of(plan.tenants[0].facts, DatabaseStandby)
    return found.model_copy(update=changes)


@pytest.mark.parametrize("kind", [DatabaseBackupCopy, FileSystemReplica, VaultCopy])
def test_a_copy_is_stored_there_and_charged_for_crossing_where_it_leaves(
    kind: type[DatabaseBackupCopy | FileSystemReplica | VaultCopy],
) -> None:
    fact = one(kind, storage_gib=70, transfer_gib_per_month=45)
    assert fact.region == "eu-west-1"
    found = lines(fact)
    assert found["storage"].quantity == 70
    assert found["storage"].region is None
    assert crossing(found["transfer"]) == (ACROSS, Decimal(45), "us-east-1")


def test_a_replicated_backup_has_no_free_allowance() -> None:
    item = "RDS PostgreSQL backup storage above the free allowance"
    stored = lines(one(DatabaseBackupCopy, storage_gib=1))["storage"]
    assert said(stored) == (item, Decimal(1), KnownBy.ASSUMED)


def test_replication_is_charged_with_its_source() -> None:
    fact = one(BucketReplication, transfer_gib_per_month=1506)
    assert fact.region == "us-east-1"
    assert crossing(lines(fact)["transfer"]) == (ACROSS, Decimal(1506), None)


def test_a_standby_is_one_instance_that_is_fed_from_afar() -> None:
    found = lines(standby(storage_gib=100, transfer_gib_per_month=45))
    assert set(found) == {"instance", "storage", "transfer"}
    assert said(found["instance"])[:2] == ("RDS PostgreSQL db.t4g.large Single-AZ", Decimal(730))
    assert crossing(found["transfer"]) == (ACROSS, Decimal(45), "us-east-1")


@pytest.mark.parametrize(
    ("day", "years"), [(date(2026, 2, 28), None), (TODAY, "year 1-2"), (date(2028, 3, 1), "year 3")]
)
def test_a_standby_of_an_old_version_pays_for_support(day: date, years: str | None) -> None:
    line = lines(standby(engine_version="13.20", vcpus=2), day).get("extended-support")
    expected = years and (f"RDS PostgreSQL extended support {years}", Decimal(2 * 730))
    assert (line and said(line)[:2]) == expected


def test_a_restore_is_paid_by_run_and_kept_while_it_is_looked_at() -> None:
    found = lines(one(RestoreTest, restored_gib=100, runs_per_month=2, validation_hours=73))
    assert said(found["restored"]) == ("EFS/S3 restore warm", Decimal(200), KnownBy.ASSUMED)
    # 200 GiB for 73 of 730 hours.
    assert said(found["kept"]) == ("Standard storage (Regional)", Decimal(20), KnownBy.ASSUMED)
    assert lines(one(RestoreTest, runs_per_month=0)) == {}

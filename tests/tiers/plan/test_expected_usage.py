from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.portfolios import catalog, plan_of, tenant
from tiers.catalog.tier import Offer
from tiers.facts.copies import (
    BucketReplication,
    DatabaseBackupCopy,
    DatabaseStandby,
    FileSystemReplica,
    VaultCopy,
)
from tiers.facts.data import Bucket, DatabaseInstance, FileSystem, LogicalBackup, TenantDatabase
from tiers.facts.network import Traffic
from tiers.plan.expected_usage import (
    automated_backups_gib,
    backup_requests_per_month,
    changed_gib_per_month,
    changed_mib_per_day,
    dumped_gib_per_month,
)
from tiers.plan.plan import Plan, TenantPlan, fact_named, facts_of
from tiers.vocabulary import Environment

DAYS = st.integers(0, 35)


def offer(**changes: object) -> Offer:
    sold = catalog().tiers["ha-postgresql"].offers[Environment.PRODUCTION]
    return Offer.model_validate(sold.model_dump() | changes)


def far() -> TenantPlan:
    options = {"users": 50, "warm_standby": True}
    return plan_of(tenant("acme", tier="cross-region-backup", options=options)).tenants[0]


def crowd() -> Plan:
    return plan_of(tenant("acme"), tenant("borealis"), tenant("cobalt", tier="dedicated-db"))


def test_a_database_changes_by_a_part_of_its_size_a_day() -> None:
    # 3 % of 50 GiB are 1,536 MiB; in thirty days 45 GiB.
    assert (changed_mib_per_day(offer()), changed_gib_per_month(offer())) == (1536, 45)
    # What is begun counts as whole: 1 % of 1 GiB is 10.24 MiB.
    use = offer().expected_use.model_dump() | {"database_change_percent_per_day": 1}
    assert changed_mib_per_day(offer(database_gib=1, expected_use=use)) == 11


def test_automated_backups_are_the_data_and_the_changes_of_their_days() -> None:
    assert automated_backups_gib(20, 410, 14) == 26
    assert automated_backups_gib(0, 0, 35) == 0
    assert automated_backups_gib(20, 410, 0) == 20


@given(gib=st.integers(0, 5000), changed=st.integers(0, 10**6), days=DAYS, longer=DAYS)
def test_keeping_backups_longer_never_takes_less(gib: int, changed: int, days: int, longer: int) -> None:
    assert gib <= automated_backups_gib(gib, changed, days)
    assert automated_backups_gib(gib, changed, days) <= automated_backups_gib(gib, changed, days + longer)


def test_dumps_are_uploaded_in_parts_and_files_one_by_one() -> None:
    backup = catalog().classes.backup_classes["six-hourly-90"]
    # 120 dumps of 12.5 GiB.
    assert dumped_gib_per_month(backup, 50) == 1500
    # 120 x (1,600 parts of 8 MiB + 3) and 6 x 2,048 files.
    assert backup_requests_per_month(backup, offer()) == 204_648


def test_a_tenant_sends_what_its_offer_expects() -> None:
    (traffic,) = facts_of(crowd().tenants[0].facts, Traffic)
    assert (traffic.tenant, traffic.internet_gib_per_month, traffic.inter_zone_gib_per_month) == (
        "acme",
        5,
        10,
    )


def test_what_is_shared_carries_what_its_tenants_are_expected_to_do() -> None:
    plan = crowd()
    server = fact_named(plan.platform, DatabaseInstance, "database")
    # Two databases of 5 GiB that change 103 MiB a day, fourteen days; the third has a server of its own.
    databases = [database for each in plan.tenants[:2] for database in facts_of(each.facts, TenantDatabase)]
    assert [each.changed_mib_per_day for each in databases] == [103, 103]
    assert (server.vcpus, server.backup_gib) == (2, 10 + 3)
    files = fact_named(plan.platform, FileSystem, "file-system")
    assert (files.read_gib_per_month, files.write_gib_per_month) == (10 + 10 + 30, 1 + 1 + 2)
    dumps = [dump for each in plan.tenants for dump in facts_of(each.facts, LogicalBackup)]
    requests = fact_named(plan.platform, Bucket, "backup-bucket").put_requests_per_month
    # 30 x (160 parts + 3) and a GiB of files, twice; 30 x (640 + 3) and two GiB of files.
    assert [dump.put_requests_per_month for dump in dumps] == [6938, 6938, 23_386]
    assert requests == 6938 + 6938 + 23_386


def test_a_server_of_its_own_has_backups_of_its_own() -> None:
    server = fact_named(crowd().tenants[2].facts, DatabaseInstance, "server")
    assert server.backup_gib == 26


def test_what_crosses_regions_says_from_where_and_how_much() -> None:
    facts = far().facts
    copy = fact_named(facts, DatabaseBackupCopy, "server-copy")
    # 50 GiB and fourteen days of 1.5 GiB.
    assert (copy.from_region, copy.storage_gib, copy.transfer_gib_per_month) == ("us-east-1", 71, 45)
    standby = fact_named(facts, DatabaseStandby, "standby")
    assert (standby.from_region, standby.vcpus, standby.transfer_gib_per_month) == ("us-east-1", 2, 45)
    replica = fact_named(facts, FileSystemReplica, "file-system-copy")
    vault = fact_named(facts, VaultCopy, "file-system-backup-copy")
    assert {(each.from_region, each.transfer_gib_per_month) for each in (replica, vault)} == {
        ("us-east-1", 6)
    }
    replication = fact_named(facts, BucketReplication, "backup-bucket-replication")
    # 120 dumps of 12.5 GiB, and six of new files.
    assert replication.transfer_gib_per_month == 1506
    buckets = facts_of(facts, Bucket)
    assert [bucket.put_requests_per_month for bucket in buckets] == [204_648, 204_648]

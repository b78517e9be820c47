from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.estimate.assumptions import KnownBy
from tests.allocation.estimate.quantities.examples import lines, one, said
from tiers.facts.archive import Archive, ArchiveClass
from tiers.facts.data import (
    Bucket,
    CacheGroup,
    DatabaseInstance,
    FileSystem,
    FileSystemBackup,
    Key,
    ManagedSecret,
)

ABOVE = "RDS PostgreSQL backup storage above the free allowance"


def test_a_database_has_an_instance_and_storage_of_its_kind() -> None:
    database = one(DatabaseInstance, storage_gib=50, backup_gib=0)
    assert {name: said(line)[:2] for name, line in lines(database).items()} == {
        "instance": ("RDS PostgreSQL db.t4g.medium Multi-AZ", Decimal(730)),
        "storage": ("RDS PostgreSQL gp3 storage Multi-AZ", Decimal(50)),
    }
    alone = lines(one(DatabaseInstance, multi_az=False))
    assert alone["instance"].item == "RDS PostgreSQL db.t4g.medium Single-AZ"
    assert alone["storage"].item == "RDS PostgreSQL gp3 storage Single-AZ"


@pytest.mark.parametrize(("backup_gib", "charged"), [(49, None), (50, None), (51, 1), (103, 53)])
def test_backups_are_free_as_far_as_storage_is_provisioned(backup_gib: int, charged: int | None) -> None:
    found = lines(one(DatabaseInstance, storage_gib=50, backup_gib=backup_gib))
    if charged is None:
        assert "backup" not in found
    else:
        assert said(found["backup"]) == (ABOVE, Decimal(charged), KnownBy.ASSUMED)


@given(few=st.integers(0, 5000), more=st.integers(0, 5000), storage=st.integers(20, 2000))
def test_more_backups_never_cost_less(few: int, more: int, storage: int) -> None:
    def charged(backup_gib: int) -> Decimal:
        line = lines(one(DatabaseInstance, storage_gib=storage, backup_gib=backup_gib)).get("backup")
        return line.quantity if line else Decimal(0)

    assert charged(few) <= charged(few + more)


@pytest.mark.parametrize(
    ("day", "years"),
    [(date(2026, 2, 28), None), (date(2026, 3, 1), "year 1-2"), (date(2028, 3, 1), "year 3")],
)
def test_an_old_postgresql_pays_for_support_by_vcpu(day: date, years: str | None) -> None:
    found = lines(one(DatabaseInstance, engine_version="13.20", vcpus=4, multi_az=False), day)
    if years is None:
        assert "extended-support" not in found
    else:
        item = f"RDS PostgreSQL extended support {years}"
        assert said(found["extended-support"]) == (item, Decimal(4 * 730), KnownBy.DECLARED)


def test_a_standby_in_another_zone_pays_for_support_too() -> None:
    found = lines(one(DatabaseInstance, engine_version="13.20", vcpus=4, multi_az=True))
    for name, category in (("extended-support", "compute"), ("second-extended-support", "resilience")):
        assert (found[name].quantity, str(found[name].category)) == (Decimal(4 * 730), category)


@pytest.mark.parametrize(
    ("engine", "version", "day", "years"),
    [
        ("redis", "5.0.6", date(2026, 1, 31), None),
        ("redis", "5.0.6", date(2026, 2, 1), "year 1-2"),
        ("redis", "4.0.10", date(2028, 2, 1), "year 3"),
        ("redis", "7.1", date(2028, 2, 1), None),
        ("valkey", "8.0", date(2028, 2, 1), None),
    ],
)
def test_an_old_redis_pays_for_support_by_node(
    engine: str, version: str, day: date, years: str | None
) -> None:
    """The price book has no price for it, so it is shown as unpriced and never as 0."""
    found = lines(one(CacheGroup, engine=engine, engine_version=version), day)
    item = f"cache.t4g.micro Redis extended support {years}"
    for name in ("extended-support", "second-extended-support"):
        expected = None if years is None else (item, Decimal(730), KnownBy.DECLARED)
        assert (said(found[name]) if name in found else None) == expected


def test_cache_nodes_are_counted_in_hours() -> None:
    found = lines(one(CacheGroup))
    assert {name: said(line) for name, line in found.items()} == {
        "nodes": ("cache.t4g.micro Valkey", Decimal(730), KnownBy.DECLARED),
        "second-nodes": ("cache.t4g.micro Valkey", Decimal(730), KnownBy.DECLARED),
    }
    assert found["second-nodes"].category == "resilience"
    apart = lines(one(CacheGroup, multi_az=False))
    assert apart["nodes"].quantity == 2 * 730  # nodes that no failover needs serve somebody
    assert lines(one(CacheGroup, engine="redis"))["nodes"].item == "cache.t4g.micro Redis"


@pytest.mark.parametrize(("days", "charged"), [(0, None), (1, None), (2, "0.5"), (7, "3")])
def test_the_first_snapshot_of_a_cache_is_free(days: int, charged: str | None) -> None:
    line = lines(one(CacheGroup, snapshot_retention_days=days, memory_mib=512)).get("snapshots")
    assert (line and said(line)[:2]) == (charged and ("backup storage", Decimal(charged)))


def test_an_elastic_file_system_pays_for_what_is_moved() -> None:
    moved = {"storage_gib": 40, "read_gib_per_month": 9, "write_gib_per_month": 2}
    elastic = lines(one(FileSystem, throughput_mode="elastic", **moved))
    assert {name: said(line) for name, line in elastic.items()} == {
        "storage": ("Standard storage (Regional)", Decimal(40), KnownBy.ASSUMED),
        "reads": ("Elastic throughput reads", Decimal(9), KnownBy.ASSUMED),
        "writes": ("Elastic throughput writes", Decimal(2), KnownBy.ASSUMED),
    }
    assert set(lines(one(FileSystem, throughput_mode="bursting", **moved))) == {"storage"}


def test_a_file_backup_is_as_large_as_its_files() -> None:
    found = lines(one(FileSystemBackup, storage_gib=40))
    assert said(found["storage"]) == ("EFS warm backup", Decimal(40), KnownBy.ASSUMED)


def test_a_bucket_pays_for_what_lies_in_it_and_for_every_put() -> None:
    found = lines(one(Bucket, storage_gib=100, put_requests_per_month=31_000))
    assert {name: said(line) for name, line in found.items()} == {
        "storage": ("Standard storage first 50 TB", Decimal(100), KnownBy.ASSUMED),
        "puts": ("PUT/COPY/POST/LIST Standard", Decimal(31_000), KnownBy.ASSUMED),
    }


@pytest.mark.parametrize(
    ("storage_class", "item"),
    [
        ("GLACIER_IR", "Glacier Instant Retrieval storage"),
        ("GLACIER", "Glacier Flexible storage"),
        ("DEEP_ARCHIVE", "Glacier Deep Archive storage"),
    ],
)
def test_old_dumps_are_priced_where_they_lie(storage_class: str, item: str) -> None:
    archive = Archive(storage_class=ArchiveClass(storage_class), after_days=35, stored_gib=55, charged_gib=90)
    found = lines(one(Bucket, storage_gib=100, archive=archive))
    assert said(found["archive"]) == (item, Decimal(90), KnownBy.ASSUMED)
    assert said(found["storage"])[1] == 100


def test_a_key_and_a_secret_are_one_each() -> None:
    assert said(lines(one(Key))["key"]) == ("customer managed key", Decimal(1), KnownBy.DECLARED)
    assert said(lines(one(ManagedSecret))["secret"]) == ("secret", Decimal(1), KnownBy.DECLARED)

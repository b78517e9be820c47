"""Monthly costs worked out by hand from list prices, each beside what the program makes of its fact.

Prices and odd pairs (a Multi-AZ instance that does not cost two) are those of the price book's sources; the
expected amounts are typed, never computed. A row the book lacks is given here.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from allocation.estimate.assumptions import Assumptions
from allocation.estimate.estimated_charges import priced_charges
from allocation.money import amount_of
from allocation.prices.price_book import DIRECTORY, Price, PriceBook, PriceFile, Source
from tests.allocation.estimate.quantities.examples import TODAY, one
from tests.portfolios import local_plan, local_portfolio, on_the_way, plan_of, routed, tenant
from tiers.facts.cdn import Cdn
from tiers.facts.compute import ClusterControlPlane, NodeGroup
from tiers.facts.copies import (
    BucketReplication,
    DatabaseBackupCopy,
    DatabaseStandby,
    FileSystemReplica,
    RestoredServer,
    RestoreTest,
    VaultCopy,
)
from tiers.facts.data import (
    Bucket,
    CacheGroup,
    DatabaseInstance,
    FileSystem,
    FileSystemBackup,
    Key,
    ManagedSecret,
)
from tiers.facts.every_fact import Labour, LogGroup, Metrics
from tiers.facts.network import LoadBalancer, NatGateway, Traffic
from tiers.facts.record import FactRecord
from tiers.plan.plan import fact_named
from tiers.strict_yaml import load_model

YEAR_3 = Price(
    service="AmazonRDS",
    item="RDS PostgreSQL extended support year 3",
    unit="vCPU-hour",
    price=Decimal("0.20"),
    confidence="B",
    source="test",
    date="2026-11-23",
)
EXTRA = PriceFile(
    provider="aws",
    region="us-east-1",
    currency="USD",
    compiled="2026-11-23",
    sources={"test": Source(what="the price that doubles in year 3", date="2026-11-23")},
    prices=[YEAR_3],
)
FILES = ("aws-us-east-1", "aws-eu-west-1", "house")
PRICES = PriceBook([EXTRA, *(load_model(PriceFile, DIRECTORY / f"{name}.yaml") for name in FILES)], "USD")

IRELAND = {"region": "eu-west-1"}
FROM_IRELAND = {"region": "us-east-1", "from_region": "eu-west-1"}


def server(instance_class: str, gib: int, **changes: Any) -> DatabaseInstance:
    """A server with one zone and backups within its allowance."""
    said = {"instance_class": instance_class, "storage_gib": gib, "backup_gib": gib, "multi_az": False}
    return one(DatabaseInstance, **{**said, **changes})


def twin(instance_class: str, gib: int, **changes: Any) -> DatabaseInstance:
    """A server with two zones."""
    return server(instance_class, gib, multi_az=True, **changes)


def sessions(node_type: str, nodes: int, **changes: Any) -> CacheGroup:
    """A cache that keeps one snapshot."""
    return one(CacheGroup, **{"node_type": node_type, "nodes": nodes, **changes})


def files(gib: int, read: int, written: int, mode: str = "elastic") -> FileSystem:
    """A file system, and what is moved."""
    moved = {"read_gib_per_month": read, "write_gib_per_month": written}
    return one(FileSystem, storage_gib=gib, throughput_mode=mode, **moved)


def cdn(gib: int, requests: int, **changes: Any) -> Cdn:
    """What a CDN sends in a month."""
    plan = plan_of(*on_the_way(), platform=routed(local_portfolio().platform))
    made = next(fact for fact in plan.all_facts() if isinstance(fact, Cdn))
    return made.model_copy(update={"gib_per_month": gib, "requests_per_month": requests, **changes})


def traffic(internet: int, inter_zone: int, **changes: Any) -> Traffic:
    """What a tenant sends."""
    return one(Traffic, internet_gib_per_month=internet, inter_zone_gib_per_month=inter_zone, **changes)


def standby(**changes: Any) -> DatabaseStandby:
    """A server of class m that waits in another region."""
    options = {"users": 50, "warm_standby": True}
    plan = plan_of(tenant("acme", tier="cross-region-backup", options=options))
    return fact_named(plan.tenants[0].facts, DatabaseStandby, "standby").model_copy(update=changes)


def restored(instance_class: str, gib: int) -> RestoredServer:
    """A server as another one was, for a whole month."""
    restore = {"at": "2026-11-29T01:17:00Z", "point_in_time": True, "stage": "prepare"}
    plan = plan_of(tenant("acme", tier="ha-postgresql", restore=restore))
    made = fact_named(plan.tenants[0].facts, RestoredServer, "restored-server")
    return made.model_copy(update={"instance_class": instance_class, "storage_gib": gib})


def cost(fact: FactRecord, day: date = TODAY) -> Decimal:
    """A month of *fact* alone, all of it priced."""
    alone = local_plan().model_copy(update={"platform": (fact,), "tenants": ()})
    estimated = priced_charges(alone, PRICES, Assumptions.on(day))
    assert estimated.unpriced == ()
    return amount_of(sum(charge.units for charge in estimated.charges))


Case = tuple[str, FactRecord, str] | tuple[str, FactRecord, str, date]
"""The arithmetic, the fact, what it costs a month, and on which day when that matters."""

BY_HAND: list[Case] = [
    # RDS, one zone
    ("db.t4g.micro 20 GiB: 0.016 x 730 + 20 x 0.115", server("db.t4g.micro", 20), "13.98"),
    ("db.t4g.small 20 GiB: 0.032 x 730 + 20 x 0.115", server("db.t4g.small", 20), "25.66"),
    ("db.t4g.medium 50 GiB: 0.065 x 730 + 50 x 0.115", server("db.t4g.medium", 50), "53.20"),
    ("db.t4g.large 50 GiB: 0.129 x 730 + 50 x 0.115", server("db.t4g.large", 50), "99.92"),
    ("db.r7g.large 100 GiB: 0.239 x 730 + 100 x 0.115", server("db.r7g.large", 100), "185.97"),
    ("eu db.t4g.medium 50 GiB: 0.069 x 730 + 50 x 0.127", server("db.t4g.medium", 50, **IRELAND), "56.72"),
    ("as it was, db.t4g.large 50 GiB: 0.129 x 730 + 50 x 0.115", restored("db.t4g.large", 50), "99.92"),
    # RDS, two zones: prices of their own
    ("db.t4g.small M 20 GiB: 0.065 x 730 + 20 x 0.23", twin("db.t4g.small", 20), "52.05"),
    ("db.t4g.medium M 50 GiB: 0.129 x 730 + 50 x 0.23", twin("db.t4g.medium", 50), "105.67"),
    ("db.r7g.large M 100 GiB: 0.478 x 730 + 100 x 0.23", twin("db.r7g.large", 100), "371.94"),
    ("db.r6g.xlarge M 100 GiB: 0.899 x 730 + 100 x 0.23", twin("db.r6g.xlarge", 100), "679.27"),
    ("eu db.t4g.micro M 20 GiB: 0.035 x 730 + 20 x 0.254", twin("db.t4g.micro", 20, **IRELAND), "30.63"),
    ("eu db.t4g.large M 50 GiB: 0.277 x 730 + 50 x 0.254", twin("db.t4g.large", 50, **IRELAND), "214.91"),
    (
        "eu db.r6g.xlarge M 100 GiB: 1.007 x 730 + 100 x 0.254",
        twin("db.r6g.xlarge", 100, **IRELAND),
        "760.51",
    ),
    # RDS, backups and support
    ("100 GiB of backups of 100: 371.94 and nothing", twin("db.r7g.large", 100, backup_gib=100), "371.94"),
    ("103 GiB of backups of 100: 371.94 + 3 x 0.095", twin("db.r7g.large", 100, backup_gib=103), "372.225"),
    (
        "PostgreSQL 13, its last day: 53.20 and nothing",
        server("db.t4g.medium", 50, engine_version="13.20"),
        "53.20",
        date(2026, 2, 28),
    ),
    (
        "PostgreSQL 13: 53.20 + 2 x 730 x 0.10",
        server("db.t4g.medium", 50, engine_version="13.20"),
        "199.20",
        date(2026, 3, 1),
    ),
    (
        "PostgreSQL 13 M: 105.67 + 2 x 2 x 730 x 0.10",
        twin("db.t4g.medium", 50, engine_version="13.20"),
        "397.67",
    ),
    (
        "PostgreSQL 13, year 3: 53.20 + 2 x 730 x 0.20",
        server("db.t4g.medium", 50, engine_version="13.20"),
        "345.20",
        date(2028, 3, 1),
    ),
    ("secret: 0.40", one(ManagedSecret), "0.40"),
    # ElastiCache
    ("two valkey cache.t4g.micro: 0.0128 x 1460", sessions("cache.t4g.micro", 2), "18.688"),
    ("two redis cache.t4g.micro: 0.016 x 1460", sessions("cache.t4g.micro", 2, engine="redis"), "23.36"),
    ("two valkey cache.t4g.small: 0.0256 x 1460", sessions("cache.t4g.small", 2), "37.376"),
    (
        "eu redis cache.t4g.medium: 0.068 x 730",
        sessions("cache.t4g.medium", 1, engine="redis", **IRELAND),
        "49.64",
    ),
    (
        "redis with 3 snapshots of 1.5 GiB: 0.032 x 730 + 2 x 1.5 x 0.085",
        sessions("cache.t4g.small", 1, engine="redis", snapshot_retention_days=3, memory_mib=1536),
        "23.615",
    ),
    # EFS
    ("100 GiB, 100 read, 6 written: 100 x 0.30 + 100 x 0.03 + 6 x 0.06", files(100, 100, 6), "33.36"),
    ("100 GiB, bursting: 100 x 0.30", files(100, 100, 6, "bursting"), "30.00"),
    ("backup of 100 GiB: 100 x 0.05", one(FileSystemBackup, storage_gib=100), "5.00"),
    # EC2 and EBS
    (
        "3 m7g.xlarge with 50 GiB: 3 x 0.1632 x 730 + 150 x 0.08",
        one(NodeGroup, instance_type="m7g.xlarge", nodes=3, volume_gib=50),
        "369.408",
    ),
    (
        "eu 2 m7g.large with 30 GiB: 2 x 0.091 x 730 + 60 x 0.088",
        one(NodeGroup, instance_type="m7g.large", nodes=2, volume_gib=30, **IRELAND),
        "138.14",
    ),
    # CloudFront
    ("40 GiB in 600,000 requests: 40 x 0.085 + 60 x 0.01", cdn(40, 600_000), "4.00"),
    ("eu 40 GiB in 600,000 requests: 40 x 0.085 + 60 x 0.012", cdn(40, 600_000, **IRELAND), "4.12"),
    # S3
    (
        "1,850 GiB and 204,648 PUTs: 1850 x 0.023 + 204.648 x 0.005",
        one(Bucket, storage_gib=1850, put_requests_per_month=204_648),
        "43.57324",
    ),
    # Network
    (
        "NAT, 20 GiB: 0.045 x 730 + 20 x 0.045 + 0.005 x 730",
        one(NatGateway, gateways=1, data_gib_per_month=20),
        "37.40",
    ),
    (
        "eu 2 NATs, 50 GiB: 0.048 x 1460 + 50 x 0.048 + 0.005 x 1460",
        one(NatGateway, gateways=2, data_gib_per_month=50, **IRELAND),
        "79.78",
    ),
    (
        "NLB with 2 addresses: 0.0225 x 730 + 0.006 x 730 + 0.005 x 1460",
        one(LoadBalancer, public_addresses=2, capacity_units=1),
        "28.105",
    ),
    ("5 GiB out, 10 across zones: 5 x 0.09 + 2 x 10 x 0.01", traffic(5, 10), "0.65"),
    ("eu 60 GiB out, 120 across zones: 60 x 0.09 + 2 x 120 x 0.01", traffic(60, 120, **IRELAND), "7.80"),
    # EKS and KMS
    (
        "EKS 1.34, its last day: 0.10 x 730",
        one(ClusterControlPlane, version="1.34"),
        "73.00",
        date(2026, 12, 2),
    ),
    (
        "EKS 1.34, extended: 0.10 x 730 + 0.50 x 730",
        one(ClusterControlPlane, version="1.34"),
        "438.00",
        date(2026, 12, 3),
    ),
    ("key: 1.00", one(Key), "1.00"),
    # Logs and metrics
    (
        "15 GiB of logs, 90 days: 15 x 0.50 + 45 x 0.03",
        one(LogGroup, ingest_gib_per_month=15, retention_days=90),
        "8.85",
    ),
    (
        "eu 5 GiB of logs, 30 days: 5 x 0.57 + 5 x 0.03",
        one(LogGroup, ingest_gib_per_month=5, retention_days=30, **IRELAND),
        "3.00",
    ),
    ("100 million samples: 60 million x 0.00000009", one(Metrics, samples_per_month=100_000_000), "5.40"),
    # Copies
    (
        "backups replicated: 50 x 0.095 + 30 x 0.02",
        one(DatabaseBackupCopy, storage_gib=50, transfer_gib_per_month=30),
        "5.35",
    ),
    ("dumps replicated: 1,506 x 0.02", one(BucketReplication, transfer_gib_per_month=1506), "30.12"),
    (
        "files replicated: 100 x 0.30 + 6 x 0.02",
        one(FileSystemReplica, storage_gib=100, transfer_gib_per_month=6, **FROM_IRELAND),
        "30.12",
    ),
    (
        "vault copied: 100 x 0.05 + 6 x 0.02",
        one(VaultCopy, storage_gib=100, transfer_gib_per_month=6, **FROM_IRELAND),
        "5.12",
    ),
    ("standby db.t4g.large: 0.129 x 730 + 100 x 0.115 + 45 x 0.02", standby(**FROM_IRELAND), "106.57"),
    (
        "restore of 100 GiB for 8 h: 100 x 0.02 + 1.095890 x 0.30",
        one(RestoreTest, restored_gib=100, region="us-east-1"),
        "2.328767",
    ),
    # People
    ("12 hours of support: 12 x 60", one(Labour, hours_per_month=12), "720.00"),
    ("2 hours of restore tests: 2 x 60", one(Labour, activity="restore-test", hours_per_month=2), "120.00"),
]


@pytest.mark.parametrize("case", BY_HAND, ids=lambda case: case[0])
def test_a_month_costs_what_was_worked_out_by_hand(case: Case) -> None:
    _, fact, expected, *day = case
    assert cost(fact, *day) == Decimal(expected)


def test_there_are_enough_of_them() -> None:
    assert len({name for name, *_ in BY_HAND}) == len(BY_HAND) >= 40


def direct(tier: str) -> dict[str, str]:
    """What each fact of a tenant's own costs a month, labour aside."""
    plan = plan_of(tenant("acme", tier=tier, options={"users": 20}))
    estimated = priced_charges(plan, PRICES, Assumptions.on(TODAY))
    found: dict[str, int] = {}
    for charge in estimated.charges:
        if charge.tenant == "acme" and charge.fact_kind != "labour":
            found[charge.fact] = found.get(charge.fact, 0) + charge.units
    return {fact: str(amount_of(units)) for fact, units in found.items()}


def test_a_dedicated_database_as_it_is_sold() -> None:
    # The server as above, 0.50 + 0.03 for its log; 20 x 0.09 + 80 x 0.01 for traffic, 5 x 0.50 + 5 x 0.03
    # for logs; 48 GiB for 260 of 43,800 minutes, x 0.08.
    assert direct("dedicated-db") == {
        "acme/key": "1.00",
        "acme/server": "53.20",
        "acme/server-logs": "0.53",
        "acme/server-secret": "0.40",
        "acme/traffic": "2.60",
        "acme/logs": "2.65",
        "acme/restore-test-job": "0.02279456",
    }


def test_a_highly_available_database_as_it_is_sold() -> None:
    # 371.94 + 3 x 0.095 for a server whose backups, 50 + 35 x 1.5 GiB, are just above its 100; 3 x 0.50 +
    # 9 x 0.03 for its log; two cache nodes; 60 x 0.09 + 240 x 0.01 for traffic; 15 x 0.50 + 45 x 0.03;
    # 116 GiB for 1,214 of 43,800 minutes, x 0.08: 280 minutes each week.
    assert direct("ha-postgresql") == {
        "acme/key": "1.00",
        "acme/server": "372.225",
        "acme/server-logs": "1.77",
        "acme/server-secret": "0.40",
        "acme/cache": "37.376",
        "acme/traffic": "7.80",
        "acme/logs": "8.85",
        "acme/restore-test-job": "0.2572128",
    }

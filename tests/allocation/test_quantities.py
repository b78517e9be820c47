from __future__ import annotations

from decimal import Decimal

import pytest

from allocation.quantities import CARRIED_BY_POOLS, FREE, lines_of, priced_kinds
from tests.portfolios import local_plan
from tiers.compute_facts import NodeGroup
from tiers.data_facts import CacheGroup, DatabaseInstance
from tiers.fact import FactRecord
from tiers.facts import FACT_TYPES, LogGroup, Metrics
from tiers.network_facts import LoadBalancer, NatGateway


def one(kind: type[FactRecord]) -> FactRecord:
    return next(fact for fact in local_plan().all_facts() if isinstance(fact, kind))


def lines(fact: FactRecord) -> dict[str, tuple[str, Decimal]]:
    return {line.name: (line.item, line.quantity) for line in lines_of(fact)}


def test_every_kind_of_fact_is_priced_free_or_carried() -> None:
    assert set(FACT_TYPES) == priced_kinds() | set(FREE) | set(CARRIED_BY_POOLS)
    assert not priced_kinds() & (set(FREE) | set(CARRIED_BY_POOLS))


def test_a_kind_nobody_priced_is_an_error() -> None:
    class Satellite(FactRecord):
        kind: str = "satellite"

    fact = Satellite(**one(NodeGroup).model_dump(include=set(FactRecord.model_fields) - {"kind"}))
    with pytest.raises(TypeError, match="nobody has said what a Satellite costs"):
        lines_of(fact)


def test_a_database_has_an_instance_and_storage_of_its_kind() -> None:
    database = one(DatabaseInstance)
    assert lines(database) == {
        "instance": ("RDS PostgreSQL db.t4g.medium Multi-AZ", Decimal(730)),
        "storage": ("RDS PostgreSQL gp3 storage Multi-AZ", Decimal(50)),
    }
    alone = database.model_copy(update={"multi_az": False})
    assert lines(alone)["instance"][0] == "RDS PostgreSQL db.t4g.medium Single-AZ"


def test_cache_nodes_are_counted_in_hours() -> None:
    assert lines(one(CacheGroup)) == {"nodes": ("cache.t4g.micro Valkey", Decimal(2 * 730))}


def test_logs_are_paid_in_and_kept() -> None:
    logs = one(LogGroup).model_copy(update={"ingest_gib_per_month": 3, "retention_days": 7})
    assert lines(logs) == {
        "ingest": ("Logs ingest Standard class", Decimal(3)),
        "storage": ("Logs storage", Decimal("0.7")),
    }


def test_the_first_forty_million_samples_are_free() -> None:
    few = one(Metrics).model_copy(update={"samples_per_month": 39_999_999})
    many = one(Metrics).model_copy(update={"samples_per_month": 40_000_001})
    assert lines(few)["samples"][1] == 0
    assert lines(many)["samples"][1] == 1


def test_a_balancer_and_a_gateway_pay_for_their_addresses() -> None:
    assert lines(one(LoadBalancer))["addresses"] == ("public IPv4 in use", Decimal(2 * 730))
    assert lines(one(NatGateway))["addresses"] == ("public IPv4 in use", Decimal(730))

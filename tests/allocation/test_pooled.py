from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from allocation.charges import Charge, CostBasis
from allocation.drivers import Weights
from allocation.pooled import Division, Share, Unallocated, divide
from allocation.rules import Driver
from tests.allocation.test_rules import POOL, rulebook
from tiers.vocabulary import CostCategory, CostDomain

CHARGE = Charge(
    id="platform/nodes#instances",
    units=1000,
    fact="platform/nodes",
    fact_kind="node-group",
    service="AmazonEC2",
    item="m7g.large",
    quantity=Decimal(730),
    unit="hour",
    unit_price=Decimal("0.1"),
    confidence="A",
    basis=CostBasis.ESTIMATED,
    category=CostCategory.COMPUTE,
    domain=CostDomain.SHARED_PLATFORM,
    tenant=None,
)
PLATFORM: dict[str, Any] = {
    "pool": "platform",
    "claims": ["key"],
    "domain": "shared-platform",
    "driver": "users",
}


def weights(compute: Weights, users: dict[str, int] | None = None) -> dict[Driver, Weights]:
    return {driver: Weights({}) for driver in Driver} | {
        Driver.COMPUTE_REQUESTS: compute,
        Driver.USERS: Weights(users or {}),
    }


def total(division: Division) -> int:
    return sum(share.units for share in division.shares) + sum(part.units for part in division.unallocated)


def test_a_charge_is_divided_by_its_pools_driver() -> None:
    division = divide([CHARGE], weights(Weights({"acme": 3, "borealis": 1})), rulebook())
    assert division.shares == [
        Share(CHARGE.id, "nodes", "acme", 750, 3, 4),
        Share(CHARGE.id, "nodes", "borealis", 250, 1, 4),
    ]
    assert division.unallocated == []


def test_idle_is_kept_apart_when_the_rule_says_so() -> None:
    compute = Weights({"acme": 1}, idle=3)
    kept = divide([CHARGE], weights(compute), rulebook(POOL | {"idle": "keep"}))
    assert [(share.tenant, share.units) for share in kept.shares] == [("acme", 250), (None, 750)]
    spread = divide([CHARGE], weights(compute), rulebook())
    assert [(share.tenant, share.units) for share in spread.shares] == [("acme", 1000)]


def test_the_platforms_own_part_is_handed_to_a_later_pool() -> None:
    rules = rulebook(POOL | {"platform_share_to": "platform"}, PLATFORM)
    compute = Weights({"acme": 1, "borealis": 1}, platform=2)
    division = divide([CHARGE], weights(compute, {"acme": 4, "borealis": 1}), rules)
    assert [(share.pool, share.tenant, share.units) for share in division.shares] == [
        ("nodes", "acme", 250),
        ("nodes", "borealis", 250),
        ("platform", "acme", 400),
        ("platform", "borealis", 100),
    ]
    assert {share.charge_id for share in division.shares} == {CHARGE.id}


def test_what_no_pool_claims_is_unallocated_with_the_reason() -> None:
    stray = replace(CHARGE, fact_kind="metrics")
    division = divide([stray], weights(Weights({"acme": 1})), rulebook())
    assert division.unallocated == [Unallocated(CHARGE.id, 1000, "no pool of rulebook test claims metrics")]


def test_a_pool_nobody_uses_is_unallocated_with_the_reason() -> None:
    division = divide([CHARGE], weights(Weights({"acme": 0})), rulebook())
    assert division.unallocated == [
        Unallocated(CHARGE.id, 1000, "pool nodes: no tenant has any compute-requests")
    ]


def test_who_has_none_of_the_driver_has_no_share() -> None:
    division = divide([CHARGE], weights(Weights({"acme": 0, "borealis": 5})), rulebook())
    assert [share.tenant for share in division.shares] == ["borealis"]


quantities = st.integers(0, 10**9)


@given(
    st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=10),
    st.builds(
        Weights, st.dictionaries(st.sampled_from("abcdefgh"), quantities, min_size=1), quantities, quantities
    ),
    st.sampled_from(["keep", "spread"]),
    st.sampled_from([{}, {"platform_share_to": "platform"}]),
)
def test_nothing_is_lost_whatever_the_rule(
    amounts: list[int], compute: Weights, policy: str, step_down: dict[str, str]
) -> None:
    rules = rulebook(POOL | {"idle": policy} | step_down, PLATFORM)
    charges = [replace(CHARGE, id=str(index), units=units) for index, units in enumerate(amounts)]
    division = divide(charges, weights(compute, dict(compute.by_tenant)), rules)
    assert total(division) == sum(amounts)

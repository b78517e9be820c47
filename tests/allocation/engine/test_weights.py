from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.engine.weights import Fallback
from allocation.errors import AllocationError
from tests.allocation.rulebooks import PLATFORM, POOL, rulebook
from tests.allocation.small import START, Line, Usage, allocated, day, paid, present, total
from tests.sampling import examples
from tiers.vocabulary import Environment

BOTH = present("acme", "borealis")
ONE = [Line(1000)]
IDLE = (
    Usage("acme", "cpu-requests", 1),
    Usage("borealis", "cpu-requests", 1),
    Usage("(idle)", "cpu-requests", 2),
)


def test_a_charge_is_divided_by_its_pools_driver() -> None:
    usage = [Usage("acme", "cpu-requests", 3), Usage("borealis", "cpu-requests", 1)]
    assert paid(allocated(ONE, usage, BOTH, rulebook())) == {
        ("acme", "nodes"): 750,
        ("borealis", "nodes"): 250,
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"idle": "keep"}, {("acme", "nodes"): 250, ("borealis", "nodes"): 250, (None, "nodes idle"): 500}),
        (
            {"idle": "weighted"},
            {
                ("acme", "nodes"): 250,
                ("acme", "nodes idle"): 250,
                ("borealis", "nodes"): 250,
                ("borealis", "nodes idle"): 250,
            },
        ),
        (
            {"idle": "entitlement", "entitlement": {"fixed": {"acme": 80, "borealis": 20}}},
            {
                ("acme", "nodes"): 250,
                ("acme", "nodes idle"): 400,
                ("borealis", "nodes"): 250,
                ("borealis", "nodes idle"): 100,
            },
        ),
    ],
)
def test_idle_goes_where_the_rule_says(changes: dict[str, Any], expected: dict[Any, int]) -> None:
    assert paid(allocated(ONE, IDLE, BOTH, rulebook(POOL | changes))) == expected


def test_even_idle_is_everybodys_alike_whatever_they_use() -> None:
    usage = [
        Usage("acme", "cpu-requests", 3),
        Usage("borealis", "cpu-requests", 1),
        Usage("(idle)", "cpu-requests", 4),
    ]
    assert paid(allocated(ONE, usage, BOTH, rulebook(POOL | {"idle": "even"}))) == {
        ("acme", "nodes"): 375,
        ("acme", "nodes idle"): 250,
        ("borealis", "nodes"): 125,
        ("borealis", "nodes idle"): 250,
    }


def test_idle_is_what_of_the_capacity_no_tenant_requested() -> None:
    usage = [Usage("acme", "cpu-requests", 1), Usage("(capacity)", "cpu-requests", 4)]
    assert paid(allocated(ONE, usage, BOTH, rulebook(POOL | {"idle": "keep"})))[None, "nodes idle"] == 750


def test_what_is_overcommitted_has_no_idle_part() -> None:
    usage = [Usage("acme", "cpu-requests", 9), Usage("(capacity)", "cpu-requests", 4)]
    assert paid(allocated(ONE, usage, BOTH, rulebook(POOL | {"idle": "keep"}))) == {("acme", "nodes"): 1000}


def test_a_composite_weighs_one_driver_against_another() -> None:
    rules = rulebook(POOL | {"driver": {"composite": {"cpu-requests": 9, "memory-requests": 1}}})
    usage = [Usage("acme", "cpu-requests", 1), Usage("borealis", "memory-requests", 1)]
    assert paid(allocated(ONE, usage, BOTH, rules)) == {("acme", "nodes"): 900, ("borealis", "nodes"): 100}


def test_the_largest_of_two_drivers_counts() -> None:
    rules = rulebook(POOL | {"driver": {"largest": ["cpu-requests", "cpu-used"]}})
    usage = [
        Usage("acme", "cpu-requests", 1),
        Usage("acme", "cpu-used", 3),
        Usage("borealis", "cpu-requests", 1),
        Usage("borealis", "cpu-used", "0.1"),
    ]
    assert paid(allocated(ONE, usage, BOTH, rules)) == {("acme", "nodes"): 750, ("borealis", "nodes"): 250}


def test_fixed_and_even_need_no_measuring() -> None:
    fixed = rulebook(POOL | {"driver": {"fixed": {"acme": 60, "borealis": 40}}})
    assert paid(allocated(ONE, [], BOTH, fixed)) == {("acme", "nodes"): 600, ("borealis", "nodes"): 400}
    even = rulebook(POOL | {"driver": {"even": "nothing tells them apart"}})
    assert paid(allocated(ONE, [], BOTH, even)) == {("acme", "nodes"): 500, ("borealis", "nodes"): 500}


def test_who_joins_in_the_middle_shares_the_days_it_was_there() -> None:
    acme, borealis = BOTH
    late = replace(borealis, start=START.replace(day=16))
    even = rulebook(POOL | {"driver": {"even": "nothing tells them apart"}})
    assert paid(allocated([Line(900)], [], [acme, late], even)) == {
        ("acme", "nodes"): 600,
        ("borealis", "nodes"): 300,
    }
    daily = [Line(100, (1, 2)), Line(100, (20, 21))]
    assert paid(allocated(daily, [], [acme, late], even)) == {
        ("acme", "nodes"): 150,
        ("borealis", "nodes"): 50,
    }


def test_use_of_a_month_counts_for_each_day_of_it() -> None:
    usage = [Usage("acme", "cpu-requests", 30), Usage("borealis", "cpu-requests", 15, (1, 16))]
    daily = [Line(100, (1, 2)), Line(100, (20, 21))]
    assert paid(allocated(daily, usage, BOTH, rulebook())) == {
        ("acme", "nodes"): 150,
        ("borealis", "nodes"): 50,
    }


def test_environments_can_weigh_more() -> None:
    rules = rulebook(POOL | {"weight_by_environment": {"production": 2}})
    tenants = present("acme") + present("sandbox", environment=Environment.DEVELOPMENT)
    usage = [Usage("acme", "cpu-requests", 1), Usage("sandbox", "cpu-requests", 2)]
    assert paid(allocated(ONE, usage, tenants, rules)) == {("acme", "nodes"): 500, ("sandbox", "nodes"): 500}


@pytest.mark.parametrize(
    "members",
    [
        {"environments": ["production"]},
        {"tiers": ["shared-namespace"], "mixes_environments_because": "a test"},
        {"tenants": ["acme"], "mixes_environments_because": "a test"},
    ],
)
def test_only_members_pay(members: dict[str, Any]) -> None:
    other = present("zephyr", environment=Environment.STAGING, tier="dedicated-db")
    usage = [Usage("acme", "cpu-requests", 1), Usage("zephyr", "cpu-requests", 9)]
    rules = rulebook(POOL | {"members": members})
    assert paid(allocated(ONE, usage, present("acme") + other, rules)) == {("acme", "nodes"): 1000}


def test_the_platforms_own_part_is_handed_to_the_pool_it_serves() -> None:
    rules = rulebook(POOL | {"serves": {"platform": "usage"}}, PLATFORM)
    usage = [
        Usage("acme", "cpu-requests", 1),
        Usage("borealis", "cpu-requests", 1),
        Usage("platform", "cpu-requests", 2),
        Usage("acme", "users", 4),
        Usage("borealis", "users", 1),
    ]
    assert paid(allocated(ONE, usage, BOTH, rules)) == {
        ("acme", "nodes"): 250,
        ("borealis", "nodes"): 250,
        ("acme", "platform"): 400,
        ("borealis", "platform"): 100,
    }


def test_weighted_idle_is_carried_by_pools_that_use_it_too() -> None:
    rules = rulebook(POOL | {"serves": {"platform": "usage"}}, PLATFORM)
    usage = [
        Usage("acme", "cpu-requests", 1),
        Usage("platform", "cpu-requests", 1),
        Usage("(idle)", "cpu-requests", 2),
        Usage("acme", "users", 4),
    ]
    assert paid(allocated(ONE, usage, BOTH, rules)) == {
        ("acme", "nodes"): 250,
        ("acme", "nodes idle"): 250,
        ("acme", "platform"): 500,
    }


def test_the_textbook_to_the_cent() -> None:
    """The reciprocal case of test_serving.py, all the way to two departments that use rm alike."""

    def pool(name: str, serves: dict[str, int]) -> dict[str, Any]:
        return POOL | {"pool": name, "serves": serves, "driver": {"fixed": {"machining": 50, "assembly": 50}}}

    rules = rulebook(
        pool("hr", {"dp": 20, "rm": 10}),
        pool("dp", {"hr": 8, "rm": 7}),
        pool("rm", {}),
        serving="reciprocal",
        rules=[{"rule": name, "pool": name, "when": {"services": [name]}} for name in ("hr", "dp", "rm")],
    )
    own = {"hr": 80_000, "dp": 120_000, "rm": 40_000}
    lines = [Line(amount * 10**10, values={"service": name}) for name, amount in own.items()]
    answer = allocated(lines, [], present("machining", "assembly"), rules)
    assert total(answer) == 240_000 * 10**10
    by_pool: dict[str, int] = {}
    for cell in answer.cells:
        by_pool[cell.pool] = by_pool.get(cell.pool, 0) + cell.units
    # What leaves each pool is its full cost less what other pools take: 70 %, 85 % and all of it.
    cents = {name: round(units / 10**8) for name, units in by_pool.items()}
    assert cents == {"hr": 6_373_984, "dp": 11_747_967, "rm": 5_878_049}


def test_an_unused_pool_is_unallocated_with_the_reason() -> None:
    (item,) = allocated(ONE, [], BOTH, rulebook()).unallocated
    assert (item.reason, item.units) == ("no-driver: pool nodes: no member has any cpu-requests", 1000)


def test_a_fallback_is_used_and_reported() -> None:
    rules = rulebook(POOL | {"fallback": {"measure": "users"}})
    answer = allocated([Line(10, (1, 2))], [Usage("acme", "users", 1)], BOTH, rules)
    assert paid(answer) == {("acme", "nodes"): 10}
    (reported,) = answer.fallbacks
    assert reported == Fallback("nodes", reported.start, reported.end, "users")
    assert str(reported.start) == day(1)


def test_usage_of_an_unknown_consumer_is_ignored_and_is_reported() -> None:
    usage = [Usage("acme", "cpu-requests", 1), Usage("stranger", "cpu-requests", 9)]
    answer = allocated(ONE, usage, BOTH, rulebook())
    assert paid(answer) == {("acme", "nodes"): 1000}
    assert answer.unknown_consumers == ("stranger",)


def test_a_quantity_that_cannot_be_true_stops_it() -> None:
    with pytest.raises(AllocationError, match=r"acme has 10000000000000000\.0+ of cpu-requests"):
        allocated(ONE, [Usage("acme", "cpu-requests", 10**16)], BOTH, rulebook())


quantities = st.integers(0, 10**9)


@examples(6, of=60)
@given(
    st.lists(st.tuples(st.integers(-(10**15), 10**15), st.integers(1, 30)), min_size=1, max_size=10),
    st.dictionaries(st.sampled_from(("acme", "borealis", "platform", "(idle)", "(capacity)")), quantities),
    st.sampled_from(["keep", "weighted", "even"]),
    st.sampled_from(["usage", 30, None]),
    st.sampled_from(["direct", "step-down", "reciprocal"]),
)
def test_nothing_is_lost_whatever_the_rule(
    bill: list[tuple[int, int]], used: dict[str, int], idle: str, serves: object, serving: str
) -> None:
    serving_pools = {"serves": {"platform": serves}} if serves else {}
    rules = rulebook(POOL | {"idle": idle} | serving_pools, PLATFORM, serving=serving)
    usage = [
        Usage(who, driver, quantity) for who, quantity in used.items() for driver in ("cpu-requests", "users")
    ]
    lines = [Line(units, (first, first + 1)) for units, first in bill]
    answer = allocated(lines, usage, BOTH, rules)
    assert total(answer) == answer.charged == sum(units for units, _ in bill)

"""Pools that are shared in proportion to what tenants cost already."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.allocation.rulebooks import POOL, RULE, rulebook
from tests.allocation.small import Line, Usage, allocated, paid, present, tagged, total
from tests.sampling import examples

DIRECT: dict[str, Any] = {"rule": "direct", "direct": True, "when": {"owner": "tenant"}}
TAX: dict[str, Any] = {"rule": "tax", "pool": "tax", "when": {"charge_categories": ["Tax"]}}
USAGE = [Usage("acme", "cpu-requests", 1), Usage("zephyr", "cpu-requests", 3)]
BOTH = present("acme", "zephyr")


def by_cost(*of: str, **values: Any) -> dict[str, Any]:
    return POOL | {"pool": "tax", "domain": "shared-platform", "driver": {"cost": list(of)}} | values


def taxed(lines: list[Line], *of: str, **values: Any) -> dict[tuple[str | None, str], int]:
    answer = allocated(lines, USAGE, BOTH, rulebook(by_cost(*of, **values), POOL, rules=[TAX, DIRECT, RULE]))
    assert total(answer) == answer.charged
    return paid(answer)


TAX_OF_100 = Line(100, values={"charge_category": "Tax", "service": "Tax"})
OWN = [Line(300, values=tagged("acme")), Line(100, values=tagged("zephyr"))]
POOLED = Line(1000)


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("of", "acme", "zephyr"),
    [(("direct",), 75, 25), (("nodes",), 25, 75), (("direct", "nodes"), 39, 61)],
)
def test_the_weights_are_the_costs_that_it_names(of: tuple[str, ...], acme: int, zephyr: int) -> None:
    """Direct 300 and 100, of the nodes 250 and 750: both are 550 and 850, and 100 x 550/1400 is 39.3."""
    found = taxed([*OWN, POOLED, TAX_OF_100], *of)
    assert (found["acme", "tax"], found["zephyr", "tax"]) == (acme, zephyr)
    assert (found["acme", "direct"], found["acme", "nodes"]) == (300, 250)


def test_it_is_the_month_that_counts_on_every_day() -> None:
    """A tax of one day, and cost of others."""
    own = [Line(300, (1, 2), tagged("acme")), Line(100, (20, 21), tagged("zephyr"))]
    found = taxed([*own, TAX_OF_100._replace(days=(10, 11)), TAX_OF_100._replace(days=(1, 31))], "direct")
    assert (found["acme", "tax"], found["zephyr", "tax"]) == (150, 50)


def test_who_has_more_credits_than_cost_takes_no_part() -> None:
    credit = Line(-500, values=tagged("acme") | {"charge_category": "Credit"})
    found = taxed([*OWN, credit, TAX_OF_100], "direct")
    assert found.get(("acme", "tax"), 0) == 0
    assert found["zephyr", "tax"] == 100


def test_a_credit_of_the_pool_is_shared_alike() -> None:
    found = taxed([*OWN, TAX_OF_100._replace(units=-100)], "direct")
    assert (found["acme", "tax"], found["zephyr", "tax"]) == (-75, -25)


def test_where_nobody_has_any_cost_it_is_unallocated_or_falls_back() -> None:
    rules = rulebook(by_cost("direct"), POOL, rules=[TAX, DIRECT, RULE])
    (item,) = allocated([TAX_OF_100], USAGE, BOTH, rules).unallocated
    assert (item.reason, item.units) == ("no-driver: pool tax: no member has any cost(direct)", 100)
    even = {"even": "nobody has any cost of its own"}
    found = taxed([TAX_OF_100], "direct", fallback=even)
    assert (found["acme", "tax"], found["zephyr", "tax"]) == (50, 50)


@pytest.mark.parametrize(
    ("pools", "problem"),
    [
        ((by_cost("attic"),), "expected direct and pools with a driver of their own, found 'attic'"),
        ((by_cost("tax"),), "found 'tax'"),
        ((by_cost("direct", serves={"nodes": 10}), POOL), "serves no other"),
        ((by_cost(), POOL), "at least 1 item"),
        ((POOL | {"fallback": {"cost": ["direct"]}},), "no fallback or entitlement"),
        ((POOL | {"pool": "direct"}, POOL), "choose another name"),
    ],
)
def test_costs_that_it_cannot_follow_are_refused(pools: tuple[dict[str, Any], ...], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        rulebook(*pools, rules=[{"rule": "r", "pool": pools[0]["pool"]}])


@examples(8, of=1000)
@given(st.integers(-(10**17), 10**17), st.integers(1, 10**17), st.integers(1, 10**17))
def test_each_share_is_within_a_unit_of_its_exact_part(size: int, acme: int, zephyr: int) -> None:
    own = [Line(acme, values=tagged("acme")), Line(zephyr, values=tagged("zephyr"))]
    found = taxed([*own, TAX_OF_100._replace(units=size)], "direct")
    shares = {name: found.get((name, "tax"), 0) for name in ("acme", "zephyr")}
    assert sum(shares.values()) == size
    for name, weight in (("acme", acme), ("zephyr", zephyr)):
        assert abs(shares[name] - Fraction(size * weight, acme + zephyr)) <= 1

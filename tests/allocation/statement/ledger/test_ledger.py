from __future__ import annotations

import random
import time
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.statement.ledger.figure import units_per_cent
from allocation.statement.ledger.ledger import Account, Ledger, ledger_of
from tests.sampling import examples

POOLS = ("logs", "nodes", "postgresql", "proxy")
AMOUNTS = st.integers(-(10**9), 10**11) | st.sampled_from([0, 5 * 10**7, 10**8])
ACCOUNTS = st.builds(
    lambda *parts: parts,
    st.sampled_from("xyz"),
    AMOUNTS,
    AMOUNTS,
    st.dictionaries(st.sampled_from(POOLS), AMOUNTS),
)


def accounts_of(drawn: Iterable[tuple[str, int, int, dict[str, int]]]) -> list[Account]:
    return [Account(f"t{place}", *each) for place, each in enumerate(drawn)]


def sums(
    accounts: list[Account], idle: dict[str, int], unallocated: list[int], ledger: Ledger
) -> dict[str, tuple[int, int]]:
    """Every sum of the ledger by name: its cents, and its exact units."""
    found: dict[str, tuple[int, int]] = {}

    def add(name: str, cents: int, units: int) -> None:
        was = found.get(name, (0, 0))
        found[name] = (was[0] + cents, was[1] + units)

    for each in accounts:
        for key in (f"{each.tenant} fee", f"client {each.client} fee", "fees"):
            add(key, ledger.fees[each.tenant], each.fee)
        parts = [("direct", ledger.direct[each.tenant], each.direct)]
        parts += [(pool, ledger.pooled[each.tenant][pool], units) for pool, units in each.pooled.items()]
        for name, cents, units in parts:
            for key in (
                f"{each.tenant} {name}",
                each.tenant,
                f"client {each.client}",
                f"all {name}",
                "tenants",
                *([f"{each.tenant} shares"] if name != "direct" else []),
            ):
                add(key, cents, units)
    for pool, units in idle.items():
        for key in (f"idle {pool}", "idle", f"all {pool}"):
            add(key, ledger.idle[pool], units)
    for place, units in enumerate(unallocated):
        add(f"unallocated {place}", ledger.unallocated[place], units)
        add("unallocated", ledger.unallocated[place], units)
    return found


@pytest.mark.parametrize("digits", [0, 2, 3])
@examples(20, of=300)
@given(
    st.lists(ACCOUNTS, max_size=7),
    st.dictionaries(st.sampled_from(POOLS), AMOUNTS),
    st.lists(AMOUNTS, max_size=3),
)
def test_every_sum_is_less_than_a_cent_from_exact_and_the_bill_the_nearest(
    digits: int,
    drawn: list[tuple[str, int, int, dict[str, int]]],
    idle: dict[str, int],
    unallocated: list[int],
) -> None:
    accounts, unit = accounts_of(drawn), units_per_cent(digits)
    ledger = ledger_of(accounts, idle, unallocated, digits)
    found = sums(accounts, idle, unallocated, ledger)
    assert {name: pair for name, pair in found.items() if abs(pair[0] * unit - pair[1]) >= unit} == {}
    bill = [
        sum(found.get(name, (0, 0))[place] for name in ("tenants", "idle", "unallocated")) for place in (0, 1)
    ]
    assert abs(2 * (bill[0] * unit - bill[1])) <= unit


@examples(20, of=100)
@given(st.lists(ACCOUNTS, max_size=7), st.dictionaries(st.sampled_from(POOLS), AMOUNTS), st.randoms())
def test_the_order_of_tenants_and_pools_changes_nothing(
    drawn: list[tuple[str, int, int, dict[str, int]]], idle: dict[str, int], chance: random.Random
) -> None:
    accounts = accounts_of(drawn)
    shuffled = [
        each._replace(pooled=dict(chance.sample(sorted(each.pooled.items()), len(each.pooled))))
        for each in chance.sample(accounts, len(accounts))
    ]
    turned = dict(reversed(idle.items()))
    assert ledger_of(shuffled, turned, [7], 2) == ledger_of(accounts, idle, [7], 2)


def test_a_thousand_tenants_of_forty_parts_are_settled_at_once() -> None:
    chance = random.Random(43)  # noqa: S311 - no secret
    accounts = [
        Account(
            f"t{n}",
            f"c{n // 3}",
            0,
            chance.randrange(10**12),
            {f"p{k}": chance.randrange(10**11) for k in range(40)},
        )
        for n in range(1000)
    ]
    begun = time.process_time()
    ledger = ledger_of(accounts, {}, [], 2)
    assert time.process_time() - begun < 2
    cents = sum(ledger.total(each.tenant) for each in accounts)
    exact = sum(each.direct + sum(each.pooled.values()) for each in accounts)
    assert abs(2 * (cents * 10**8 - exact)) <= 10**8

from __future__ import annotations

from fractions import Fraction
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.engine.reciprocal import ServingMethod, considered, exits, full_costs, whole_weights
from allocation.errors import AllocationError

# Schaeffer, Management Accounting (opentextbooks.uregina.ca/bus388, 10.4): human resources, data processing
# and risk management serve each other and two production departments.
ORDER: Final = ("hr", "dp", "rm")
OWN: Final = {"hr": 80_000, "dp": 120_000, "rm": 40_000}
TAKEN: Final = {
    "hr": {"dp": Fraction(20, 100), "rm": Fraction(10, 100)},
    "dp": {"hr": Fraction(8, 100), "rm": Fraction(7, 100)},
    "rm": {},
}


def test_the_textbooks_full_costs() -> None:
    full = full_costs(OWN, TAKEN, ORDER)
    assert {pool: round(cost, 2) for pool, cost in full.items()} == {
        "hr": Fraction("91056.91"),
        "dp": Fraction("138211.38"),
        "rm": Fraction("58780.49"),
    }


def test_all_that_is_handed_out_is_all_there_was() -> None:
    full = full_costs(OWN, TAKEN, ORDER)
    leaving = {pool: full[pool] * (1 - sum(TAKEN[pool].values())) for pool in ORDER}
    assert sum(leaving.values()) == 240_000
    through = exits(TAKEN, ORDER)
    handed = {pool: sum(OWN[of] * through[of].get(pool, Fraction(0)) for of in ORDER) for pool in ORDER}
    assert handed == leaving


def test_two_pools_that_serve_each_other_are_solved_where_others_cut_the_loop() -> None:
    """P and q hand half to each other; cutting the edge gives 50 and 110, the truth is 86.67 and 73.33."""
    taken = {"p": {"q": Fraction(1, 2)}, "q": {"p": Fraction(1, 2)}}
    through = exits(taken, ("p", "q"))
    out = {via: 100 * through["p"][via] + 60 * through["q"][via] for via in ("p", "q")}
    assert out == {"p": Fraction(260, 3), "q": Fraction(220, 3)}


@pytest.mark.parametrize(
    "taken",
    [
        {"p": {"q": Fraction(1)}, "q": {"p": Fraction(1)}},
        {"p": {"q": Fraction(1)}, "q": {"r": Fraction(1)}, "r": {"p": Fraction(1)}},
    ],
)
def test_a_loop_without_a_way_out_is_named_not_cut(taken: dict[str, dict[str, Fraction]]) -> None:
    for solve in (lambda: exits(taken, tuple(taken)), lambda: full_costs({"p": 1}, taken, tuple(taken))):
        with pytest.raises(AllocationError, match=f"pools {', '.join(taken)} serve only each other"):
            solve()


def test_step_down_looks_forward_only_and_direct_at_nothing() -> None:
    assert considered(TAKEN, ORDER, ServingMethod.RECIPROCAL) == TAKEN
    assert considered(TAKEN, ORDER, ServingMethod.DIRECT) == {"hr": {}, "dp": {}, "rm": {}}
    # What data processing would hand back to human resources stays with those who remain.
    assert considered(TAKEN, ORDER, ServingMethod.STEP_DOWN)["dp"] == {"rm": Fraction(7, 92)}


def test_what_a_pool_takes_of_itself_is_no_cost() -> None:
    taken = {"p": {"p": Fraction(1, 2), "q": Fraction(1, 4)}, "q": {}}
    assert considered(taken, ("p", "q"), ServingMethod.RECIPROCAL)["p"] == {"q": Fraction(1, 2)}


def test_a_pool_that_only_serves_earlier_ones_keeps_its_cost() -> None:
    taken = {"p": {}, "q": {"p": Fraction(1)}}
    assert considered(taken, ("p", "q"), ServingMethod.STEP_DOWN) == {"p": {}, "q": {}}


@st.composite
def consumptions(draw: st.DrawFn) -> dict[str, dict[str, Fraction]]:
    pools = [f"p{index}" for index in range(draw(st.integers(1, 8)))]
    taken = {}
    for pool in pools:
        others = [other for other in pools if other != pool]
        parts = draw(st.lists(st.integers(0, 100), min_size=len(others), max_size=len(others)))
        whole = sum(parts) + draw(st.integers(1, 100))
        taken[pool] = {other: Fraction(part, whole) for other, part in zip(others, parts, strict=True)}
    return taken


@given(consumptions(), st.sampled_from(ServingMethod))
def test_every_pools_cost_leaves_whole(taken: dict[str, dict[str, Fraction]], method: ServingMethod) -> None:
    order = tuple(taken)
    through = exits(considered(taken, order, method), order)
    assert all(sum(parts.values()) == 1 and min(parts.values()) > 0 for parts in through.values())


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 10**30), min_size=1, max_size=50))
def test_whole_weights_are_whole(numbers: dict[str, int]) -> None:
    whole = sum(numbers.values())
    weights = whole_weights({name: Fraction(number, whole) for name, number in numbers.items()}, 10**18)
    assert sum(weights.values()) == 10**18
    for name, weight in weights.items():
        assert abs(weight - Fraction(numbers[name] * 10**18, whole)) < 1

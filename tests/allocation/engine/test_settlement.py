from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from allocation.engine.allocate import allocate
from allocation.engine.attribution import Known
from allocation.engine.settlement import Residuals
from tests.allocation.rulebooks import rulebook
from tests.allocation.small import Line, Usage, loaded, present
from tests.sampling import examples

THREE = ("acme", "borealis", "cygnus")


def a_month(
    amounts: list[int], weights: tuple[int, int, int], carried: Residuals
) -> tuple[dict[str, int], Residuals]:
    """What each of three tenants got of a month of daily charges, and what is carried on."""
    lines = [Line(units, (number, number + 1)) for number, units in enumerate(amounts, 1)]
    usage = [Usage(name, "cpu-requests", weight) for name, weight in zip(THREE, weights, strict=True)]
    with loaded(lines, usage) as connection:
        answer = allocate(connection, Known(frozenset(THREE)), present(*THREE), rulebook(), carried)
    got = dict.fromkeys(THREE, 0)
    for cell in answer.cells:
        got[str(cell.tenant)] += cell.units
    assert sum(got.values()) == sum(amounts)
    return got, answer.residuals


def test_the_same_names_do_not_win_every_day() -> None:
    """Ten units among three, thirty days: the tie goes to acme each day, and back at the end of the month."""
    got, _ = a_month([10] * 30, (1, 1, 1), {})
    assert got == {"acme": 100, "borealis": 100, "cygnus": 100}


months = st.lists(
    st.tuples(
        st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=6),
        st.tuples(st.integers(1, 99), st.integers(1, 99), st.integers(1, 99)),
    ),
    min_size=1,
    max_size=5,
)


@examples(3, of=30)
@given(months)
def test_no_tenant_is_off_by_more_than_a_unit_over_any_horizon(
    history: list[tuple[list[int], tuple[int, int, int]]],
) -> None:
    exact = dict.fromkeys(THREE, Fraction(0))
    received = dict.fromkeys(THREE, 0)
    carried: Residuals = {}
    for amounts, weights in history:
        got, carried = a_month(amounts, weights, carried)
        for name, weight in zip(THREE, weights, strict=True):
            exact[name] += Fraction(sum(amounts) * weight, sum(weights))
            received[name] += got[name]
        for name in THREE:
            assert abs(exact[name] - received[name]) <= 1

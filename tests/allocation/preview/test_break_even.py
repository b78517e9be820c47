from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.preview.break_even import BreakEven, break_evens, smallest_not_negative
from allocation.preview.cost_estimate import cost_estimate
from tests.allocation.previews import changed, conditions
from tests.portfolios import catalog, local_portfolio


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_the_first_that_is_not_negative_is_found(first: int, most: int) -> None:
    asked: list[int] = []

    def gap(quantity: int) -> int:
        asked.append(quantity)
        return quantity - first

    assert smallest_not_negative(gap, most) == (first if first <= most else None)
    assert all(1 <= quantity <= most for quantity in asked)
    assert len(asked) <= 2 * most.bit_length() + 2


def found(settings: dict[str, str] | None = None) -> dict[tuple[str, str], BreakEven]:
    tiers = ("shared-namespace", "dedicated-db")
    evens = break_evens(catalog(), local_portfolio(), "borealis", tiers, conditions(), settings or {})
    return {(each.measure, each.by): each for each in evens}


@pytest.mark.whole("eighty estimates; the search is tried above, and each estimate in this folder")
def test_where_the_tiers_meet_is_where_the_statements_say() -> None:
    evens = found()
    assert set(evens) == {(m, by) for m in ("users", "database_gib") for by in ("cost", "margin")}
    for (measure, by), even in evens.items():
        if even.at is None:
            continue
        for quantity in {even.at, max(even.at - 1, 1)}:
            lines = []
            for tier in (even.before, even.after):
                statement = cost_estimate(
                    changed("borealis", tier, **{measure: str(quantity)}), conditions()
                ).statement
                lines.append(next(line for line in statement.tenants if line.tenant == "borealis"))
            before, after = lines
            better = after.margin >= before.margin if by == "margin" else after.total <= before.total
            assert better is (quantity >= even.at)

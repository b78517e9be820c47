"""Corrections follow the shares of their own month, exactly, whatever was filed."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from allocation.engine.allocate import Allocation, allocate
from allocation.engine.attribution import Known
from allocation.engine.division_sql import LARGEST_WEIGHT
from allocation.engine.earlier.filed_shares import FiledShares
from allocation.engine.rulebook import Rulebook
from allocation.engine.shared_charges import AllocationType
from allocation.engine.weights import Fallback
from tests.allocation.rulebooks import PLATFORM, POOL, rulebook
from tests.allocation.small import END, START, Line, Usage, loaded, paid, present, total
from tests.sampling import examples

USE, IDLE = AllocationType.USAGE, AllocationType.IDLE
MONTH = (START, END)
EQUAL = [Usage("acme", "cpu-requests", 30), Usage("borealis", "cpu-requests", 30)]


def correction(units: int, days: tuple[int, int] = (1, 2)) -> Line:
    return Line(units, days, {"other_month": "2026-09"})


def allocated(
    lines: list[Line], filed: FiledShares, rules: Rulebook | None = None, usage: list[Usage] | None = None
) -> Allocation:
    with loaded(lines, EQUAL if usage is None else usage) as connection:
        known = Known(frozenset({"acme", "borealis"}))
        months = {"2026-09": filed} if filed else {}
        return allocate(
            connection, known, present("acme", "borealis"), rules or rulebook(), month=MONTH, filed=months
        )


def test_a_correction_follows_the_filed_shares_and_its_month_follows_usage() -> None:
    filed: FiledShares = {"nodes": {(USE, "acme"): 1, (USE, "leaver"): 2, (IDLE, "acme"): 3, (IDLE, None): 4}}
    done = allocated([Line(100), correction(1000)], filed)
    assert paid(done) == {
        ("acme", "nodes"): 150,
        ("borealis", "nodes"): 50,
        ("leaver", "nodes"): 200,
        ("acme", "nodes idle"): 300,
        (None, "nodes idle"): 400,
    }
    assert done.as_filed == {"2026-09": ("nodes",)}


def test_a_pool_that_serves_others_reaches_them_and_there_follows_their_shares() -> None:
    rules = rulebook(
        PLATFORM | {"serves": {"nodes": 60}},
        POOL,
        rules=[{"rule": "all", "pool": "platform"}],
    )
    usage = [*EQUAL, Usage("acme", "users", 30), Usage("borealis", "users", 10)]
    done = allocated([correction(1000)], {"nodes": {(USE, "acme"): 1, (USE, "leaver"): 5}}, rules, usage)
    # 60 % reach the nodes and follow September; 40 % stay with the platform, which September did not have.
    assert paid(done) == {
        ("acme", "nodes"): 100,
        ("leaver", "nodes"): 500,
        ("acme", "platform"): 300,
        ("borealis", "platform"): 100,
    }


def test_all_corrections_of_a_month_need_one_slot_and_one_fallback() -> None:
    rules = rulebook(POOL | {"fallback": {"even": "nothing was measured"}})
    lines = [correction(8, days=(number, number + 1)) for number in range(1, 5)]
    done = allocated(lines, {}, rules, [])
    start, end = (moment.replace(tzinfo=None) for moment in MONTH)
    assert done.fallbacks == (Fallback("nodes", start, end, "even"),)
    assert paid(done) == {("acme", "nodes"): 16, ("borealis", "nodes"): 16}
    filed = allocated(lines, {"nodes": {(USE, "acme"): 1}}, rules, [])
    assert (filed.fallbacks, paid(filed)) == ((), {("acme", "nodes"): 32})


def test_days_outside_the_month_are_divided_by_the_whole_of_it() -> None:
    late = Line(90, values={"period_start": "2026-12-01 02:00:00", "period_end": "2026-12-01 03:00:00"})
    early = Line(30, values={"period_start": "2026-10-31 16:00:00", "period_end": "2026-10-31 17:00:00"})
    usage = [Usage("acme", "cpu-requests", 2, (3, 4)), Usage("borealis", "cpu-requests", 1, (9, 10))]
    done = allocated([late, early], {}, usage=usage)
    assert paid(done) == {("acme", "nodes"): 80, ("borealis", "nodes"): 40}


def test_nothing_of_a_correction_is_carried_into_the_next_month() -> None:
    lines = [Line(101), Line(7, (3, 4))]
    filed: FiledShares = {"nodes": {(USE, "acme"): 1, (USE, "borealis"): 1, (USE, "leaver"): 1}}
    alone = allocated(lines, {})
    corrected = allocated([*lines, correction(1001), correction(700, (5, 6))], filed)
    assert corrected.residuals == alone.residuals
    assert alone.residuals == {}
    own = {cell.tenant: cell.units for cell in corrected.cells if not cell.other_month}
    assert own == {cell.tenant: cell.units for cell in alone.cells}
    # 567 each, although in each of the two shared charges acme wins the tie.
    assert {cell.tenant: cell.units for cell in corrected.cells if cell.other_month} == {
        "acme": 567,
        "borealis": 567,
        "leaver": 567,
    }


amounts = st.integers(-(10**15), 10**15)
shares = st.dictionaries(
    st.tuples(st.sampled_from((USE, IDLE)), st.sampled_from(("acme", "borealis", "leaver", "other"))),
    st.integers(0, 10**21),
    min_size=1,
).filter(lambda found: any(found.values()))


@examples(10, of=200)
@given(st.lists(st.tuples(amounts, st.integers(1, 28)), min_size=1, max_size=8), shares)
def test_every_unit_goes_to_somebody_and_nobody_is_a_unit_off(
    charges: list[tuple[int, int]], weights: dict[Any, int]
) -> None:
    lines = [correction(units, days=(number, number + 1)) for units, number in charges]
    done = allocated([*lines, Line(7)], {"nodes": weights})
    assert total(done) == done.charged == sum(units for units, _ in charges) + 7
    whole = sum(weights.values())
    parts = {
        key: sum(
            cell.units
            for cell in done.cells
            if cell.other_month and (cell.allocation_type, cell.tenant) == key
        )
        for key in weights
    }
    # Split by allocation type and then by tenant, each within a unit for every shared charge.
    near = 2 * len(charges) + Fraction(10 * sum(abs(units) for units, _ in charges), LARGEST_WEIGHT) * len(
        weights
    )
    for key, weight in weights.items():
        due = Fraction(weight * sum(units for units, _ in charges), whole)
        assert abs(parts[key] - due) <= near

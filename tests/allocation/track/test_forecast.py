from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.errors import AllocationError
from allocation.money import UNITS_PER_CENT
from allocation.track.anomalies import Event
from allocation.track.back_test import Error
from allocation.track.budgets import Budget, Scope, Thresholds, crossed, without_cost
from allocation.track.daily_month import DailyMonth, Key
from allocation.track.forecast import Forecast, back_tested_interval, sum_of, tenant_forecast
from allocation.track.methods import Method
from allocation.track.month_to_date import About, Asked, lines_of, tracked
from tests.allocation.track.made import ACME, IDLE, NODES, NOVEMBER, month, row, rows, span_of, whole
from tests.sampling import examples

CENT = UNITS_PER_CENT
costs = st.lists(st.integers(0, 10**13), min_size=30, max_size=30)


def filed(*numbers: int) -> list[DailyMonth]:
    return [whole(number, rows(ACME, span_of(number))) for number in numbers]


@given(costs)
@examples(10, of=40)
def test_the_forecast_of_a_finished_month_is_its_cost(units: list[int]) -> None:
    of = dict(zip(range(*NOVEMBER), units, strict=True))
    november = month(NOVEMBER, rows(ACME, NOVEMBER, of.__getitem__), through=NOVEMBER.end - 1)
    made = tenant_forecast(filed(9, 10), november, "acme")
    assert (made.total, made.low, made.high, made.rest) == (sum(units),) * 3 + (0,)


@given(costs, st.integers(1, 29))
@examples(12, of=60)
def test_the_interval_contains_the_forecast_and_begins_with_what_is_spent(
    units: list[int], number: int
) -> None:
    of = dict(zip(range(*NOVEMBER), units, strict=True))
    november = month(
        NOVEMBER, rows(ACME, NOVEMBER, of.__getitem__, number), through=NOVEMBER.first + number - 1
    )
    made = tenant_forecast(filed(6, 7, 8, 9, 10), november, "acme")
    assert made.spent == sum(units[:number])
    assert made.low is not None
    assert made.high is not None
    assert made.spent <= made.low <= made.total <= made.high


def test_a_fee_of_the_month_is_expected_once() -> None:
    october = whole(
        10, rows(ACME, span_of(10)), [row(ACME, span_of(10).first, 73 * CENT, days=31, service="EKS")]
    )
    without = month(NOVEMBER, rows(ACME, NOVEMBER, until=9))
    booked = month(
        NOVEMBER,
        rows(ACME, NOVEMBER, until=9),
        [row(ACME, NOVEMBER.first, 75 * CENT, days=30, service="EKS")],
    )
    assert tenant_forecast([october], without, "acme").expected == 73 * CENT
    made = tenant_forecast([october], booked, "acme")
    assert (made.expected, made.rest) == (0, 21 * 10**10)
    assert made.total == 30 * 10**10 + 75 * CENT


def test_a_pools_fee_that_has_come_is_not_expected_of_who_left_the_pool() -> None:
    october = whole(10, rows(IDLE, span_of(10)), [row(NODES, span_of(10).first, 73 * CENT, days=31)])
    november = month(NOVEMBER, rows(IDLE, NOVEMBER, until=9), [row(IDLE, NOVEMBER.first, 73 * CENT, days=30)])
    assert tenant_forecast([october], november, "acme").expected == 0


def test_tax_follows_the_cost() -> None:
    october = whole(
        10,
        rows(ACME, span_of(10)),
        [row(ACME, span_of(10).end - 1, 31 * 10**9, service="Tax", category="Tax")],
    )
    november = month(NOVEMBER, rows(ACME, NOVEMBER, lambda _: 2 * 10**10, until=9))
    made = tenant_forecast([october], november, "acme")
    assert made.expected == 30 * 2 * 10**9
    part = month(
        NOVEMBER,
        rows(ACME, NOVEMBER, lambda _: 2 * 10**10, until=9),
        [row(ACME, NOVEMBER.first, 10**9, service="Tax", category="Tax")],
    )
    assert tenant_forecast([october], part, "acme").total == made.total


def test_credits_and_corrections_are_expected_of_nobody() -> None:
    extra = [
        row(ACME, span_of(10).first, -50, category="Credit"),
        row(ACME, span_of(10).first, 9, other_month="2026-09"),
    ]
    october = whole(10, rows(ACME, span_of(10)), extra)
    assert tenant_forecast([october], month(NOVEMBER, rows(ACME, NOVEMBER, until=9)), "acme").expected == 0


def test_days_that_are_missing_or_partly_there_are_forecast() -> None:
    gap, last = NOVEMBER.first + 4, NOVEMBER.first + 9
    found = [each for each in rows(ACME, NOVEMBER, until=9) if each.first != gap]
    november = month(NOVEMBER, found, [row(ACME, last, 10**9)])
    made = tenant_forecast(filed(9, 10), november, "acme")
    assert (made.spent, made.total) == (8 * 10**10 + 10**9, 30 * 10**10)


def test_too_few_days_say_no_interval() -> None:
    made = tenant_forecast([], month(NOVEMBER, rows(ACME, NOVEMBER, until=3)), "acme")
    assert (made.total, made.low, made.high, made.error_ppm) == (30 * 10**10, None, None, None)
    assert tenant_forecast([], month(NOVEMBER, rows(ACME, NOVEMBER, until=5)), "acme").low is not None


def test_a_sum_is_as_wrong_as_its_parts_were_together() -> None:
    one = Forecast(10, 100, errors=(Error("2026-10", 90, 100, 200),), method=Method.LEVEL)
    other = Forecast(5, 100, errors=(Error("2026-10", 110, 100, 200),), method=Method.LEVEL)
    both = sum_of([one, other])
    assert (both.spent, both.rest, both.total) == (15, 200, 215)
    assert [(error.said, error.was, error.missed) for error in both.errors] == [(200, 200, 0)]
    assert both.method is None


def test_of_four_months_the_worst_makes_the_interval_and_of_nine_the_second_worst() -> None:
    def tried(count: int) -> list[Error]:
        return [Error(f"{number}", 100, 100 + number, 100) for number in range(1, count + 1)]

    assert back_tested_interval(1000, tried(4)) == 40
    assert back_tested_interval(1000, tried(9)) == 80
    assert back_tested_interval(1000, []) is None


@given(st.integers(1, 10**15), st.integers(0, 10**15), st.integers(0, 10**15))
@examples(12, of=60)
def test_a_larger_budget_is_exceeded_by_less(units: int, spent: int, rest: int) -> None:
    cost = {(Scope.CLIENT, "acme-ltd"): Forecast(spent, rest)}
    levels = Thresholds((50, 80, 100), (100, 120))

    def over(budget: int) -> dict[str, int]:
        return {
            each.of: each.percent
            for each in crossed([Budget(Scope.CLIENT, "acme-ltd", budget)], cost, levels)
        }

    small, large = over(units), over(units + 1)
    assert all(small.get(of, 0) >= percent for of, percent in large.items())
    for of, amount in (("spent", spent), ("forecast", spent + rest)):
        assert (of in small) == (amount * 100 > units * min(levels[of == "forecast"]))


def test_a_budget_without_a_cost_is_named_and_never_kept() -> None:
    gone = Budget(Scope.CLIENT, "left-ltd", 5)
    assert list(crossed([gone], {}, Thresholds())) == []
    assert without_cost([gone], {}) == [gone]


def test_rows_add_up_and_a_change_is_known() -> None:
    november = month(
        NOVEMBER, rows(ACME, NOVEMBER, until=9), rows(NODES, NOVEMBER, until=9), rows(IDLE, NOVEMBER, until=9)
    )
    asked = Asked(
        [About("acme", "acme", "acme-ltd", "dedicated-db", 7, NOVEMBER.first + 3)],
        [Budget(Scope.TIER, "dedicated-db", 10**11), Budget(Scope.CLIENT, "left-ltd", 5)],
        events=[Event("acme", NOVEMBER.first + 3, "it moved")],
    )
    lines = {(each.scope, each.name): each for each in lines_of("local", filed(9, 10), november, asked)}
    whole_line = lines[Scope.PORTFOLIO, "local"].forecast
    acme, nobody = lines[Scope.TENANT, "acme"].forecast, lines[Scope.TENANT, ""].forecast
    assert acme.changed_on == NOVEMBER.first + 3
    assert whole_line.total == acme.total + nobody.total == 90 * 10**10
    assert lines[Scope.CLIENT, "acme-ltd"].forecast == lines[Scope.TIER, "dedicated-db"].forecast == acme
    made = tracked("local", "USD", filed(9, 10), november, asked)
    assert [(each.budget.name, each.of) for each in made.crossed] == [
        ("dedicated-db", "spent"),
        ("dedicated-db", "forecast"),
    ]
    assert "budget of client 'left-ltd': the month has no cost of it, so nothing is compared" in made.notes


def test_what_is_spent_is_what_the_statement_says_or_nothing_is_said() -> None:
    november = month(NOVEMBER, rows(ACME, NOVEMBER, until=9))
    assert tenant_forecast([], november, "acme", stated=9 * 10**10).spent == 9 * 10**10
    with pytest.raises(
        AllocationError, match=r"acme: the charges by day add up to 9\.00, the statement says 9\.01"
    ):
        tenant_forecast([], november, "acme", stated=9 * 10**10 + CENT)


@given(costs)
@examples(10, of=40)
def test_what_is_to_come_is_in_whole_cents(units: list[int]) -> None:
    of = dict(zip(range(*NOVEMBER), units, strict=True))
    made = tenant_forecast([], month(NOVEMBER, rows(ACME, NOVEMBER, of.__getitem__, 9)), "acme")
    assert made.rest % CENT == 0
    assert made.high is not None
    assert (made.high - made.spent) % CENT == 0


def test_whoever_begins_in_the_middle_of_a_month_is_not_forecast_before() -> None:
    new = Key("new", "")
    begun = [each for each in rows(new, NOVEMBER, until=20) if each.first >= NOVEMBER.first + 15]
    november = month(NOVEMBER, rows(ACME, NOVEMBER, until=20), begun)
    made = tenant_forecast(filed(9, 10), november, "new")
    assert (made.spent, made.total) == (5 * 10**10, 15 * 10**10)


def test_who_is_charged_nothing_yet_is_not_certain_to_cost_nothing() -> None:
    november = month(NOVEMBER, rows(ACME, NOVEMBER, until=9))
    asked = Asked([About("new", "new", "new-ltd", "dedicated-db", 7)])
    made = tracked("local", "USD", filed(9, 10), november, asked)
    lines = {(each.scope, each.name): each.forecast for each in made.lines}
    new, nobody = lines[Scope.TENANT, "new"], lines[Scope.TENANT, ""]
    assert (new.spent, new.low, new.high) == (0, None, None)
    assert (nobody.low, nobody.high) == (0, 0)
    said = "nothing is charged yet by day of new: the rest of its month is in no forecast"
    assert said in made.notes
    none = Forecast(5, 0)
    assert (sum_of([none, none]).low, sum_of([new, new]).high) == (None, None)
    over = month(NOVEMBER, rows(ACME, NOVEMBER), through=NOVEMBER.end - 1)
    assert said not in tracked("local", "USD", filed(9, 10), over, asked).notes


def test_the_fee_of_a_pool_comes_again_when_one_of_those_who_paid_it_left() -> None:
    gone = Key("gone", "platform")
    october = whole(
        10,
        rows(ACME, span_of(10)),
        [row(key, span_of(10).first, 30 * CENT, days=31) for key in (gone, Key("acme", "platform"))],
    )
    november = month(NOVEMBER, rows(ACME, NOVEMBER, until=9))
    lines = {(each.scope, each.name): each for each in lines_of("local", [october], november, Asked([]))}
    assert lines[Scope.TENANT, "acme"].forecast.expected == 30 * CENT
    assert lines[Scope.PORTFOLIO, "local"].forecast.expected == 60 * CENT


def test_hours_of_people_are_no_days_of_the_bill() -> None:
    ticket = row(ACME, NOVEMBER.first + 14, 60 * 10**10, service="Labour", frequency="Usage-Based")
    november = month(NOVEMBER, rows(ACME, NOVEMBER, until=9), [ticket])
    assert (november.through, november.missing) == (NOVEMBER.first + 8, ())
    made = tenant_forecast(filed(9, 10), november, "acme")
    assert (made.spent, made.rest, made.expected) == (69 * 10**10, 21 * 10**10, 0)
    said = "hours that people will work until the month ends are in no forecast, those so far are spent"
    assert said in tracked("local", "USD", filed(9, 10), november, Asked([])).notes

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.track.back_test import Error, back_test, chosen, typical
from allocation.track.methods import Method, edge_ratio, forecast
from allocation.track.series import MILLION, Series, Span, weekday_profile
from tests.sampling import examples

SPANS = tuple(Span.month(date(2026, number, 1)) for number in range(6, 12))
*FILED, NOVEMBER = SPANS
"""June to October, and the month that runs."""


def series(of: dict[int, int], through: int, since: int | None = None) -> Series:
    return Series({day: units for day, units in of.items() if day <= through}, tuple(FILED), since)


def by_weekday(weekend: int = 40, working: int = 100) -> dict[int, int]:
    """Every day of all months, in cents of a unit: two days of a week cost less."""
    return {
        day: (weekend if date.fromordinal(day).weekday() > 4 else working) * 10_000
        for span in SPANS
        for day in range(*span)
    }


days = st.lists(st.integers(0, 10**12), min_size=len(by_weekday()), max_size=len(by_weekday()))


@given(days, st.integers(0, 29), st.sampled_from(list(Method)))
@examples(12, of=60)
def test_a_forecast_says_each_day_that_is_not_known_and_nothing_else(
    units: list[int], number: int, method: Method
) -> None:
    through = NOVEMBER.first + number
    said = forecast(method, series(dict(zip(by_weekday(), units, strict=True)), through), NOVEMBER, through)
    assert said is None or set(said) == set(range(through + 1, NOVEMBER.end))


@given(days, st.integers(0, 29), st.sampled_from(list(Method)))
@examples(12, of=60)
def test_nothing_after_the_last_known_day_is_looked_at(units: list[int], number: int, method: Method) -> None:
    through = NOVEMBER.first + number
    of = dict(zip(by_weekday(), units, strict=True))
    known = series(of, through)
    assert forecast(method, Series(of, tuple(FILED)), NOVEMBER, through) == forecast(
        method,
        Series(of | dict.fromkeys(range(through + 1, NOVEMBER.end), 7), tuple(FILED)),
        NOVEMBER,
        through,
    )
    assert chosen(known, NOVEMBER, through, back_test(known, NOVEMBER, through)) is not None


charged = st.lists(st.integers(10**9, 10**12), min_size=len(by_weekday()), max_size=len(by_weekday()))


@given(charged, st.integers(2, 1000), st.sampled_from(list(Method)))
@examples(12, of=60)
def test_another_currency_scales_what_is_said(units: list[int], factor: int, method: Method) -> None:
    through = NOVEMBER.first + 9
    of = dict(zip(by_weekday(), units, strict=True))
    times = {day: each * factor for day, each in of.items()}
    small = forecast(method, series(of, through), NOVEMBER, through)
    large = forecast(method, series(times, through), NOVEMBER, through)
    assert (small is None) == (large is None)
    for day, each in (small or {}).items():
        # Ratios are the same parts per million; what remains is that each division rounds a unit down.
        assert large is not None
        assert abs(large[day] - each * factor) <= factor * 10**6


@pytest.mark.parametrize("method", [Method.WEEKDAY, Method.LEVEL, Method.MONTH_END, Method.DRIFT])
def test_weekdays_that_repeat_are_forecast_exactly(method: Method) -> None:
    through = NOVEMBER.first + 9
    of = by_weekday()
    said = forecast(method, series(of, through), NOVEMBER, through)
    assert said is not None
    assert all(abs(said[day] - of[day]) <= of[day] // 10_000 for day in said)


def test_the_run_rate_knows_no_weekend_and_is_off() -> None:
    through = NOVEMBER.first + 5  # a Friday: one weekend day so far
    of = by_weekday()
    said = forecast(Method.RUN_RATE, series(of, through), NOVEMBER, through)
    assert said is not None
    assert sum(said.values()) > sum(of[day] for day in said) * 105 // 100


def test_days_that_end_months_are_learnt() -> None:
    of = by_weekday(100, 100)
    of |= {span.end - place: 1_500_000 for span in SPANS for place in (1, 2)}
    through = NOVEMBER.first + 19
    known = series(of, through)
    assert edge_ratio(known, NOVEMBER, NOVEMBER.end - 1) == 1_500_000
    assert edge_ratio(known, NOVEMBER, NOVEMBER.end - 3) == MILLION
    method = chosen(known, NOVEMBER, through, back_test(known, NOVEMBER, through))
    assert method is Method.MONTH_END
    assert forecast(method, known, NOVEMBER, through) == {
        day: of[day] for day in range(through + 1, NOVEMBER.end)
    }


def test_after_a_known_change_older_days_say_nothing_of_the_level() -> None:
    step = NOVEMBER.first + 7
    of = {day: units * (3 if day >= step else 1) for day, units in by_weekday(100, 100).items()}
    through = step + 1
    told = series(of, through, since=step)
    method = chosen(told, NOVEMBER, through, back_test(told, NOVEMBER, through))
    said = forecast(method, told, NOVEMBER, through) if method else None
    untold = forecast(Method.LEVEL, series(of, through), NOVEMBER, through)
    assert said is not None
    assert untold is not None
    assert set(said.values()) == {3_000_000}
    assert set(untold.values()) == {1_000_000}


def test_weekdays_are_not_learnt_from_one_week() -> None:
    of = {day: units for day, units in by_weekday().items() if day > NOVEMBER.first - 9}
    assert weekday_profile(Series(of), NOVEMBER.first - 1) == (MILLION,) * 7
    profile = weekday_profile(series(by_weekday(), NOVEMBER.first), NOVEMBER.first)
    assert sorted(set(profile)) == [482_758, 1_206_896]


def test_a_back_test_sees_what_was_known_then_and_one_odd_month_decides_nothing() -> None:
    through = NOVEMBER.first + 9
    of = by_weekday(100, 100)
    of[FILED[2].end - 5] = 10**9
    tested = back_test(series(of, through), NOVEMBER, through)
    assert [error.month for error in tested[Method.LEVEL]] == ["2026-08", "2026-09", "2026-10"]
    assert [error.missed > 0 for error in tested[Method.LEVEL]] == [True, False, False]
    assert typical(tested[Method.LEVEL]) == 0
    assert typical(tested[Method.LAST_MONTH]) > 0


def test_without_filed_months_the_first_method_that_knows_enough_is_taken() -> None:
    through = NOVEMBER.first + 3
    alone = Series(dict.fromkeys(range(NOVEMBER.first, through + 1), 5))
    assert back_test(alone, NOVEMBER, through) == {}
    assert chosen(alone, NOVEMBER, through, {}) is Method.LEVEL
    assert chosen(Series({}), NOVEMBER, through, {}) is None


def test_an_error_is_that_of_the_rest_of_the_month() -> None:
    assert Error("2026-10", 90, 100, 300).missed == 10

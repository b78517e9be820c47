from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.track.anomalies import LEAST_UNITS, Anomaly, Event, Owner, anomalies
from allocation.track.daily_month import Key
from tests.allocation.track.made import ACME, NODES, NOVEMBER, month, row, rows, span_of, whole
from tests.sampling import examples

TEN = 10 * LEAST_UNITS


def usual(day: int) -> int:
    """Weekends cost half, and no two days the same."""
    return (TEN // 2 if date.fromordinal(day).weekday() > 4 else TEN) + day * 7 % 11 * 10**8


def found(
    more: Mapping[int, int], *events: Event, key: Key = ACME, least: int = LEAST_UNITS, until: int = 25
) -> tuple[Anomaly, ...]:
    past = [whole(number, rows(key, span_of(number), usual)) for number in (9, 10)]
    november = month(NOVEMBER, rows(key, NOVEMBER, lambda day: usual(day) + more.get(day, 0), until))
    return anomalies(past, november, events, least)


def test_days_as_usual_are_none() -> None:
    assert found({}) == ()


@pytest.mark.parametrize("number", [0, 6, 13, 24])
@pytest.mark.parametrize("more", [5 * LEAST_UNITS, -4 * LEAST_UNITS])
def test_a_day_that_is_unlike_is_found_whichever_it_is(number: int, more: int) -> None:
    (one,) = found({NOVEMBER.first + number: more})
    assert (one.owner, one.first, one.last) == (
        Owner("acme", ""),
        NOVEMBER.first + number,
        NOVEMBER.first + number,
    )
    assert abs(one.difference - more) < LEAST_UNITS
    assert one.event is None


def test_days_in_a_row_are_one_and_those_of_a_pool_are_the_pools() -> None:
    (one,) = found({NOVEMBER.first + number: TEN for number in (10, 11, 12)}, key=NODES)
    assert (one.owner, len(one.days)) == (Owner("", "nodes"), 3)


def test_another_rulebook_is_named_in_its_first_days_whoever_is_unlike() -> None:
    rules = Event("", NOVEMBER.first, "rulebook 2026-12 is in force", everybody=True)
    for key in (ACME, NODES):
        assert found({NOVEMBER.first + 2: TEN}, rules, key=key)[0].event == rules
        assert found({NOVEMBER.first + 9: TEN}, rules, key=key)[0].event is None
    own = Event("acme", NOVEMBER.first + 2, "it moved")
    assert found({NOVEMBER.first + 2: TEN}, rules, own)[0].event == own


def test_a_known_change_is_named_and_anothers_is_not() -> None:
    day = NOVEMBER.first + 10
    own, other = Event("acme", day, "it moved"), Event("borealis", day, "it moved")
    assert found({day: TEN}, own)[0].event == own
    assert found({day: TEN}, other)[0].event is None
    assert found({day: TEN}, Event("acme", day + 1, "too late"))[0].event is None
    assert found({day: TEN}, other, key=NODES)[0].event == other


def test_a_pool_that_is_charged_no_more_is_one_and_a_tenant_that_left_is_none() -> None:
    gone = Key("gone", "")
    past = [
        whole(number, *(rows(key, span_of(number), usual) for key in (ACME, NODES, gone)))
        for number in (9, 10)
    ]
    (one,) = anomalies(past, month(NOVEMBER, rows(ACME, NOVEMBER, usual, 10)))
    assert (one.owner, len(one.days)) == (Owner("", "nodes"), 10)
    assert one.difference < 0


def test_what_is_booked_on_the_first_day_for_a_month_is_none() -> None:
    past = [whole(10, rows(ACME, span_of(10), usual))]
    fee = [row(ACME, NOVEMBER.first, 50 * TEN, days=30)]
    assert anomalies(past, month(NOVEMBER, rows(ACME, NOVEMBER, usual, 20), fee)) == ()


def test_a_difference_of_less_than_the_least_is_none() -> None:
    day = NOVEMBER.first + 10
    assert found({day: 5 * LEAST_UNITS})
    assert found({day: 5 * LEAST_UNITS}, least=6 * LEAST_UNITS) == ()


def test_before_three_weeks_are_known_a_weekend_is_none() -> None:
    november = month(NOVEMBER, rows(ACME, NOVEMBER, usual, 20))
    assert anomalies([], november) == ()
    more = [row(ACME, NOVEMBER.first + 3, TEN)]
    (one,) = anomalies([], month(NOVEMBER, rows(ACME, NOVEMBER, usual, 21), more))
    assert one.first == NOVEMBER.first + 3


@given(st.integers(0, 24), st.integers(2, 10**6))
@examples(10, of=30)
def test_another_scale_finds_the_same(number: int, factor: int) -> None:
    day = NOVEMBER.first + number

    def at(scale: int) -> list[int]:
        def cost(each: int) -> int:
            return scale * (usual(each) + (TEN if each == day else 0))

        past = [whole(10, rows(ACME, span_of(10), lambda each: scale * usual(each)))]
        november = month(NOVEMBER, rows(ACME, NOVEMBER, cost, 25))
        return [each.first for each in anomalies(past, november, least=scale * LEAST_UNITS)]

    assert at(factor) == at(1)

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from allocation.engine.drivers import Driver
from allocation.review.usage_levels import Level, levels

FIRST = datetime(2026, 11, 1)  # noqa: DTZ001 - the table says UTC without a zone


def day(number: int, quantity: str, hours: int = 24) -> tuple[str, str, datetime, datetime, Decimal]:
    start = FIRST + timedelta(days=number)
    return ("acme", "users", start, start + timedelta(hours=hours), Decimal(quantity))


def test_what_accrues_by_the_hour_becomes_a_level() -> None:
    level = levels([day(0, "240"), day(1, "480")])["acme", Driver.USERS]
    assert level.days == {date(2026, 11, 1): Decimal(10), date(2026, 11, 2): Decimal(20)}
    assert (level.average, level.most) == (Decimal(15), Decimal(20))


def test_an_interval_of_a_month_counts_for_each_of_its_days() -> None:
    level = levels([day(0, "7200", hours=720)])["acme", Driver.USERS]
    assert set(level.days.values()) == {Decimal(10)}
    assert len(level.days) == 30


def test_a_day_measured_in_parts_has_their_average() -> None:
    start = FIRST
    noon = start + timedelta(hours=12)
    rows = [
        ("acme", "users", start, noon, Decimal(12)),
        ("acme", "users", noon, start + timedelta(hours=18), Decimal(24)),
    ]
    level = levels(rows)["acme", Driver.USERS]
    # 12 hours of one, 6 of four.
    assert level.days == {date(2026, 11, 1): Decimal(2)}
    assert level.intervals == (Decimal(1), Decimal(4))


def test_what_does_not_accrue_by_the_hour_has_no_level() -> None:
    assert levels([("acme", "ingress-requests", FIRST, FIRST + timedelta(days=1), Decimal(5))]) == {}


def test_the_ninety_fifth_percentile_is_a_measured_value() -> None:
    assert Level(intervals=tuple(map(Decimal, range(1, 101)))).p95 == 95
    assert Level(intervals=(Decimal(3),)).p95 == 3
    assert Level().p95 == 0


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_no_more_than_a_twentieth_lies_above_it(values: list[int]) -> None:
    level = Level(intervals=tuple(map(Decimal, values)))
    assert sum(1 for value in values if value > level.p95) * 20 <= len(values)


@given(st.lists(st.booleans(), max_size=40))
def test_the_longest_breach_is_the_longest_run_of_days(above: list[bool]) -> None:
    days = {
        date(2026, 11, 1) + timedelta(days=n): Decimal(11 if each else 10) for n, each in enumerate(above)
    }
    found = Level(days).longest_above(Decimal(10))
    runs = "".join("x" if each else " " for each in above).split()
    assert ((found[1] - found[0]).days + 1 if found else 0) == max(map(len, runs), default=0)


def test_a_day_that_was_not_measured_breaks_a_breach() -> None:
    days = {date(2026, 11, number): Decimal(11) for number in (1, 2, 4, 5, 6)}
    assert Level(days).longest_above(Decimal(10)) == (date(2026, 11, 4), date(2026, 11, 6))

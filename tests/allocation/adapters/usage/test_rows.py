from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from allocation.adapters.usage.rows import WIDE, days_of, rounded
from allocation.charges import ChargePeriod


def test_a_month_is_its_days_one_after_the_other() -> None:
    month = ChargePeriod.month("2026-10")
    days = list(days_of(month))
    assert len(days) == 31
    assert (days[0].start, days[-1].end) == (month.start, month.end)
    assert all(one.end == other.start for one, other in pairwise(days))
    assert {day.end - day.start for day in days} == {timedelta(days=1)}


def test_a_period_that_begins_at_noon_has_a_short_first_day() -> None:
    noon = datetime(2026, 10, 1, 12, tzinfo=UTC)
    first, second = days_of(ChargePeriod(noon, noon + timedelta(hours=20)))
    assert (first.end, second.end) == (datetime(2026, 10, 2, tzinfo=UTC), noon + timedelta(hours=20))


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1E+999999"])
def test_what_is_no_amount_stays_to_be_refused(text: str) -> None:
    assert str(rounded(Decimal(text))) == text


def test_halves_go_away_from_zero() -> None:
    assert rounded(Decimal("-0.0000000005")) == Decimal("-1E-9")


def test_arithmetic_of_what_a_server_says_never_raises() -> None:
    assert WIDE.add(Decimal("Infinity"), Decimal("-Infinity")).is_nan()
    assert WIDE.multiply(Decimal("1E+999999"), Decimal("1E+999999")).is_infinite()

from __future__ import annotations

from calendar import monthrange

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tiers.cron import AwsCron

CRON: TypeAdapter[str] = TypeAdapter(AwsCron)


def valid(text: str) -> bool:
    try:
        return CRON.validate_python(text) == text
    except ValidationError:
        return False


@pytest.mark.parametrize(
    "text",
    [
        "cron(0 3 * * ? *)",
        "cron(0 6 1 * ? *)",
        "cron(0 12 ? * MON-FRI *)",
        "cron(15,45 0/6 * * ? *)",
        "cron(0 8 1W * ? *)",
        "cron(0 8 L * ? *)",
        "cron(0 10 ? JAN,JUL 6L 2026)",
        "cron(0 10 ? * 6#3 2026-2030)",
        "cron(0 3 29 2 ? *)",
        "cron(0 3 31 2,3 ? *)",
        "cron(0 3 31 FEB-MAR ? *)",
        "cron(0 3 31 2/2 ? *)",
        "cron(0 3 1,31 2 ? *)",
        "cron(0 3 20-31 2 ? *)",
        "cron(0 3 LW 2 ? *)",
        "cron(0 3 31 11-2 ? *)",
    ],
)
def test_expressions_of_aws_are_taken(text: str) -> None:
    assert valid(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0 3 * * *", "it has 0 fields"),
        ("cron(0 3 * * *)", "it has 5 fields"),
        ("cron(0  3 * * ? *)", "it has 7 fields"),
        ("rate(1 day)", "it has 0 fields"),
        ("cron(60 3 * * ? *)", "'60' is no minutes"),
        ("cron(0 24 * * ? *)", "'24' is no hours"),
        ("cron(0 3 32 * ? *)", "'32' is no day of the month"),
        ("cron(0 3 ? 13 1 *)", "'13' is no month"),
        ("cron(0 3 ? * 0 *)", "'0' is no day of the week"),
        ("cron(0 3 * * ? 1969)", "'1969' is no year"),
        ("cron(0 3 * * * *)", "exactly one of day of the month and day of the week is '?'"),
        ("cron(0 3 ? * ? *)", "exactly one of day of the month and day of the week is '?'"),
        ("cron(0 3 * * ? *) ", "it has 0 fields"),
        ("cron(0/0 3 * * ? *)", "'0/0' is no minutes"),
        ("cron(0, 3 * * ? *)", "'0,' is no minutes"),
        ("cron(0 3 ?,1 * ? *)", "'?' stands in no list, and '?,1' is one"),
        ("cron(0 3 ? * MON,? *)", "'?' stands in no list, and 'MON,?' is one"),
        ("cron(0 3 ? * 3#1,6#3 *)", "'#' stands in no list, and '3#1,6#3' is one"),
        ("cron(0 3 31 2 ? *)", "it never starts: month 2 has no day 31"),
        ("cron(0 3 30-31 FEB ? *)", "it never starts: month FEB has no day 30-31"),
        ("cron(0 3 31 4,6,SEP ? *)", "it never starts: month 4,6,SEP has no day 31"),
        ("cron(0 3 31 4-6/2 ? *)", "it never starts: month 4-6/2 has no day 31"),
    ],
)
def test_anything_else_is_refused_with_the_field(text: str, why: str) -> None:
    with pytest.raises(ValidationError, match="should be a cron expression of AWS") as caught:
        CRON.validate_python(text)
    assert why in str(caught.value)


@given(st.integers(-5, 99), st.integers(-5, 99))
def test_numbers_are_taken_within_the_limits_of_their_field(minute: int, hour: int) -> None:
    assert valid(f"cron({minute} {hour} * * ? *)") is (0 <= minute <= 59 and 0 <= hour <= 23)


@given(st.integers(1, 31), st.integers(1, 12))
def test_a_day_is_taken_where_its_month_has_it_in_some_year(day: int, month: int) -> None:
    assert valid(f"cron(0 3 {day} {month} ? *)") is (day <= monthrange(2028, month)[1])


@given(st.text(max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    valid(text)
    valid(f"cron({text})")

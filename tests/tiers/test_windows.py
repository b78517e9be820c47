from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tiers.windows import (
    WEEKLY_WINDOW,
    BackupWindow,
    CacheWindow,
    ServerWindow,
    Window,
    daily,
    overlap,
    weekly,
)

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK, DAY = 7 * 24 * 60, 24 * 60
minutes_of_week = st.integers(0, WEEK - 1)
minutes_of_day = st.integers(0, DAY - 1)


def weekly_text(start: int, end: int) -> str:
    return "-".join(f"{DAYS[at // DAY]}:{at % DAY // 60:02}:{at % 60:02}" for at in (start, end))


def daily_text(start: int, end: int) -> str:
    return "-".join(f"{at // 60:02}:{at % 60:02}" for at in (start, end))


def refusal(kind: Any, text: str) -> str:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(text)
    return str(caught.value.errors()[0]["msg"])


@given(minutes_of_week, minutes_of_week)
def test_a_weekly_window_is_read_as_the_minutes_it_has(start: int, end: int) -> None:
    text = weekly_text(start, end)
    assert re.fullmatch(WEEKLY_WINDOW, text)
    if start // DAY == end // DAY and end <= start:
        with pytest.raises(ValueError, match="should end after it starts"):
            weekly(text)
    else:
        assert weekly(text) == Window(start, (end - start) % WEEK)


@given(minutes_of_week, st.integers(1, WEEK - 1), minutes_of_day, st.integers(1, DAY - 1))
def test_windows_overlap_exactly_when_they_share_a_minute(
    start: int, length: int, backup: int, lasts: int
) -> None:
    ours = {(start + minute) % WEEK for minute in range(length)}
    theirs = {(day * DAY + backup + minute) % WEEK for day in range(7) for minute in range(lasts)}
    assert overlap(Window(start, length), Window(backup, lasts)) is bool(ours & theirs)


@given(minutes_of_day, minutes_of_day)
def test_a_daily_window_may_run_over_midnight(start: int, end: int) -> None:
    if start == end:
        with pytest.raises(ValueError, match="should end after it starts"):
            daily(daily_text(start, end))
    else:
        assert daily(daily_text(start, end)) == Window(start, (end - start) % DAY)


@given(st.integers(0, 99), st.integers(0, 99))
def test_a_time_that_no_day_has_is_refused(hour: int, minute: int) -> None:
    text = f"sun:{hour:02}:{minute:02}-mon:12:00"
    if hour < 24 and minute < 60:
        assert weekly(text).length > 0
    else:
        assert "should hold times from 00:00 to 23:59" in refusal(ServerWindow, text)


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        (ServerWindow, "sun:29:00-sun:28:00", "times from 00:00 to 23:59"),
        (ServerWindow, "sun:03:00-sun:03:29", "at least 30 minutes, as AWS asks; it lasts 29"),
        (ServerWindow, "sun:04:00-sun:03:00", "should end after it starts"),
        (ServerWindow, "sun:03:00-sun:03:00", "should end after it starts"),
        (CacheWindow, "sun:03:00-sun:03:59", "at least 60 minutes, as AWS asks; it lasts 59"),
        (BackupWindow, "24:00-01:00", "times from 00:00 to 23:59"),
        (BackupWindow, "23:45-00:10", "at least 30 minutes, as AWS asks; it lasts 25"),
    ],
)
def test_what_aws_refuses_is_refused_with_the_reason(kind: Any, text: str, why: str) -> None:
    assert why in refusal(kind, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ServerWindow, "sun:03:00-sun:03:30"),
        (ServerWindow, "sun:23:45-mon:00:15"),
        (CacheWindow, "sat:23:30-sun:00:30"),
        (BackupWindow, "23:45-00:15"),
    ],
)
def test_what_aws_takes_is_taken(kind: Any, text: str) -> None:
    assert TypeAdapter(kind).validate_python(text) == text

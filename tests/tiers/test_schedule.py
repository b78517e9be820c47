from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tiers.schedule import MINUTES_PER_WEEK, Schedule

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
BRUSSELS = "Europe/Brussels"


def of(awake: str, timezone: str = BRUSSELS) -> Schedule:
    return Schedule(awake=awake, timezone=timezone)


@st.composite
def written(draw: st.DrawFn) -> tuple[str, set[int], int, int]:
    """A legal schedule as text; and what it says: days, and its first and last minute of a day."""
    if draw(st.booleans()):
        first, more = draw(st.integers(0, 6)), draw(st.integers(1, 6))
        days = [(first + step) % 7 for step in range(more + 1)]
        text = f"{DAYS[days[0]]}-{DAYS[days[-1]]}"
    else:
        days = draw(st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True))
        text = ",".join(DAYS[day] for day in days)
    start = draw(st.integers(0, 1439))
    end = draw(st.integers(start + 1, 1440))
    if len(set(days)) == 7 and end - start == 1440:
        end -= 1
    clock = "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (start, end))
    return f"{text} {clock}", set(days), start, end


def moments(cron: str) -> set[tuple[int, int]]:
    """When a cron expression of ours fires in a week: days, and minutes of them."""
    minute, hour, day, month, days = cron.split()
    assert (day, month) == ("*", "*")
    named = [name.title() for name in days.split(",")]
    return {(DAYS.index(name), int(hour) * 60 + int(minute)) for name in named}


# Every minute of a week: its day, and which minute of the day it is.
WEEK = [divmod(minute, 1440) for minute in range(MINUTES_PER_WEEK)]


@settings(deadline=None)
@given(written())
def test_awake_minutes_are_those_of_a_week_counted_one_by_one(given: tuple[str, set[int], int, int]) -> None:
    text, days, start, end = given
    counted = sum(day in days and start <= minute < end for day, minute in WEEK)
    assert of(text).span.minutes_per_week == counted
    assert 0 < counted < MINUTES_PER_WEEK


@settings(deadline=None)
@given(written())
def test_clocks_that_wake_and_put_to_sleep_make_exactly_these_hours(
    given: tuple[str, set[int], int, int],
) -> None:
    """Two weeks by the clocks alone: the first brings it into step, the second is compared."""
    text, days, start, end = given
    schedule = of(text)
    falls, wakes = moments(schedule.sleeps), moments(schedule.wakes)
    assert not falls & wakes, "who comes first?"
    awake, seen = False, []
    for moment in (*WEEK, *WEEK):
        awake = moment in wakes or (awake and moment not in falls)
        seen.append(awake)
    should = [day in days and start <= minute < end for day, minute in WEEK]
    assert seen[MINUTES_PER_WEEK:] == should
    again = moments(schedule.stops_again)
    assert not {moment for moment, is_awake in zip(WEEK, should, strict=True) if is_awake} & again


def test_a_week_in_which_clocks_change_has_the_same_hours_unless_the_change_is_among_them() -> None:
    """Hours go by the wall, and cost by a week without a change: it is an hour off at most."""

    def really(awake: set[int], start: int, end: int, week: date) -> int:
        zone = ZoneInfo(BRUSSELS)
        begin = datetime.combine(week, datetime.min.time(), zone).astimezone(UTC)
        after = datetime.combine(week + timedelta(days=7), datetime.min.time(), zone).astimezone(UTC)
        count = int((after - begin) / timedelta(minutes=1))
        walls = ((begin + timedelta(minutes=step)).astimezone(zone) for step in range(count))
        return sum(wall.weekday() in awake and start <= wall.hour * 60 + wall.minute < end for wall in walls)

    forward, back = date(2027, 3, 22), date(2027, 10, 25)  # summer time begins and ends on their Sundays
    days = of("Mon-Fri 07:00-19:00").span
    assert [really(set(days.days), days.start, days.end, week) for week in (forward, back)] == [3600, 3600]
    nights = of("Sat,Sun 00:00-06:00").span
    assert nights.minutes_per_week == 720
    assert [really(set(nights.days), nights.start, nights.end, week) for week in (forward, back)] == [
        660,
        780,
    ]


@pytest.mark.parametrize(
    ("awake", "wakes", "sleeps", "again"),
    [
        (
            "Mon-Fri 07:00-19:00",
            "0 7 * * MON,TUE,WED,THU,FRI",
            "0 19 * * MON,TUE,WED,THU,FRI",
            "0 20 * * MON,TUE,WED,THU,FRI,SAT,SUN",
        ),
        (
            "Sun-Thu 08:30-24:00",
            "30 8 * * MON,TUE,WED,THU,SUN",
            "0 0 * * MON,TUE,WED,THU,FRI",
            "0 1 * * MON,TUE,WED,THU,FRI,SAT,SUN",
        ),
        # A midnight between two days that are awake is no event.
        ("Mon-Fri 00:00-24:00", "0 0 * * MON", "0 0 * * SAT", "0 1 * * SAT,SUN"),
        ("Sat 00:00-24:00", "0 0 * * SAT", "0 0 * * SUN", "0 1 * * MON,TUE,WED,THU,FRI,SUN"),
    ],
)
def test_the_cron_expressions_of_a_schedule(awake: str, wakes: str, sleeps: str, again: str) -> None:
    schedule = of(awake)
    assert (schedule.wakes, schedule.sleeps, schedule.stops_again) == (wakes, sleeps, again)


@pytest.mark.parametrize(
    ("awake", "said"),
    [
        ("always", "expected days and one span"),
        ("Mon-Fri 7:00-19:00", "expected days and one span"),
        ("Mon-Fri  07:00-19:00", "expected days and one span"),
        ("Mon-Fri 07:00-19:60", "expected days and one span"),
        ("Mon-Mon 07:00-19:00", "expected days and one span"),
        ("mon-fri 07:00-19:00", "'mon' is not one of Mon, Tue, Wed, Thu, Fri, Sat, Sun"),
        ("Mon,Tue,Mon 07:00-19:00", "a day appears twice"),
        ("Mon-Fri 19:00-07:00", "expected a span that ends after it starts, at 24:00 at the latest"),
        ("Mon-Fri 07:00-07:00", "expected a span that ends after it starts"),
        ("Mon-Fri 07:00-24:01", "at 24:00 at the latest"),
        ("Mon-Sun 00:00-24:00", "is awake all week; remove the schedule"),
    ],
)
def test_what_is_no_schedule(awake: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        of(awake)


@pytest.mark.parametrize(
    "zone", ["", "Mars/Base", "europe/brussels", "America", "../etc/passwd", "posix/UTC", "/etc/localtime"]
)
def test_what_is_no_time_zone(zone: str) -> None:
    with pytest.raises(ValidationError, match="IANA time zone, such as Europe/Brussels"):
        of("Mon-Fri 07:00-19:00", zone)


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "Asia/Kolkata"])
def test_time_zones(zone: str) -> None:
    assert of("Mon-Fri 07:00-19:00", zone).timezone == zone

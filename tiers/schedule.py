"""When a sandbox is awake, and how often something is done that every tenant has a moment of its own for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from enum import StrEnum, unique
from functools import cached_property
from typing import Annotated, Final, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from tiers.vocabulary import Frozen

MINUTES_PER_WEEK: Final = 7 * 24 * 60
"""The minutes of a week without a clock change."""

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MINUTES_PER_DAY: Final = 24 * 60
_MINUTES_PER_HOUR: Final = 60
_DAYS_OF_EVERY_MONTH: Final = 28
_MONTHS_PER_QUARTER: Final = 3
_SPAN: Final = re.compile(r"(\S+) (\d\d):([0-5]\d)-(\d\d):([0-5]\d)")
_ZONE: Final = re.compile(r"(?!posix/|right/)[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")
_EXPECTED: Final = "expected days and one span, such as 'Mon-Fri 07:00-19:00' or 'Tue,Thu 08:30-12:00'"


@unique
class Cadence(StrEnum):
    """How often something is done."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"

    @property
    def runs_per_year(self) -> int:
        """How often a year, without the day or two that weeks leave."""
        return {"daily": 365, "weekly": 52, "monthly": 12, "quarterly": 4}[self]

    @property
    def most_days(self) -> int:
        """The longest time from one run to the next, in days."""
        return {"daily": 1, "weekly": 7, "monthly": 31, "quarterly": 92}[self]

    def staggered(self, name: str) -> str:
        """A cron expression whose moment follows from *name* alone, so that a thousand names do not meet.

        Days of the month end with the 28th, which every month has.

        >>> Cadence.MONTHLY.staggered("acme"), Cadence.WEEKLY.staggered("acme")
        ('59 17 18 * *', '59 17 * * THU')
        """
        left = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big")
        left, minute = divmod(left, _MINUTES_PER_HOUR)
        left, hour = divmod(left, _MINUTES_PER_DAY // _MINUTES_PER_HOUR)
        month, day = divmod(left, _DAYS_OF_EVERY_MONTH)
        month %= _MONTHS_PER_QUARTER
        months = ",".join(str(month + 1 + step) for step in range(0, 12, _MONTHS_PER_QUARTER))
        days = {
            Cadence.DAILY: "* * *",
            Cadence.WEEKLY: f"* * {_DAYS[left % len(_DAYS)].upper()}",
            Cadence.MONTHLY: f"{day + 1} * *",
            Cadence.QUARTERLY: f"{day + 1} {months} *",
        }
        return f"{minute} {hour} {days[self]}"


class Span(NamedTuple):
    """The same hours on some days of the week; Monday is 0, minutes count from midnight, half-open."""

    days: frozenset[int]
    start: int
    end: int

    @property
    def minutes_per_week(self) -> int:
        """How many minutes of a week it is awake."""
        return len(self.days) * (self.end - self.start)


def _known_zone(name: str) -> str:
    try:
        known = bool(_ZONE.fullmatch(name)) and ZoneInfo(name).key == name
    except (ValueError, OSError, KeyError):
        known = False
    if not known:
        raise ValueError("Value should be an IANA time zone, such as Europe/Brussels or Etc/UTC")
    return name


class Schedule(Frozen):
    """When a tenant is awake; outside these hours its pods and its own server are stopped."""

    awake: Annotated[str, AfterValidator(lambda text: _read(text) and text)]
    """Days and one span of hours: `Mon-Fri 07:00-19:00` or `Tue,Thu 08:30-12:00`; 24:00 at the latest."""
    timezone: Annotated[str, AfterValidator(_known_zone)]
    """A name of the IANA time zone database, such as `Europe/Brussels`."""

    @cached_property
    def span(self) -> Span:
        """The days and hours, as numbers."""
        return _read(self.awake)

    @property
    def wakes(self) -> str:
        """When it wakes, as a cron expression in its time zone; all schedulers read days by name alike."""
        span = self.span
        return _cron(span.start, span.days - self._days_without_a_break)

    @property
    def sleeps(self) -> str:
        """When it falls asleep, as a cron expression in its time zone."""
        span = self.span
        if span.end < _MINUTES_PER_DAY:
            return _cron(span.end, span.days)
        return _cron(0, {_after(day) for day in span.days} - self._days_without_a_break)

    @property
    def stops_again(self) -> str:
        """A moment of each sleep when it is stopped once more, as a cron expression in its time zone."""
        span = self.span
        asleep = _MINUTES_PER_DAY - (span.end - span.start)
        if not asleep:
            return _cron(_MINUTES_PER_HOUR, set(range(len(_DAYS))) - span.days)
        moment = (span.end + min(_MINUTES_PER_HOUR, asleep // 2)) % _MINUTES_PER_DAY
        return _cron(moment, range(len(_DAYS)))

    @property
    def _days_without_a_break(self) -> frozenset[int]:
        """Days that begin awake because the day before ended awake: nothing happens at that midnight."""
        span = self.span
        if span.start or span.end < _MINUTES_PER_DAY:
            return frozenset()
        return span.days & {_after(day) for day in span.days}


def _read(text: str) -> Span:
    matched = _SPAN.fullmatch(text)
    if matched is None:
        raise ValueError(_EXPECTED)
    days, *clock = matched.groups()
    hours, minutes, end_hours, end_minutes = map(int, clock)
    start, end = hours * _MINUTES_PER_HOUR + minutes, end_hours * _MINUTES_PER_HOUR + end_minutes
    if not start < end <= _MINUTES_PER_DAY:
        raise ValueError("expected a span that ends after it starts, at 24:00 at the latest")
    span = Span(_days_of(days), start, end)
    if span.minutes_per_week == MINUTES_PER_WEEK:
        raise ValueError("this is awake all week; remove the schedule")
    return span


def _days_of(text: str) -> frozenset[int]:
    first, dash, last = text.partition("-")
    if dash:
        begin, end = _day(first), _day(last)
        if begin == end:
            raise ValueError(_EXPECTED)
        return frozenset((begin + step) % len(_DAYS) for step in range((end - begin) % len(_DAYS) + 1))
    listed = [_day(name) for name in text.split(",")]
    if len(set(listed)) < len(listed):
        raise ValueError(f"a day appears twice; {_EXPECTED}")
    return frozenset(listed)


def _day(name: str) -> int:
    if name not in _DAYS:
        raise ValueError(f"'{name}' is not one of {', '.join(_DAYS)}; {_EXPECTED}")
    return _DAYS.index(name)


def _after(day: int) -> int:
    return (day + 1) % len(_DAYS)


def _cron(minute: int, days: Iterable[int]) -> str:
    hours, minutes = divmod(minute, _MINUTES_PER_HOUR)
    return f"{minutes} {hours} * * {','.join(_DAYS[day].upper() for day in sorted(days))}"

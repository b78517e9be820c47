"""Maintenance and backup windows as AWS accepts them, in minutes of the week, UTC, half-open.

Sources: RDS API reference, CreateDBInstance (`PreferredMaintenanceWindow`: at least 30 minutes;
`PreferredBackupWindow`: at least 30 minutes, not in conflict with the maintenance window); ElastiCache API
reference, CreateReplicationGroup (`PreferredMaintenanceWindow`: at least 60 minutes).
"""

from __future__ import annotations

import re
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator, Field

SERVER_LEAST: Final = 30
"""The shortest maintenance or backup window of a server, in minutes."""
CACHE_LEAST: Final = 60
"""The shortest maintenance window of a cache, in minutes."""
WEEKLY_WINDOW: Final = r"^(mon|tue|wed|thu|fri|sat|sun):\d\d:\d\d-(mon|tue|wed|thu|fri|sat|sun):\d\d:\d\d$"
DAILY_WINDOW: Final = r"^\d\d:\d\d-\d\d:\d\d$"

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOUR, _DAY, _WEEK = 60, 24 * 60, 7 * 24 * 60
_TIME: Final = re.compile(r"(?:(mon|tue|wed|thu|fri|sat|sun):)?(\d\d):(\d\d)")


class Window(NamedTuple):
    """A window: its first minute, counted from Monday 00:00 or from midnight, and its length in minutes."""

    start: int
    length: int


def weekly(text: str) -> Window:
    """The window written as `sun:03:00-sun:04:00`; one that ends before it starts ends a week later.

    Raises:
        ValueError: When a time does not exist, or it starts after its end on the same day.

    >>> weekly("sat:23:30-sun:00:30")
    Window(start=8610, length=60)
    """
    start, end = (_minute(part) for part in text.split("-"))
    if start // _DAY == end // _DAY and end <= start:
        raise ValueError(f"Value should end after it starts; '{text}' does not")
    return Window(start, (end - start) % _WEEK)


def daily(text: str) -> Window:
    """The window written as `00:00-01:00`; one that ends before it starts ends the next day.

    Raises:
        ValueError: When a time does not exist, or it starts when it ends.

    >>> daily("23:30-00:30")
    Window(start=1410, length=60)
    """
    start, end = (_minute(part) for part in text.split("-"))
    if start == end:
        raise ValueError(f"Value should end after it starts; '{text}' does not")
    return Window(start, (end - start) % _DAY)


def overlap(maintenance: Window, backup: Window) -> bool:
    """Whether a weekly window and one of every day have a minute in common."""
    for day in range(-1, 8):
        begins = backup.start + day * _DAY
        # A weekly window that runs into the next week is there at the week's start too.
        for start in (maintenance.start, maintenance.start - _WEEK):
            if start < begins + backup.length and begins < start + maintenance.length:
                return True
    return False


def _minute(text: str) -> int:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"Value should be a time such as sun:03:00; '{text}' is none")
    day, hour, minute = match[1], int(match[2]), int(match[3])
    if hour * _HOUR >= _DAY or minute >= _HOUR:
        raise ValueError(f"Value should hold times from 00:00 to 23:59; '{text}' is none")
    return (_DAYS.index(day) * _DAY if day else 0) + hour * _HOUR + minute


def _long_enough(window: Window, least: int) -> None:
    if window.length < least:
        raise ValueError(f"Value should last at least {least} minutes, as AWS asks; it lasts {window.length}")


def _of_server(text: str) -> str:
    _long_enough(weekly(text), SERVER_LEAST)
    return text


def _of_cache(text: str) -> str:
    _long_enough(weekly(text), CACHE_LEAST)
    return text


def _of_backup(text: str) -> str:
    _long_enough(daily(text), SERVER_LEAST)
    return text


ServerWindow = Annotated[str, Field(pattern=WEEKLY_WINDOW), AfterValidator(_of_server)]
"""When AWS may maintain a server: at least 30 minutes."""
CacheWindow = Annotated[str, Field(pattern=WEEKLY_WINDOW), AfterValidator(_of_cache)]
"""When AWS may maintain a cache: at least 60 minutes."""
BackupWindow = Annotated[str, Field(pattern=DAILY_WINDOW), AfterValidator(_of_backup)]
"""When RDS backs up every day: at least 30 minutes."""

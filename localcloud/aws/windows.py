"""Knows weekly and daily windows as AWS takes them, in minutes of the week, UTC.

Sources: RDS API Reference, CreateDBInstance, `PreferredMaintenanceWindow` (ddd:hh24:mi-ddd:hh24:mi, at
least 30 minutes, not in conflict with the backup window) and `PreferredBackupWindow` (hh24:mi-hh24:mi, at
least 30 minutes); ElastiCache API Reference, CreateReplicationGroup, `PreferredMaintenanceWindow` (at least
60 minutes); terraform-provider-aws, internal/verify/validate.go (small letters).
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from localcloud.provider import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

SERVER_LEAST: Final = 30
CACHE_LEAST: Final = 60
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOUR, _DAY, _WEEK = 60, 24 * 60, 7 * 24 * 60
_CLOCK: Final = r"([01]\d|2[0-3]):([0-5]\d)"
_WEEKLY: Final = re.compile(rf"({'|'.join(_DAYS)}):{_CLOCK}-({'|'.join(_DAYS)}):{_CLOCK}")
_DAILY: Final = re.compile(rf"{_CLOCK}-{_CLOCK}")


def weekly(text: str) -> tuple[int, int] | None:
    """Start and length of a weekly window; None where it is none.

    >>> weekly("sun:23:30-mon:00:30"), weekly("sunday")
    ((10050, 60), None)
    """
    found = _WEEKLY.fullmatch(text)
    if found is None:
        return None
    start, end = (
        _DAYS.index(found[at]) * _DAY + int(found[at + 1]) * _HOUR + int(found[at + 2]) for at in (1, 4)
    )
    return start, (end - start) % _WEEK


def daily(text: str) -> tuple[int, int] | None:
    """Start and length of a daily window; None where it is none."""
    found = _DAILY.fullmatch(text)
    if found is None:
        return None
    start, end = int(found[1]) * _HOUR + int(found[2]), int(found[3]) * _HOUR + int(found[4])
    return start, (end - start) % _DAY


def opens(text: str, after: datetime, until: datetime) -> bool:
    """Whether a weekly window opens later than *after* and no later than *until*."""
    window = weekly(text.lower())
    if window is None:
        return False
    monday = (after - timedelta(days=after.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    opening = monday + timedelta(minutes=window[0])
    return (opening if opening > after else opening + timedelta(weeks=1)) <= until


def lasts(name: str, least: int) -> Callable[[Mapping[str, Any]], Iterator[Failure]]:
    """A check that an input is a weekly window of at least *least* minutes."""

    def check(inputs: Mapping[str, Any]) -> Iterator[Failure]:
        text = inputs.get(name)
        if not isinstance(text, str):
            return
        window = weekly(text)
        if window is None:
            yield Failure(
                name, f"{name} {text!r} must satisfy the format of ddd:hh24:mi-ddd:hh24:mi in small letters"
            )
        elif window[1] < least:
            yield Failure(
                name, f"{name} {text} lasts {window[1]} minutes, where AWS asks for at least {least}"
            )

    return check


def backs_up_outside(inputs: Mapping[str, Any]) -> Iterator[Failure]:
    """A check that the daily backup window is one, lasts long enough, and meets no maintenance."""
    text, other = inputs.get("backupWindow"), inputs.get("maintenanceWindow")
    if not isinstance(text, str):
        return
    window = daily(text)
    if window is None:
        yield Failure("backupWindow", f"backupWindow {text!r} must satisfy the format of hh24:mi-hh24:mi")
        return
    if window[1] < SERVER_LEAST:
        yield Failure(
            "backupWindow", f"backupWindow {text} lasts {window[1]} minutes, where AWS asks for at least 30"
        )
    kept = weekly(other) if isinstance(other, str) else None
    if kept is not None and _meet(window, kept):
        yield Failure(
            "backupWindow", f"The backup window {text} and maintenance window {other} must not overlap"
        )


def window_fault(maintenance: str | None, backup: str | None) -> str | None:
    """What RDS says against two windows, in place of moto's own check, which knows no week that ends."""
    window = weekly((maintenance or "").lower())
    if window is None:
        return f"Invalid maintenance window format: {maintenance}. Should be ddd:hh24:mi-ddd:hh24:mi"
    if window[1] < SERVER_LEAST:
        return "The maintenance window must be at least 30 minutes."
    if window[1] >= _DAY:
        return "Maintenance window must be less than 24 hours."
    other = daily(backup) if backup else None
    return (
        "The backup window and maintenance window must not overlap."
        if other and _meet(other, window)
        else None
    )


def _meet(every_day: tuple[int, int], once: tuple[int, int]) -> bool:
    starts = [day * _DAY + every_day[0] for day in range(-1, 15)]
    return any(start < once[0] + once[1] and once[0] < start + every_day[1] for start in starts)

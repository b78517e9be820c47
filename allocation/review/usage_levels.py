"""Usage levels: how much was in use at a time, from quantities that accrued over intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from allocation.engine.drivers import UNITS, Driver

_HOURLY: Final = "-hours"
_PERCENTILE: Final = 95
_HUNDRED: Final = 100
_SECONDS_PER_HOUR: Final = 3600

Row = tuple[str, str, datetime, datetime, Decimal]
"""Tenant, driver, start, end, quantity: a row of the table `usage`."""


@dataclass(frozen=True)
class Level:
    """How much of one driver a tenant used, in the unit without its hours: cores, GiB, users.

    Attributes:
        days: The average of each day that was measured.
        intervals: The average of each interval as it was measured.
    """

    days: Mapping[date, Decimal] = field(default_factory=dict)
    intervals: tuple[Decimal, ...] = ()

    @property
    def p95(self) -> Decimal:
        """The level that 95 % of the intervals do not exceed (nearest rank)."""
        return nearest_rank(self.intervals)

    @property
    def average(self) -> Decimal:
        """The average of all measured days."""
        return sum(self.days.values(), Decimal(0)) / len(self.days) if self.days else Decimal(0)

    @property
    def most(self) -> Decimal:
        """The highest average of a day."""
        return max(self.days.values(), default=Decimal(0))

    def longest_above(self, bound: Decimal) -> tuple[date, date] | None:
        """The first and last day of the longest time without a break that every day was above *bound*."""
        best: tuple[date, date] | None = None
        first: date | None = None
        for day in sorted(self.days):
            if self.days[day] <= bound:
                first = None
                continue
            unbroken = first is not None and day - timedelta(days=1) in self.days
            first = first if unbroken and first else day
            if best is None or day - first > best[1] - best[0]:
                best = (first, day)
        return best


def nearest_rank(values: Iterable[Decimal]) -> Decimal:
    """The value that 95 % of *values* do not exceed (nearest rank); 0 of none."""
    ranked = sorted(values)
    return ranked[max(-(-len(ranked) * _PERCENTILE // _HUNDRED) - 1, 0)] if ranked else Decimal(0)


def levels(rows: Iterable[Row]) -> dict[tuple[str, Driver], Level]:
    """The level of every driver that accrues by the hour, by tenant.

    An interval that spans days counts for each of them; a day that is measured in parts has their average.
    """
    known = {str(driver): driver for driver in Driver if UNITS[driver].endswith(_HOURLY)}
    parts: dict[tuple[str, Driver], dict[date, list[tuple[Decimal, int]]]] = {}
    intervals: dict[tuple[str, Driver], list[Decimal]] = {}
    for tenant, name, start, end, quantity in rows:
        if name not in known:
            continue
        key = (tenant, known[name])
        level = quantity * _SECONDS_PER_HOUR / Decimal(int((end - start).total_seconds()))
        intervals.setdefault(key, []).append(level)
        for day, seconds in _days(start, end):
            parts.setdefault(key, {}).setdefault(day, []).append((level, seconds))
    return {
        key: Level({day: _average(there) for day, there in days.items()}, tuple(intervals[key]))
        for key, days in parts.items()
    }


def _days(start: datetime, end: datetime) -> Iterable[tuple[date, int]]:
    while start < end:
        midnight = (start + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        yield start.date(), int((min(midnight, end) - start).total_seconds())
        start = midnight


def _average(parts: Iterable[tuple[Decimal, int]]) -> Decimal:
    listed = list(parts)
    return sum((level * seconds for level, seconds in listed), Decimal(0)) / sum(each for _, each in listed)

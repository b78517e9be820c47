"""Made-up months of charges by day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from allocation.track.daily_month import DailyMonth, Key, Row, daily_month
from allocation.track.series import Span

NOVEMBER = Span.month(date(2026, 11, 1))
ACME, NODES, IDLE = Key("acme", ""), Key("acme", "nodes"), Key("", "nodes")


def span_of(month: int) -> Span:
    """A month of 2026."""
    return Span.month(date(2026, month, 1))


def row(key: Key, first: int, units: int, days: int = 1, **kind: str) -> Row:
    """One charge of a service, for a day or several."""
    found = {"service": "EC2", "category": "Usage", "frequency": "", "other_month": ""} | kind
    return Row(key, **found, first=first, end=first + days, units=units)


def rows(
    key: Key, span: Span, cost: Callable[[int], int] = lambda _: 10**10, until: int | None = None
) -> list[Row]:
    """A charge a day, up to and with the number *until*."""
    last = span.end if until is None else span.first + until
    return [row(key, day, cost(day)) for day in range(span.first, last)]


def month(span: Span, *parts: Iterable[Row], through: int | None = None) -> DailyMonth:
    """The month of all *parts*."""
    return daily_month([each for part in parts for each in part], span, through)


def whole(number: int, *parts: Iterable[Row]) -> DailyMonth:
    """A month of 2026 that is over."""
    return month(span_of(number), *parts, through=span_of(number).end - 1)

"""The charges of a month by day: what is charged day by day, and what is booked for more than a day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from allocation.charges import LABOUR
from allocation.errors import InputError
from allocation.money import split
from allocation.track.series import Span, median

UNALLOCATED: Final = "(unallocated)"
"""The pool of what no rule gives to a tenant."""
_USAGE, _PURCHASE, _TAX = "Usage", "Purchase", "Tax"
_ONE_TIME, _RECURRING = "One-Time", "Recurring"
_WEEK: Final = 7
_LEAST_DAYS: Final = 3
_MOST_DAYS: Final = 2 * _WEEK
_DIRECT: Final = ""


class Key(NamedTuple):
    """Who pays for which pool: `tenant` is '' for idle and unallocated cost, `pool` is '' for direct cost."""

    tenant: str
    pool: str


class Row(NamedTuple):
    """A sum of charges of one kind: of FOCUS's service, category and frequency, for the days of a span."""

    key: Key
    service: str
    category: str
    frequency: str
    other_month: str
    first: int
    end: int
    units: int


class Held(NamedTuple):
    """What is not charged by day: fees of a month, tax, credits, corrections; `recurs` if months have it."""

    key: Key
    service: str
    category: str
    units: int
    recurs: bool

    @property
    def is_tax(self) -> bool:
        """Whether it follows the cost of the month."""
        return self.category == _TAX


@dataclass(frozen=True)
class DailyMonth:
    """One month's charges.

    Attributes:
        span: The month.
        through: The last day whose charges are all known, as an ordinal; the last of a month that is over.
        daily: Units by day, for each key.
        held: What is charged for more than two weeks, or once, and hours of people.
        missing: Days up to `through` on which nobody was charged anything: the bill has not come yet.
        partial: Days after `through` that have some of their charges.
        rulebook: The version of the rules that divided them; empty where nobody says it.
    """

    span: Span
    through: int
    daily: Mapping[Key, Mapping[int, int]]
    held: tuple[Held, ...]
    missing: tuple[int, ...] = ()
    partial: tuple[int, ...] = ()
    rulebook: str = ""

    @property
    def is_over(self) -> bool:
        """Whether all of its days are known."""
        return self.through >= self.span.end - 1 and not self.missing

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """Whoever has charges."""
        return tuple(sorted({*self.daily, *(each.key for each in self.held)}))

    @cached_property
    def keys_of(self) -> Mapping[str, tuple[Key, ...]]:
        """The keys of each tenant."""
        found: dict[str, list[Key]] = {}
        for key in self.keys:
            found.setdefault(key.tenant, []).append(key)
        return {tenant: tuple(keys) for tenant, keys in found.items()}

    @cached_property
    def held_by(self) -> Mapping[Key, tuple[Held, ...]]:
        """What is held of each key."""
        found: dict[Key, list[Held]] = {}
        for each in self.held:
            found.setdefault(each.key, []).append(each)
        return {key: tuple(held) for key, held in found.items()}

    @cached_property
    def booked(self) -> frozenset[tuple[str, str, str]]:
        """Pool, service and category of what pools have been charged for more than two weeks, or once."""
        return frozenset((one.key.pool, one.service, one.category) for one in self.held if one.key.pool)

    def spent(self, key: Key) -> int:
        """All that is charged so far."""
        booked = sum(each.units for each in self.held_by.get(key, ()))
        return booked + sum(self.daily.get(key, {}).values())


def daily_month(rows: Iterable[Row], span: Span, through: int | None = None) -> DailyMonth:
    """The charges of *rows*, up to and with the day *through*, or the last that looks complete.

    Raises:
        InputError: When no charge is of a single day, or *through* lies outside the month.
    """
    kept = list(rows)
    single = [row for row in kept if _is_by_day(row) and row.end - row.first == 1]
    if through is None:
        days = _totals(row for row in single if row.first < span.end)
        if not days:
            raise InputError(
                f"the bill has no charge of a single day of {span.name}: nothing says how far it reaches; "
                "expected a bill by day or hour, or the last day in --through YYYY-MM-DD"
            )
        through = _last_complete(days)
    elif not span.first <= through < span.end:
        raise InputError(f"--through: expected a day of {span.name}")
    once = _seldom(single, through, span)
    daily: dict[Key, dict[int, int]] = {}
    held: dict[tuple[Key, str, str, bool], int] = {}
    for row in kept:
        if _is_by_day(row) and (row.service, row.category) not in once:
            days_of = daily.setdefault(row.key, {})
            of = _days_of(row, span)
            for day, units in zip(of, split(row.units, [1] * len(of)), strict=True):
                days_of[day] = days_of.get(day, 0) + units
        else:
            at = (row.key, row.service, row.category, _recurs(row))
            held[at] = held.get(at, 0) + row.units
    charged = {day for days_of in daily.values() for day in days_of}
    return DailyMonth(
        span,
        through,
        daily,
        tuple(
            Held(key, service, category, units, recurs)
            for (key, service, category, recurs), units in sorted(held.items())
        ),
        tuple(day for day in range(span.first, through + 1) if day not in charged),
        tuple(sorted(day for day in charged if day > through)),
    )


def _is_by_day(row: Row) -> bool:
    """Whether its cost comes day by day: usage, and fees that are charged for each hour or day.

    What is charged for most of a month at once is not, whichever day it is booked on.
    """
    return row.end - row.first <= _MOST_DAYS and _is_by_use(row)


def _is_by_use(row: Row) -> bool:
    # People's hours have the day of a ticket: it says neither how far the bill reaches nor what days cost.
    if row.other_month or row.frequency == _ONE_TIME or row.service == LABOUR:
        return False
    return row.category == _USAGE or (row.category == _PURCHASE and row.frequency == _RECURRING)


def _recurs(row: Row) -> bool:
    """Whether a later month will have it too: neither credits nor corrections, nor what is bought once."""
    return (_is_by_use(row) or row.category == _TAX) and not row.other_month


def _days_of(row: Row, span: Span) -> range:
    """The days of the month that *row* is for; of one whose days are all outside, the nearest."""
    first = min(max(row.first, span.first), span.end - 1)
    return range(first, max(min(row.end, span.end), first + 1))


def _totals(rows: Iterable[Row]) -> dict[int, int]:
    totals: dict[int, int] = {}
    for row in rows:
        totals[row.first] = totals.get(row.first, 0) + row.units
    return totals


def _last_complete(days: Mapping[int, int]) -> int:
    """The last charged day, or the one before it where half of what a day costs is missing.

    Bills are delivered while a day's charges still come in (AWS: "at least once a day", a day or two late).
    Of the last day of a month no later day shows that it is over: it is judged like every other one.
    """
    last = max(days)
    usual = median([days[day] for day in range(last - _WEEK, last) if day in days])
    earlier = [day for day in days if day < last]
    if earlier and days[last] * 2 < usual:
        return max(earlier)
    return last


def _seldom(rows: Iterable[Row], through: int, span: Span) -> set[tuple[str, str]]:
    """Recurring fees that come on few of the days so far: those of a month, dated with a day."""
    days: dict[tuple[str, str], set[int]] = {}
    for row in rows:
        if row.frequency == _RECURRING:
            days.setdefault((row.service, row.category), set()).add(row.first)
    so_far = through + 1 - span.first
    return {what for what, on in days.items() if so_far >= _LEAST_DAYS and len(on) * 2 < so_far}


def of_key(months: Iterable[DailyMonth], wanted: Iterable[Key]) -> dict[int, int]:
    """The days of *wanted* over *months*, from their first on: 0 where only others were charged."""
    chosen = set(wanted)
    units: dict[int, int] = {}
    for month in months:
        begun = bool(units)
        found: dict[int, int] = {}
        for key in chosen:
            for day, amount in month.daily.get(key, {}).items():
                found[day] = found.get(day, 0) + amount
        if not (begun or found):
            continue
        start = month.span.first if begun else min(found)
        gaps = set(month.missing)
        for day in range(start, month.through + 1):
            if day not in gaps:
                units[day] = found.get(day, 0)
    return units


def complete_since(months: Iterable[DailyMonth], begun: int) -> tuple[Span, ...]:
    """The months without missing days that begin on or after the day *begun*."""
    return tuple(each.span for each in months if not each.missing and begun <= each.span.first)


def pools_of(keys: Iterable[Key]) -> Iterator[tuple[str, tuple[Key, ...]]]:
    """Each pool with those of *keys* that pay for it, and unallocated cost."""
    found: dict[str, list[Key]] = {}
    for key in keys:
        if key.pool != _DIRECT:
            found.setdefault(key.pool, []).append(key)
    for pool in sorted(found):
        yield pool, tuple(found[pool])

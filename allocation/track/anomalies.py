"""Anomalies: days on which a pool, or what a tenant causes itself, costs unlike the weeks before.

The measure is the modified z-score, of the median and the median deviation, because a mean would learn from
the very day it should find; beyond 3.5 a value counts as an outlier (B. Iglewicz, D. C. Hoaglin, How to
Detect and Handle Outliers, ASQC 1993, chapter 3.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from allocation.money import UNITS_PER_CURRENCY
from allocation.track.daily_month import DailyMonth, Key, complete_since, of_key, pools_of
from allocation.track.methods import edge_ratio
from allocation.track.series import MILLION, Series, Span, learnt_weekdays, median

LIMIT_TENTHS: Final = 35
"""The score beyond which a day is one, in tenths."""
LEAST_UNITS: Final = UNITS_PER_CURRENCY
"""What a day must be off at least: one of the currency."""
LEAST_WEEKS: Final = 3
"""So many whole weeks must be known: a weekend would be an anomaly otherwise."""
_SIGMA_PPM: Final = 1_482_600
"""The standard deviation of a normal distribution, seen from its median deviation."""
_LEAST_SCALE: Final = 50
"""Days that are all alike differ by a fiftieth of their cost at least: a rounding is no anomaly."""
_LOOK_BACK: Final = 28
_LEAST_BEFORE: Final = 10
_FIRST_DAYS: Final = 3


class Owner(NamedTuple):
    """What was unlike itself: a pool, or the direct cost of a tenant (`pool` is '')."""

    tenant: str
    pool: str

    @property
    def name(self) -> str:
        """For a person."""
        return f"pool {self.pool}" if self.pool else f"{self.tenant}, direct"


class Event(NamedTuple):
    """Something that is known to have happened to a tenant, or to the platform (`tenant` is '').

    What concerns everybody, such as another rulebook, may show on each of the first days.
    """

    tenant: str
    day: int
    what: str
    everybody: bool = False


class Unlike(NamedTuple):
    """One day that is unlike: what it cost, what was expected, in units, and its score in tenths."""

    day: int
    units: int
    expected: int
    score_tenths: int


@dataclass(frozen=True)
class Anomaly:
    """Days in a row on which an owner costs too much, or too little; `event` is what may explain it."""

    owner: Owner
    days: tuple[Unlike, ...]
    event: Event | None = None

    @property
    def first(self) -> int:
        """The ordinal of its first day."""
        return self.days[0].day

    @property
    def last(self) -> int:
        """The ordinal of its last day."""
        return self.days[-1].day

    @property
    def difference(self) -> int:
        """What was charged beyond what was expected, in units; below 0 where it was less."""
        return sum(each.units - each.expected for each in self.days)

    @property
    def score_tenths(self) -> int:
        """The largest score of its days, in tenths."""
        return max(each.score_tenths for each in self.days)


def anomalies(
    months: Sequence[DailyMonth], month: DailyMonth, events: Iterable[Event] = (), least: int = LEAST_UNITS
) -> tuple[Anomaly, ...]:
    """All anomalies of *month*, the most expensive first; filed *months* say what is usual.

    Charges that are booked for a month are in none: the first day of a month is a day like others.
    """
    known = tuple(events)
    found = [
        Anomaly(owner, days, _event_of(owner, days[0].day, known))
        for owner, keys in _owners(months, month)
        for days in _in_a_row(unlike_days(_series(months, month, keys), month.span, month.through, least))
    ]
    return tuple(sorted(found, key=lambda each: (-abs(each.difference), each.owner, each.first)))


def unlike_days(series: Series, span: Span, through: int, least: int = LEAST_UNITS) -> Iterator[Unlike]:
    """The days of *span*, up to *through*, that are unlike those before them."""
    for day in range(span.first, through + 1):
        if day in series.units and (one := _judged(series, span, day, through)):
            off = abs(one.units - one.expected)
            if one.score_tenths > LIMIT_TENTHS and off >= least:
                yield one


def _judged(series: Series, span: Span, day: int, through: int) -> Unlike | None:
    before = [each for each in range(day - _LOOK_BACK, day) if each in series.units]
    if len(before) < _LEAST_BEFORE:  # the days after it say as much
        before = [each for each in range(span.first, through + 1) if each in series.units and each != day]
    profile = learnt_weekdays(series, day - 1, LEAST_WEEKS) or learnt_weekdays(series, through, LEAST_WEEKS)
    if profile is None:  # a weekend would be one
        return None
    even = [_even(series, each, profile) for each in before]
    middle = median(even)
    off = median([abs(each - middle) for each in even])
    scale = max(off * _SIGMA_PPM // MILLION, abs(middle) // _LEAST_SCALE, 1)
    ratio = profile[day % 7] * edge_ratio(series, span, day) // MILLION
    expected = middle * ratio // MILLION
    apart = abs(series.units[day] - expected) * MILLION // max(ratio, 1)
    return Unlike(day, series.units[day], expected, apart * 10 // scale)


def _even(series: Series, day: int, profile: Sequence[int]) -> int:
    return series.units[day] * MILLION // max(profile[day % 7], 1)


def _owners(months: Sequence[DailyMonth], month: DailyMonth) -> Iterator[tuple[Owner, tuple[Key, ...]]]:
    """Whoever is charged, and what the month before had and this one has not: it costs less than usual."""
    before = {key for each in months if each.span.end == month.span.first for key in each.daily}
    known = {key.pool or key for key in month.daily}
    tenants = {key.tenant for key in month.keys}
    stopped = [
        key for key in before if (key.pool or key) not in known and (key.pool or key.tenant in tenants)
    ]
    for key in sorted({*month.daily, *stopped}):
        if not key.pool:
            yield Owner(key.tenant, ""), (key,)
    yield from ((Owner("", pool), keys) for pool, keys in pools_of((*month.daily, *stopped)))


def _series(months: Sequence[DailyMonth], month: DailyMonth, keys: Iterable[Key]) -> Series:
    wanted = set(keys)
    if pools := {key.pool for key in wanted if key.pool}:  # whoever paid for the pool then
        wanted |= {key for each in months for key in each.daily if key.pool in pools}
    units = of_key((*months, month), wanted)
    begun = min(units, default=month.span.end)
    return Series(units, complete_since(months, begun))


def _in_a_row(days: Iterable[Unlike]) -> Iterator[tuple[Unlike, ...]]:
    row: list[Unlike] = []
    for each in days:
        if row and (each.day != row[-1].day + 1 or _is_more(each) != _is_more(row[-1])):
            yield tuple(row)
            row = []
        row.append(each)
    if row:
        yield tuple(row)


def _is_more(day: Unlike) -> bool:
    return day.units > day.expected


def _event_of(owner: Owner, day: int, events: Iterable[Event]) -> Event | None:
    """The event of the same day or the day before; of a pool anybody's, because all have a share of it."""
    near = [each for each in events if day - (_FIRST_DAYS if each.everybody else 1) <= each.day <= day]
    own = [each for each in near if owner.pool or each.tenant == owner.tenant]
    return next(iter((*own, *(each for each in near if each.everybody))), None)

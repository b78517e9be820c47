"""What something costs day by day: whole units of 1e-10, by the day's ordinal; an unknown day is not in it.

All arithmetic is that of integers: ratios are parts per million, so that another currency or another scale
changes no method and no ratio.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final, NamedTuple

MILLION: Final = 10**6
WEEK: Final = 7
_TWO: Final = 2
_WEEKS: Final = 8


class Span(NamedTuple):
    """The days of a month, half-open, as ordinals of the calendar (`date.toordinal`)."""

    first: int
    end: int

    @classmethod
    def month(cls, first: date) -> Span:
        """The calendar month that *first* begins.

        >>> Span.month(date(2026, 2, 1)).days
        28
        """
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        return cls(first.toordinal(), following.toordinal())

    @property
    def days(self) -> int:
        """How many days it has."""
        return self.end - self.first

    @property
    def name(self) -> str:
        """The month as YYYY-MM."""
        return f"{date.fromordinal(self.first):%Y-%m}"


@dataclass(frozen=True)
class Series:
    """Daily cost over several months.

    Attributes:
        units: The cost of each known day, by its ordinal; a day that no bill has yet is missing, and not 0.
        months: The months that are complete, oldest first.
        since: The ordinal of the last day on which it is known to have changed, such as by another tier.
    """

    units: Mapping[int, int]
    months: tuple[Span, ...] = ()
    since: int | None = None

    @cached_property
    def begun(self) -> int:
        """The first day that is known: before it there was nothing to charge."""
        return min(self.units, default=0)

    def known(self, days: Iterable[int]) -> list[int]:
        """The cost of those of *days* that are known."""
        return [self.units[day] for day in days if day in self.units]

    def total(self, days: Iterable[int]) -> int:
        """Their sum."""
        return sum(self.known(days))

    @cached_property
    def edges(self) -> Mapping[int, Mapping[int, int]]:
        """By the first day of each complete month: what its first and last days cost, in parts per million.

        They are seen from the month's own median of that weekday. Keys are days from the start, or below 0
        from the end.
        """
        return {span.first: self._edges_of(span) for span in self.months}

    def _edges_of(self, span: Span) -> dict[int, int]:
        found = {}
        for place in EDGES:
            day = span.end + place if place < 0 else span.first + place
            usual = median(
                self.known(each for each in range(span.first, span.end) if not (day - each) % WEEK)
            )
            if usual > 0 and day in self.units:
                found[place] = self.units[day] * MILLION // usual
        return found


EDGES: Final = (0, 1, -3, -2, -1)
"""The days on which a month may begin or end differently."""


def median(values: Sequence[int]) -> int:
    """The middle of *values*, of an even number the rounded-down mean of both; 0 of none.

    >>> median([3, 1, 2]), median([1, 4]), median([])
    (2, 2, 0)
    """
    if not values:
        return 0
    ordered, half = sorted(values), len(values) // _TWO
    if len(values) % _TWO:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) // _TWO


def weekday_profile(series: Series, through: int) -> tuple[int, ...]:
    """What each weekday costs, as `learnt_weekdays` knows it; all days alike where it knows nothing."""
    return learnt_weekdays(series, through) or (MILLION,) * WEEK


def learnt_weekdays(series: Series, through: int, least: int = _TWO) -> tuple[int, ...] | None:
    """What each weekday costs, seen from the mean of its week, in parts per million; by ordinal modulo 7.

    It is the median over up to eight whole weeks that end with *through*. None where fewer than *least* of
    them are known: the median of two is still their mean, and has what one of them has alone.
    """
    ratios: dict[int, list[int]] = {}
    for week in range(_WEEKS):
        days = range(through - WEEK * (week + 1) + 1, through - WEEK * week + 1)
        known = series.known(days)
        whole = sum(known)
        if len(known) == WEEK and whole > 0:
            for day in days:
                ratios.setdefault(day % WEEK, []).append(series.units[day] * WEEK * MILLION // whole)
    if len(next(iter(ratios.values()), ())) < least:
        return None
    middle = [max(median(ratios[place]), 0) for place in range(WEEK)]
    return tuple(each * WEEK * MILLION // sum(middle) for each in middle) if sum(middle) else None

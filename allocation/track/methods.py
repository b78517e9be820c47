"""The methods of a forecast: each says what the days that are not known yet will cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum, unique
from typing import Final

from allocation.track.series import EDGES, MILLION, WEEK, Series, Span, median, weekday_profile

_LEAST_AFTER_CHANGE: Final = 2
_LOOK_BACK: Final = 28
_MONTHS_OF_EDGES: Final = 6


@unique
class Method(StrEnum):
    """A method; documents store these words. A simpler one comes before one that asks for more."""

    LAST_MONTH = "last-month"
    """The month will cost what the last one did."""
    RUN_RATE = "run-rate"
    """Each day will cost the mean of the days so far."""
    WEEKDAY = "weekday"
    """Each day will cost the mean of the same weekday in the last four weeks (seasonal naive)."""
    LEVEL = "weekday-level"
    """The level of the last week, with the weekdays of the last eight."""
    MONTH_END = "month-end"
    """The same, with the first and last days of filed months."""
    DRIFT = "drift"
    """The same, with half of the change from one four weeks to the next."""


Days = Mapping[int, int]


def forecast(method: Method, series: Series, span: Span, through: int) -> Days | None:
    """What the days of *span* cost that lie after *through* or are unknown, in units by ordinal.

    Nothing after *through* is looked at. None where the method knows too little. Days before the first one
    that is known are not said: whoever begins in the middle of a month was not there before.
    """
    unknown = (day for day in range(max(span.first, series.begun), span.end) if day not in series.units)
    days = sorted({*unknown, *range(max(through + 1, span.first), span.end)})
    return _METHODS[method](series, span, through, days)


def _last_month(series: Series, span: Span, through: int, days: list[int]) -> Days | None:
    before = [month for month in series.months if month.end == span.first]
    if not before:
        return None
    rest = series.total(range(*before[0])) - series.total(range(span.first, through + 1))
    return _spread(rest, days)


def _run_rate(series: Series, span: Span, through: int, days: list[int]) -> Days | None:
    known = series.known(range(span.first, through + 1))
    return _spread(sum(known) * len(days) // len(known), days) if known else None


def _weekday(series: Series, _: Span, through: int, days: list[int]) -> Days | None:
    made = {}
    for day in days:
        last = through - (through - day) % WEEK
        known = series.known(range(last, last - _LOOK_BACK, -WEEK))
        if not known:
            return None
        made[day] = sum(known) // len(known)
    return made


def _level(series: Series, _: Span, through: int, days: list[int]) -> Days | None:
    profile = weekday_profile(series, through)
    level = _level_of(series, through, profile)
    return None if level is None else {day: level * profile[day % WEEK] // MILLION for day in days}


def _month_end(series: Series, span: Span, through: int, days: list[int]) -> Days | None:
    edges = _edges(series, span)
    # The first days of a month say less of its level where they are unlike the others.
    usual = _without_edges(series, span, through, edges)
    plain = _level(usual, span, through, days)
    if not edges or plain is None:
        return None
    return {day: units * edges.get(_place(day, span), MILLION) // MILLION for day, units in plain.items()}


def _drift(series: Series, span: Span, through: int, days: list[int]) -> Days | None:
    plain = _month_end(series, span, through, days)
    now = series.known(range(through - _LOOK_BACK + 1, through + 1))
    before = series.known(range(through - 2 * _LOOK_BACK + 1, through - _LOOK_BACK + 1))
    if plain is None or len(now) < _LOOK_BACK // 2 or len(before) < _LOOK_BACK // 2:
        return None
    level, older = median(now), median(before)
    if level <= 0 or older <= 0 or series.since is not None:
        return None
    per_day = (level - older) * MILLION // (2 * _LOOK_BACK * level)
    return {
        day: units * (MILLION + per_day * (day - through + WEEK // 2)) // MILLION
        for day, units in plain.items()
    }


_METHODS: Final[Mapping[Method, Callable[[Series, Span, int, list[int]], Days | None]]] = {
    Method.LAST_MONTH: _last_month,
    Method.RUN_RATE: _run_rate,
    Method.WEEKDAY: _weekday,
    Method.LEVEL: _level,
    Method.MONTH_END: _month_end,
    Method.DRIFT: _drift,
}


def _level_of(series: Series, through: int, profile: tuple[int, ...]) -> int | None:
    """The median of the last week, as if all weekdays were alike; only of the days since a known change."""
    days = [day for day in range(through - WEEK + 1, through + 1) if day in series.units]
    if series.since is not None:
        after = [day for day in days if day >= series.since]
        days = after if len(after) >= _LEAST_AFTER_CHANGE else days
    if not days:
        return None
    return median(
        [
            series.units[day] * MILLION // profile[day % WEEK] if profile[day % WEEK] else series.units[day]
            for day in days
        ]
    )


def edge_ratio(series: Series, span: Span, day: int) -> int:
    """What *day* costs because the month begins or ends, in parts per million of a usual day."""
    return _edges(series, span).get(_place(day, span), MILLION)


def _edges(series: Series, span: Span) -> dict[int, int]:
    """What the first and last days of the months before *span* cost, in parts per million of a usual day."""
    months = [month.first for month in series.months if month.end <= span.first][-_MONTHS_OF_EDGES:]
    found = {}
    for place in EDGES:
        ratios = [series.edges[first][place] for first in months if place in series.edges[first]]
        if len(ratios) > 1:
            found[place] = median(ratios)
    return found


def _without_edges(series: Series, span: Span, through: int, edges: Mapping[int, int]) -> Series:
    """*series* of the last weeks, as if the first and last days of months were like the others."""
    usual = dict(series.units)
    for month in (*series.months[-3:], span):
        for place, ratio in edges.items():
            day = month.end + place if place < 0 else month.first + place
            if ratio > 0 and day <= through and day in usual:
                usual[day] = usual[day] * MILLION // ratio
    return Series(usual, (), series.since)


def _place(day: int, span: Span) -> int:
    return day - span.end if day - span.end in EDGES else day - span.first


def _spread(units: int, days: Iterable[int]) -> dict[int, int]:
    """*units* over *days*, alike but for what does not divide, which the first days have."""
    chosen = list(days)
    if not chosen:
        return {}
    each, left = divmod(units, len(chosen))
    return {day: each + (place < left) for place, day in enumerate(chosen)}

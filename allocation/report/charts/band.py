"""What a month has cost day by day, and the band in which its end is expected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from allocation.report.charts.chart import (
    WIDTH,
    Area,
    At,
    Caption,
    Chart,
    Label,
    Line,
    Point,
    Stroke,
    room_for,
)

_ABOVE: Final = 22
_ROOM: Final = 110
_BENEATH: Final = 18
_NEAR: Final = 14
"""Of two labels under each other."""


class Money(NamedTuple):
    """Units of money, and the text of them."""

    units: int
    shown: str


class Expected(NamedTuple):
    """The end of the month: what is expected, and between which two amounts; both None where nobody knows."""

    total: Money
    low: Money | None = None
    high: Money | None = None


class Month(NamedTuple):
    """A month so far: what is spent after each day, how many days it has, its last one's name, its budget."""

    spent: Sequence[tuple[str, Money]]
    days: int
    end: str
    budget: Money | None = None


def band(caption: Caption, month: Month, expected: Expected) -> Chart:
    """Both axes are linear; that of money begins at 0, or at a cost below it.

    The band begins at the last day that is known, where nothing is uncertain, and widens evenly to the end.
    """
    known = [each for each in (expected.total, expected.low, expected.high, month.budget) if each]
    edges = [0, *(money.units for _, money in month.spent), *(each.units for each in known)]
    low, span = min(edges), max(max(edges) - min(edges), 1)
    right = WIDTH - room_for((each.shown for each in known), WIDTH // 3)

    def place(day: int, units: int) -> At:
        return day * right // max(month.days, 1), _ABOVE + (low + span - units) * _ROOM // span

    walked = [place(0, 0), *(place(day, money.units) for day, (_, money) in enumerate(month.spent, start=1))]
    now, (when, spent) = walked[-1], month.spent[-1] if month.spent else ("", Money(0, ""))
    end = place(month.days, expected.total.units)
    words = f"{when}: {spent.shown}", f"{month.end}: {expected.total.shown}"
    strokes, areas = [Stroke(tuple(walked)), Stroke((now, end), "ahead")], list[Area]()
    if expected.low and expected.high:
        corners = [place(month.days, each.units) for each in (expected.high, expected.low)]
        said = f"{month.end}: {expected.low.shown} to {expected.high.shown}"
        areas.append(Area((now, *corners), "band", said))
    if month.budget:
        top = place(0, month.budget.units)[1]
        strokes.append(Stroke(((0, top), (right, top)), "budget"))
    bottom = place(0, low)[1]
    return Chart(
        caption,
        bottom + _BENEATH,
        labels=(*_amounts(place, right + 6, month, expected), *_days(now[0], right, when, month.end, bottom)),
        lines=(Line(0, place(0, 0)[1], right, place(0, 0)[1]),),
        dots=tuple(Point(*at, said) for at, said in zip((now, end), words, strict=True)),
        strokes=tuple(strokes),
        areas=tuple(areas),
    )


def _amounts(place: Callable[[int, int], At], left: int, month: Month, expected: Expected) -> list[Label]:
    """The amounts at the end of the month, beneath each other: the expected one stays where it is drawn."""
    tops = {expected.total: place(month.days, expected.total.units)[1]}
    others = [each for each in (month.budget, expected.high, expected.low) if each]
    for each in others:
        top = place(month.days, each.units)[1]
        if all(abs(top - other) >= _NEAR for other in tops.values()):
            tops[each] = top
    return [Label(left, top + 4, each.shown) for each, top in tops.items()]


def _days(now: int, right: int, when: str, end: str, bottom: int) -> list[Label]:
    halves = [room_for([each], WIDTH) // 2 for each in (when, end)]
    beneath = bottom + 14
    last = [Label(right, beneath, end, "middle")]
    is_far = when and when != end and now + halves[0] < right - halves[1]
    return [Label(max(now, halves[0]), beneath, when, "middle"), *last] if is_far else last

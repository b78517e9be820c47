"""A curve through points of money, such as the cost of a tenant as more of them join."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from allocation.report.charts.chart import WIDTH, Caption, Chart, Label, Line, Point, room_for

_ABOVE: Final = 22
_ROOM: Final = 110
_BENEATH: Final = 18
_NEAR: Final = 3


class Place(NamedTuple):
    """A point: where it is on the axis, its label there, its units of money, and the text of them."""

    at: int
    label: str
    units: int
    shown: str


def curve(caption: Caption, places: Sequence[Place]) -> Chart:
    """Both axes are linear, and that of money begins at 0. A label that would hide another is left out."""
    edge = room_for((each.shown for each in places), WIDTH // 3) // 2
    first, span = places[0].at, max(places[-1].at - places[0].at, 1)
    top = max(*(each.units for each in places), 1)
    points = [
        Point(
            edge + (each.at - first) * (WIDTH - 2 * edge) // span,
            _ABOVE + (top - max(each.units, 0)) * _ROOM // top,
            f"{each.label}: {each.shown}",
        )
        for each in places
    ]
    labels: list[Label] = []
    bottom = _ABOVE + _ROOM
    end = -WIDTH
    for turn, (point, each) in enumerate(zip(points, places, strict=True)):
        half = room_for([each.shown, each.label], WIDTH) // 2
        if point.left - half < end + _NEAR and turn < len(places) - 1:
            continue
        end = point.left + half
        labels.append(Label(point.left, point.top - 8, each.shown, "middle"))
        labels.append(Label(point.left, bottom + 14, each.label, "middle"))
    axis = (Line(0, bottom, WIDTH, bottom),)
    return Chart(caption, bottom + _BENEATH, (), tuple(labels), axis, tuple(points))

"""A curve through points of money, such as the cost of a tenant as more of them join."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from allocation.report.charts.chart import WIDTH, Caption, Chart, Label, Line, Point, room_for

_ABOVE: Final = 22
_ROOM: Final = 110
_BENEATH: Final = 18
_NEAR: Final = 3
_BESIDE: Final = 12


class Place(NamedTuple):
    """A point: where it is on the axis, its label there, its units of money, and the text of them."""

    at: int
    label: str
    units: int
    shown: str


def curve(caption: Caption, places: Sequence[Place]) -> Chart:
    """Both axes are linear, and that of money begins at 0. Where a label has no room, none is written."""
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
    bottom = _ABOVE + _ROOM
    labels = tuple(_labels(points, places, bottom + 14))
    axis = (Line(0, bottom, WIDTH, bottom),)
    return Chart(caption, bottom + _BENEATH, (), labels, axis, tuple(points))


def _labels(points: Sequence[Point], places: Sequence[Place], beneath: int) -> Iterator[Label]:
    """The amount above each point, and its place on the axis; beside it where another is in the way."""
    halves = [room_for([each.shown, each.label], WIDTH) // 2 for each in places]
    last, end = len(points) - 1, -WIDTH
    for turn, (point, each, half) in enumerate(zip(points, places, halves, strict=True)):
        left = point.left if turn == last else max(point.left, end + _NEAR + half)
        is_far = left - half > point.left + _BESIDE
        if turn < last and (is_far or left + half + _NEAR > points[last].left - halves[last]):
            continue
        end = left + half
        yield Label(left, point.top - 8, each.shown, "middle")
        yield Label(left, beneath, each.label, "middle")

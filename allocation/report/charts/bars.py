"""Bars under each other, each of one part or of several: spend by month, a waterfall, shares of pools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from allocation.report.charts.chart import (
    WIDTH,
    Caption,
    Chart,
    Label,
    Line,
    Rectangle,
    Series,
    cut,
    room_for,
)

_HEIGHT: Final = 14
_MOST_LABEL: Final = 134
_MOST_VALUE: Final = 106
_BASELINE: Final = 11
ROW: Final = 20
"""From one bar to the next."""


class Part(NamedTuple):
    """A part of a bar: where it begins and ends in units of money, and the text of its amount."""

    series: Series
    start: int
    end: int
    shown: str


class Bar(NamedTuple):
    """A bar: its label, the text of its amount, and its parts."""

    label: str
    shown: str
    parts: tuple[Part, ...]


def bar(label: str, start: int, end: int, shown: str, series: Series = Series.FIRST) -> Bar:
    """A bar of one part."""
    return Bar(label, shown, (Part(series, start, end, shown),))


def stacked(label: str, shown: str, parts: Sequence[tuple[Series, int, str]]) -> Bar:
    """A bar of parts that lie one after the other: series, units, text. Credits lie left of 0."""
    found, up, down = [], 0, 0
    for series, units, words in parts:
        begin = up if units >= 0 else down
        found.append(Part(series, begin, begin + units, words))
        up, down = (up + units, down) if units >= 0 else (up, down + units)
    return Bar(label, shown, tuple(found))


def bars(caption: Caption, rows: Sequence[Bar], legend: tuple[tuple[Series, str], ...] = ()) -> Chart:
    """All *rows* on one scale that begins at 0; *legend* names the series, where there are several."""
    left = room_for((row.label for row in rows), _MOST_LABEL)
    room = WIDTH - left - room_for((row.shown for row in rows), _MOST_VALUE)
    edges = [0, *(edge for row in rows for part in row.parts for edge in (part.start, part.end))]
    low, span = min(edges), max(max(edges) - min(edges), 1)

    def place(units: int) -> int:
        return left + (units - low) * room // span

    named = dict(legend)

    def drawn() -> Iterator[Rectangle]:
        for line, row in enumerate(rows):
            for part in row.parts:
                begin, end = sorted((place(part.start), place(part.end)))
                what = f"{row.label}, {named[part.series]}" if part.series in named else row.label
                if part.start != part.end:
                    words = f"{what}: {part.shown}"
                    yield Rectangle(begin, ROW * line, max(end - begin, 1), _HEIGHT, part.series, words)

    labels = [Label(0, ROW * line + _BASELINE, cut(row.label, left)) for line, row in enumerate(rows)]
    labels += [Label(WIDTH, ROW * line + _BASELINE, row.shown, "end") for line, row in enumerate(rows)]
    height = ROW * len(rows)
    axis = (Line(place(0), 0, place(0), height),)
    used = {part.series for row in rows for part in row.parts if part.start != part.end}
    shown = tuple((series, words) for series, words in legend if series in used)
    return Chart(caption, height, tuple(drawn()), tuple(labels), axis, legend=shown)

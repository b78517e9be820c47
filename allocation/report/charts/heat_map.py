"""A grid of percentages: the more, the darker, and the number in each cell."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from allocation.report.charts.chart import WIDTH, Caption, Chart, Label, Rectangle, cut, room_for

_ROW: Final = 20
_HEAD: Final = 18
_MOST_LABEL: Final = 134
_SHADES: Final = 5
_LEAST_WIDTH: Final = 36
"""Of a column, for what is written in it."""


class Shares(NamedTuple):
    """A row: its label, and for each column a part of 1 with its text; None where nothing is known."""

    label: str
    cells: tuple[tuple[Fraction, str] | None, ...]


def heat_map(caption: Caption, heads: Sequence[str], rows: Sequence[Shares]) -> Chart:
    """A column for each of *heads*, as many as have room: the last ones, which are the newest months."""
    left = room_for((row.label for row in rows), _MOST_LABEL)
    count = min(len(heads), (WIDTH - left) // _LEAST_WIDTH)
    step = (WIDTH - left) // max(count, 1)
    marks: list[Rectangle] = []
    labels = [
        Label(left + step * at + step // 2, 12, head, "middle")
        for at, head in enumerate(_heads(heads[-count:], step))
    ]
    for line, row in enumerate(rows):
        top = _HEAD + _ROW * line
        labels.append(Label(0, top + 14, cut(row.label, left)))
        for at, (head, cell) in enumerate(zip(heads[-count:], row.cells[-count:], strict=True)):
            if cell is not None:
                words = f"{row.label}, {head}: {cell[1]}"
                place = left + step * at
                marks.append(Rectangle(place, top, step - 2, _ROW - 2, shade(cell[0]), words))
                labels.append(Label(place + step // 2, top + 14, _short(cell, step), "middle"))
    return Chart(caption, _HEAD + _ROW * len(rows), tuple(marks), tuple(labels))


def shade(part: Fraction) -> str:
    """One of five, by fifths.

    >>> [shade(Fraction(each, 100)) for each in (-5, 0, 19, 20, 55, 100)]
    ['h0', 'h0', 'h0', 'h1', 'h2', 'h4']
    """
    return f"h{min(max(int(part * _SHADES), 0), _SHADES - 1)}"


def _heads(months: Sequence[str], step: int) -> list[str]:
    wide = room_for(months, WIDTH) <= step
    return list(months) if wide else [month[-2:] for month in months]


def _short(cell: tuple[Fraction, str], step: int) -> str:
    """Whole percent where there is no room for a decimal and the sign."""
    part, words = cell
    return words if room_for([words], WIDTH) <= step else f"{round(100 * part)}"

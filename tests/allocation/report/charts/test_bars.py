from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.report.charts.bars import ROW, bar, bars, stacked
from allocation.report.charts.chart import WIDTH, Caption, Series
from tests.sampling import examples

CAPTION = Caption("any", "Any", "in words", "table")
LEGEND = ((Series.FIRST, "one"), (Series.SECOND, "two"), (Series.IDLE, "three"))
UNITS = st.integers(-(10**18), 10**18)


@examples(40, of=500)
@given(st.lists(st.lists(UNITS, min_size=3, max_size=3), min_size=1, max_size=8))
def test_every_part_is_drawn_within_the_picture_as_long_as_it_is(rows: list[list[int]]) -> None:
    chart = bars(
        CAPTION,
        [
            stacked(
                f"{number}",
                "sum",
                [(kind, part, str(part)) for (kind, _), part in zip(LEGEND, row, strict=True)],
            )
            for number, row in enumerate(rows)
        ],
        LEGEND,
    )
    units = [part for row in rows for part in row if part]
    assert len(chart.rectangles) == len(units)
    largest = max((abs(part) for part in units), default=0)
    widest = max((mark.width for mark in chart.rectangles), default=0)
    for mark, part in zip(chart.rectangles, units, strict=True):
        assert mark.left >= 0
        assert mark.left + mark.width <= WIDTH
        assert mark.words.endswith(f": {part}")
        assert abs(mark.width - widest * abs(part) / largest) <= 2
    assert chart.height == ROW * len(rows)
    assert {words for _, words in chart.legend} == {
        name for place, (_, name) in enumerate(LEGEND) if any(row[place] for row in rows)
    }


def test_a_credit_lies_left_of_the_axis() -> None:
    chart = bars(CAPTION, [stacked("a", "5", [(Series.FIRST, 10, "10"), (Series.SECOND, -5, "-5")])])
    cost, credit = chart.rectangles
    (axis,) = chart.lines
    assert credit.left + credit.width == axis.left == cost.left


@pytest.mark.parametrize("label", ["nodes", "n" * 80])
def test_a_label_has_its_room(label: str) -> None:
    chart = bars(CAPTION, [bar(label, 0, 1, "1,234,567.89")])
    (mark,) = chart.rectangles
    shown = chart.labels[0].words
    assert shown == label or (shown.endswith("…") and label.startswith(shown[:-1]))
    assert 7 * len(shown) <= mark.left
    assert mark.words.startswith(label)

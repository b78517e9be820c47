from __future__ import annotations

from fractions import Fraction

import pytest

from allocation.report.charts.chart import WIDTH, Caption
from allocation.report.charts.heat_map import Shares, heat_map

CAPTION = Caption("any", "Any", "in words", "table")


@pytest.mark.parametrize("months", [1, 3, 12, 24])
def test_the_newest_months_are_shown_that_have_room(months: int) -> None:
    heads = [f"20{26 + each // 12}-{each % 12 + 1:02}" for each in range(months)]
    cells = tuple((Fraction(each, 24), f"{each}.0 %") for each in range(months))
    chart = heat_map(CAPTION, heads, [Shares("nodes", cells)])
    shown = [mark.words for mark in chart.rectangles]
    expected = [f"nodes, {head}: {cell[1]}" for head, cell in zip(heads, cells, strict=True)]
    assert shown == expected[-len(shown) :]
    assert len(shown) >= min(months, 6)
    assert all(mark.left + mark.width <= WIDTH for mark in chart.rectangles)


def test_what_is_not_known_has_no_cell() -> None:
    chart = heat_map(CAPTION, ["2026-11", "2026-12"], [Shares("nodes", (None, (Fraction(1, 2), "50.0 %")))])
    assert [(mark.style, mark.words) for mark in chart.rectangles] == [("h2", "nodes, 2026-12: 50.0 %")]

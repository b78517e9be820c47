from __future__ import annotations

from allocation.report.charts.chart import WIDTH, Caption
from allocation.report.charts.curve import Place, curve

CAPTION = Caption("any", "Any", "in words", "table")


def test_both_axes_are_linear_and_money_begins_at_zero() -> None:
    places = [Place(0, "+0", 100, "1.00"), Place(50, "+50", 50, "0.50"), Place(100, "+100", 0, "0.00")]
    chart = curve(CAPTION, places)
    first, middle, last = chart.points
    assert abs(middle.left - (first.left + last.left) / 2) <= 1
    assert abs(middle.top - (first.top + last.top) / 2) <= 1
    assert last.top == chart.lines[0].top
    assert [point.words for point in chart.points] == ["+0: 1.00", "+50: 0.50", "+100: 0.00"]


def test_labels_that_would_hide_another_are_left_out_and_the_last_stays() -> None:
    places = [Place(at, f"+{at}", 10**10, "1,234.56") for at in (0, 1, 2, 100)]
    written = [label.words for label in curve(CAPTION, places).labels]
    assert written == ["1,234.56", "+0", "1,234.56", "+100"]


def test_a_label_in_the_way_of_another_stands_beside_its_point() -> None:
    places = [Place(at, f"+{at}", 10**10 - at, f"{at}.00") for at in (0, 8, 100)]
    chart = curve(CAPTION, places)
    amounts = [label for label in chart.labels if label.words.endswith(".00")]
    assert [label.words for label in amounts] == ["0.00", "8.00", "100.00"]
    assert amounts[1].left > chart.points[1].left
    assert amounts[1].left - amounts[0].left >= 7 * len("8.00")


def test_one_point_is_drawn_in_the_picture() -> None:
    (point,) = curve(CAPTION, [Place(0, "+0", 0, "0.00")]).points
    assert 0 <= point.left <= WIDTH

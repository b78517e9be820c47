from __future__ import annotations

from allocation.report.charts.band import Expected, Money, Month, band
from allocation.report.charts.chart import WIDTH, Caption

CAPTION = Caption("any", "Any", "in words", "table")


def money(units: int) -> Money:
    return Money(units, f"{units}.00")


def month(*spent: int, budget: int | None = None) -> Month:
    days = [(f"2026-11-{day:02}", money(units)) for day, units in enumerate(spent, start=1)]
    return Month(days, 30, "2026-11-30", money(budget) if budget else None)


def test_the_line_goes_to_what_is_spent_and_the_band_from_there_to_both_ends() -> None:
    chart = band(CAPTION, month(10, 20, 30), Expected(money(300), money(250), money(400)))
    walked, ahead = chart.strokes
    now, end = walked.places[-1], ahead.places[-1]
    assert len(walked.places) == 4
    assert ahead.places[0] == now
    assert ahead.style == "ahead"
    (area,) = chart.areas
    assert area.places[0] == now
    assert [place[0] for place in area.places[1:]] == [end[0]] * 2
    high, low = (place[1] for place in area.places[1:])
    assert high < end[1] < low < now[1]
    # A tenth of the days is a tenth of the way, and 30 of 400 that part of the height.
    assert now[0] == end[0] * 3 // 30
    axis, top = chart.lines[0].top, high
    assert abs((axis - now[1]) * 400 - 30 * (axis - top)) <= 400
    assert [dot.words for dot in chart.dots] == ["2026-11-03: 30.00", "2026-11-30: 300.00"]
    assert area.words == "2026-11-30: 250.00 to 400.00"


def test_without_an_interval_nothing_is_drawn_of_one_and_a_budget_is_a_line() -> None:
    chart = band(CAPTION, month(10, 20, budget=300), Expected(money(299)))
    assert chart.areas == ()
    limit = chart.strokes[-1]
    assert limit.style == "budget"
    assert limit.places[0][1] == limit.places[1][1]
    written = [label.words for label in chart.labels]
    assert "299.00" in written
    assert "300.00" not in written  # there is no room beside the other
    assert all(0 <= label.left <= WIDTH for label in chart.labels)


def test_a_month_of_credits_has_its_axis_above() -> None:
    chart = band(CAPTION, month(-10, -20), Expected(money(-30)))
    assert chart.lines[0].top < chart.dots[0].top < chart.dots[1].top <= chart.height

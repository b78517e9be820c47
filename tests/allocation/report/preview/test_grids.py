from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from allocation.preview.comparison import compared
from allocation.preview.cost_estimate import cost_estimate
from allocation.report.preview.grids import neighbours, once, priced_lines, promises, who_pays
from tests.allocation.previews import conditions, preview_of
from tests.allocation.report.preview.shown import many, moved, nothing, previews
from tests.portfolios import plan_of, tenant


def test_what_is_cut_off_is_one_row_with_its_sums() -> None:
    whole, short = who_pays(many(100), None), who_pays(many(100), 7)
    assert (len(whole.rows), len(short.rows), short.left_out) == (100, 7, 93)
    assert short.rows == whole.rows[:7]
    assert short.foot[0][0] == "93 more that change"
    assert short.foot[-1] == whole.foot[-1]


def test_tables_without_rows_are_left_out() -> None:
    assert neighbours(nothing(), None) is None
    assert promises(nothing(), None) is None
    assert priced_lines(nothing(), None) is None
    assert once(previews()[4], None) is None


def test_a_tenant_may_be_called_like_a_row() -> None:
    sides = [
        cost_estimate(plan_of(*(tenant(name) for name in names)), conditions())
        for names in (("total",), ("idle", "total"))
    ]
    table = promises(preview_of(compared(*sides)), None)
    assert table is not None
    assert [row[0] for row in table.rows] == ["idle"]


def test_how_sure_a_line_is() -> None:
    lines = priced_lines(moved(), None)
    assert lines is not None
    doubts = {row[0]: row[2] for row in lines.rows}
    assert doubts["cobalt/server#instance"] == "before: price D"
    assert doubts["cobalt/server#storage"] == ""
    assert doubts["cobalt/support#hours"] == "assumed, price example"
    quantities = {row[0]: row[3] for row in lines.rows}
    assert quantities["platform/backup-bucket#puts"] == "251,728 → 432,990 request"
    assert quantities["cobalt/cache#nodes"] == "0 → 730 node-hour"
    assert quantities["cobalt/cache#second-nodes"] == "0 → 730 node-hour"


def test_units_that_differ_are_both_reported() -> None:
    before = moved().comparison.before
    charges = tuple(replace(each, unit="night", quantity=Decimal(3)) for each in before.priced.charges)
    after = replace(before, priced=before.priced._replace(charges=charges))
    lines = priced_lines(preview_of(compared(before, after)), None)
    assert lines is not None
    assert "730 hour → 3 night" in {row[3] for row in lines.rows}


def test_an_unknown_price_is_part_of_no_sum() -> None:
    (people,) = moved().one_off
    table = once(replace(moved(), one_off=(people, replace(people, units=None))), None)
    assert table is not None
    assert [row[-1] for row in (*table.rows, *table.foot)] == ["60.00", "unknown price", "60.00"]

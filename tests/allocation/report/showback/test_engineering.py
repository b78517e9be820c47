from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from allocation.money import text_of
from allocation.preview.off_hours import savings
from allocation.report.showback.engineering import engineering
from tests.allocation.previews import now
from tests.allocation.showbacks import moved
from tests.portfolios import catalog


def test_what_never_sleeps_is_reported_with_what_it_would_save() -> None:
    found = savings(now(), catalog().classes.off_hours)
    assert found
    page = engineering(replace(moved(), savings=found))
    (reported,) = (each for each in page.tables if each.name == "off-hours")
    assert [(row[0].shown, row[3].exact, row[4].exact) for row in reported.rows] == [
        (each.tenant, text_of(each.saved), text_of(each.freed)) for each in found
    ]
    (foot,) = reported.foot
    assert Decimal(str(foot[4].exact)) == sum(Decimal(str(row[4].exact)) for row in reported.rows)


def test_where_everything_sleeps_nothing_is_said_of_it() -> None:
    assert "off-hours" not in {each.name for each in engineering(moved()).tables}

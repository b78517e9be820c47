from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from allocation.report.showback.content import Table
from allocation.report.showback.finance import finance
from allocation.report.showback.month import Showback
from tests.allocation.showbacks import moved


def tables(showback: Showback) -> dict[str, Table]:
    return {each.name: each for each in finance(showback).tables}


def figures(table: Table, row: int) -> list[Decimal]:
    return [Decimal(str(cell.exact)) for cell in (*table.rows, *table.foot)[row][1:]]


def test_every_tiers_cost_is_fixed_or_variable() -> None:
    found = tables(moved())["behaviour"]
    assert [row[0].shown for row in found.rows] == sorted({line.tier for line in moved().statement.tenants})
    for row in range(len(found.rows) + 1):
        fixed, variable, cost = figures(found, row)
        assert fixed + variable == cost
        assert 0 < variable < cost


def test_why_the_fees_changed_adds_up_to_their_difference() -> None:
    showback = moved()
    found = tables(showback)["fees"]
    now, then = (sum(line.fee for line in month.tenants) for month in (showback.statement, *showback.past))
    assert found.rows[0][0].shown == "another tier"
    assert figures(found, -1) == [Decimal(now - then).scaleb(-10)]


def test_fees_that_stayed_need_no_reason() -> None:
    showback = moved()
    same = replace(showback, past=(showback.statement,))
    assert "fees" not in tables(same)

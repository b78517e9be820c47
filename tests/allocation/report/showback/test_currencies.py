"""Pages in a currency without decimals, and in one with three."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from allocation.preview.price_age import PriceAge
from allocation.report.showback.index import index
from allocation.report.showback.month import Showback
from allocation.review.signals import Month
from allocation.statement.filed import FiledStatement, filed_statement
from allocation.statement.ledger.figure import alone
from tests.allocation.previews import changed
from tests.allocation.showbacks import all_pages, moved, statement_of, written
from tests.portfolios import catalog, local_plan
from tiers.plan.plan import Plan


def month_in(currency: str) -> Showback:
    def filed(plan: Plan, month: str) -> FiledStatement:
        found, items = written(statement_of(plan), month)
        return filed_statement({**found, "currency": currency}, items, "test")

    after = changed("acme", "dedicated-db", users="14")
    month = Month(filed(after, "2026-12"), after, catalog())
    options = {
        name: tuple(
            replace(each, fee_difference=alone(each.fee_difference, currency), cost_difference=None)
            for each in found
        )
        for name, found in moved().options.items()
    }
    return replace(moved(), month=month, past=(filed(local_plan(), "2026-11"),), options=options)


@pytest.mark.parametrize(("currency", "decimals"), [("JPY", ""), ("KWD", r"\.[0-9]{3}")])
def test_every_amount_has_the_decimals_of_its_currency_and_columns_add_up(
    currency: str, decimals: str
) -> None:
    showback = month_in(currency)
    amounts = 0
    for page in all_pages(showback):
        for words in (page.headline, *page.answer):
            assert not re.search(r"[0-9]\.[0-9]{2}(?![0-9])", words), words
        for table in page.tables:
            for row in (*table.rows, *table.foot):
                for head, cell in zip(table.heads, row, strict=True):
                    if head in ("cost", "fee", "margin", "amount", "change", "idle", "share"):
                        assert not cell.exact or re.fullmatch(rf"[+-]?[0-9,]+{decimals}", cell.shown), cell
                        amounts += bool(cell.exact)
    assert amounts > 50
    tenants = next(table for table in index(showback).tables if table.name == "tenants")
    shown = [[float(row[2].shown.replace(",", "")) for row in rows] for rows in (tenants.rows, tenants.foot)]
    assert sum(shown[0]) == pytest.approx(shown[1][0], abs=1e-6)


def test_a_fee_is_no_percentage_of_the_bill() -> None:
    (glance,) = (table for table in index(moved()).tables if table.name == "glance")
    parts = {row[0].shown: row[3].shown for row in glance.rows}
    assert (parts["bill"], parts["fees"], parts["margin"]) == ("100.0 %", "", "")


def test_the_age_of_prices_and_the_size_of_what_has_none_are_said_beside_the_total() -> None:
    said = index(replace(moved(), price_age=PriceAge(90, 92))).answer[1]
    assert re.search(r"; 2 lines of 2 of [0-9]+ resources are of unknown price and are in no total; ", said)
    assert said.endswith("; 90 of 92 prices are older than a year.")
    assert "older than a year" not in index(moved()).answer[1]

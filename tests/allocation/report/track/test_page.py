"""The page of a month that runs: its figures are those of every other form, a reader's questions first."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal

import pytest

from allocation.report.showback.content import Page, Table
from allocation.report.showback.rendering import as_html, as_json
from allocation.report.track.document import document
from allocation.report.track.page import page
from tests.allocation.report.track.test_formats import made


def table(made_page: Page, name: str) -> Table:
    (found,) = (each for each in made_page.tables if each.name == name)
    return found


def test_the_lines_are_those_of_the_document() -> None:
    tracked = made()
    said = document(tracked)["lines"]
    rows = [[cell.plain for cell in row] for row in table(page(tracked), "lines").rows]
    assert [[row[1], *row[2:7]] for row in rows] == [
        [line["scope"], *(line[name] or "" for name in ("spent", "forecast", "low", "high", "budget"))]
        for line in said
    ]


def test_the_days_add_up_to_what_is_spent_and_the_drawing_ends_there() -> None:
    tracked = made()
    days = table(page(tracked), "days")
    charged = [Decimal(row[1].plain) for row in days.rows if row[1].plain]
    first, last = (Decimal(row[2].plain) for row in (days.rows[0], days.rows[-1]))
    whole = Decimal(document(tracked)["lines"][0]["spent"])
    assert last == whole
    # What is booked for the month is there from its first day on.
    assert first - charged[0] + sum(charged) == whole
    assert [row[3].plain for row in days.rows].count("no bill yet") == 1
    picture = page(tracked).picture
    assert picture is not None
    assert picture.caption.table == "days"
    assert picture.dots[0].words.endswith(days.rows[-1][2].shown)


def test_the_first_screen_says_what_is_over_and_unlike_and_how_sure_that_is() -> None:
    tracked = made()
    first = page(tracked)
    assert [figure.label for figure in first.figures] == ["spent", "forecast", "thresholds exceeded"]
    assert "client acme-ltd" in first.answer[0]
    assert any(sentence.startswith("acme, direct: 50.00 USD more than usual") for sentence in first.answer)
    assert "the forecast was" in first.answer[-1]
    fine = page(made(budget=10**15))
    assert fine.answer[0] == "No threshold of a budget is exceeded."
    calm = page(replace(tracked, crossed=(), anomalies=(), tried_months=0))
    assert "It is too early to say which day is unlike." in calm.answer or "No day is unlike." in calm.answer


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a&b"])
def test_a_client_whatever_it_is_called_is_text(name: str) -> None:
    html = as_html(page(made(name)))
    assert "<script" not in html
    assert json.loads(as_json(page(made(name))))["title"] == "local 2026-11: the month so far"


def test_yen_have_no_decimals_on_the_page() -> None:
    html = as_html(page(replace(made(), currency="JPY", notes=())))
    assert not re.search(r">[\d,]+\.\d\d<", html)

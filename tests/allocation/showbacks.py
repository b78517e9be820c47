"""Months to be reported, for tests: the committed portfolio, before and after somebody changed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from allocation.preview.cost_estimate import cost_estimate
from allocation.report.showback.content import Page
from allocation.report.showback.month import Option, Showback
from allocation.report.statement.document import document, items_document
from allocation.review.signals import Month
from allocation.runs.report_folder import Extras, pages
from allocation.statement.filed import FiledStatement, filed_statement
from allocation.statement.statement import Statement
from cli.actions.costs.tried import rehearsed_before
from tests.allocation.previews import changed, conditions
from tests.portfolios import catalog, local_plan
from tiers.plan.plan import Plan

OPEN = "acme-consulting"
"""The client whose book is open in the months here."""


def written(statement: Statement, month: str = "2026-11") -> tuple[dict[str, Any], dict[str, Any]]:
    """*statement* as if it were written down, of another month, and its items."""
    found_text = document(statement)
    found_text["period"] = {"start": f"{month}-01T00:00:00Z", "end": f"{month}-28T00:00:00Z"}
    return found_text, items_document(statement)


def filed(statement: Statement, month: str = "2026-11") -> FiledStatement:
    """The same, read again."""
    return filed_statement(*written(statement, month), "test")


def statement_of(plan: Plan) -> Statement:
    """What a month of *plan* costs."""
    return cost_estimate(plan, conditions()).statement


@cache
def moved() -> Showback:
    """A tenant, acme, went to a tier of its own database, and has more users; the month before it had not."""
    after = changed("acme", "dedicated-db", users="14")
    option = Option("acme", "ha-postgresql", 123 * 10**10, 45 * 10**10, -(10**10))
    now = filed(statement_of(after), "2026-12")
    return Showback(
        Month(now, after, catalog()),
        (filed(statement_of(local_plan()), "2026-11"),),
        options={"acme": (option,)},
        rehearsals=tuple(rehearsed_before((), after, now.period.end)),
        open_book=frozenset({OPEN}),
    )


def all_pages(showback: Showback) -> Iterator[Page]:
    """Every page of it."""
    nothing: tuple[dict[str, Any], None] = ({}, None)
    yield from pages(showback, Extras(nothing))

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from allocation.estimate.quantities import HOURS_PER_MONTH
from allocation.money import text_of
from allocation.report.figures import number
from allocation.report.showback.client import account
from allocation.report.showback.month import Showback
from allocation.report.showback.open_book import shown_causes
from allocation.report.showback.rendering import as_csv, as_html, as_json
from allocation.review.causes import Cause, Reason
from allocation.review.signals import Month
from allocation.statement.filed import FiledStatement
from tests.allocation.showbacks import OPEN, filed, moved, statement_of
from tests.portfolios import catalog, local_plan, plan_of, tenant

CLIENTS = sorted({each.client for each in local_plan().tenants})
TELLING = 6
"""Digits from which on a figure belongs to one tenant and is no coincidence."""


def all_open() -> Showback:
    """A month in which every client sees what it costs."""
    return replace(moved(), open_book=frozenset(CLIENTS))


def files(showback: Showback, client: str) -> str:
    page = account(showback, client)
    return "".join(render(page) for render in (as_html, as_json, as_csv))


def figures_of(showback: Showback, client: str) -> set[str]:
    """Every exact figure of a client that is long enough to differ from another's."""
    months = [showback.statement, *showback.past]
    lines = [line for month in months for line in month.tenants if line.client == client]
    units = {
        *(getattr(line, name) for line in lines for name in ("direct", "total", "margin", "cross_subsidy")),
        *(units for line in lines for units in (*line.pooled.values(), *line.by_category.values())),
        *(cause.units for line in lines for cause in showback.causes[line.tenant]),
    }
    return {text_of(each) for each in units if len(text_of(each).strip("-0.").replace(".", "")) >= TELLING}


@pytest.mark.parametrize("client", CLIENTS)
def test_no_other_clients_name_or_figure_is_in_any_file_of_a_client(client: str) -> None:
    showback = all_open()
    text = files(showback, client)
    own = figures_of(showback, client)
    for other in set(CLIENTS) - {client}:
        names = {other, *(line.tenant for line in showback.statement.tenants if line.client == other)}
        for name in names:
            assert not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text), f"{client} reads {name}"
        secret = figures_of(showback, other) - own
        assert len(secret) > 3
        assert [figure for figure in secret if figure in text] == []


def test_the_leak_test_sees_a_leak() -> None:
    showback = all_open()
    assert all(
        any(figure in files(showback, client) for figure in figures_of(showback, client))
        for client in CLIENTS
    )


def of_clients(count: int) -> Showback:
    """So many clients who share everything, in two months."""
    plan = plan_of(*(tenant(f"t{number}", client=f"c{number}") for number in range(count)))
    month = filed(statement_of(plan), "2026-12")
    more = plan_of(
        *(tenant(f"t{number}", client=f"c{number}", options={"users": 4 + number}) for number in range(count))
    )
    clients = frozenset(f"c{number}" for number in range(count))
    past = (filed(statement_of(more), "2026-11"),)
    return Showback(Month(month, plan, catalog()), past, open_book=clients)


@pytest.mark.sample(1)
@pytest.mark.parametrize("count", [2, 3, 4])
def test_what_fewer_than_five_share_is_reported_of_no_client(count: int) -> None:
    showback = of_clients(count)
    assert showback.large_pools == frozenset()
    text = files(showback, "c0")
    for pool, total in showback.statement.pool_totals.items():
        assert text_of(total) not in text, pool
    # Neither the parts of a share's change, from which the total could be worked out.
    reasons = {cause.reason for cause in shown_causes(showback, "c0")}
    assert reasons <= {Reason.POOL, Reason.PRICE, Reason.QUANTITY}
    pools = set(showback.statement.pool_totals)
    assert not any(cause.about in pools for cause in shown_causes(showback, "c0"))


def test_what_five_share_is_reported_as_a_whole() -> None:
    showback = of_clients(5)
    assert "postgresql" in showback.large_pools
    assert text_of(showback.statement.pool_totals["postgresql"]) in files(showback, "c0")


@pytest.mark.whole("what fewer than five share is hidden above")
def test_a_pool_that_few_shared_the_month_before_stays_hidden() -> None:
    many, few = of_clients(5), of_clients(4)
    assert replace(many, past=few.past).large_pools == frozenset()


@pytest.mark.parametrize("client", CLIENTS)
def test_the_causes_that_are_reported_add_up_to_the_difference(client: str) -> None:
    showback = moved()
    now, then = (
        sum(line.total for line in month.by_client[client]) for month in (showback.statement, *showback.past)
    )
    assert sum(cause.units for cause in shown_causes(showback, client)) == now - then


def test_the_first_screen_says_why_the_bill_went_up() -> None:
    page = account(moved(), OPEN)
    assert page.headline == "acme-consulting, 2026-12: 698.00 USD"
    assert page.answer[0] == (
        "That is 400.00 USD (134.2 %) more than in 2026-11: acme moved from Shared namespace to Dedicated "
        "database."
    )
    assert page.answer[1] == "The fee covers all that is declared; what was used was not measured."
    assert page.answer[2] == "No backup was restored as a test yet: ask us for a restore test."
    assert page.answer[3].startswith(
        "Your part of our cost is 403.97 USD, 193.56 USD (92.0 %) more than in 2026-11. "
        "Reasons: another service +"
    )


def test_a_closed_book_shows_the_fee_and_what_it_buys_and_no_cost() -> None:
    showback = replace(moved(), open_book=frozenset())
    for client in CLIENTS:
        page = account(showback, client)
        assert {table.name for table in page.tables} <= {
            "fees",
            "fee-parts",
            "trend",
            "fair-use",
            "overage",
            "recovery",
            "rehearsals",
            "options",
        }
        assert not figures_of(showback, client) & set(
            re.findall(r"-?[0-9]+\.[0-9]+", files(showback, client))
        )


def test_no_page_of_a_client_has_a_command_or_a_margin() -> None:
    for client in CLIENTS:
        text = files(moved(), client)
        assert "costack " not in text
        assert "margin" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)


def test_what_cancels_out_is_no_row_and_every_reason_is_one_row() -> None:
    table = next(each for each in account(moved(), OPEN).tables if each.name == "why")
    words = [row[0].plain for row in table.rows]
    assert len(words) == len(set(words))
    assert not {"tier", "quantity", "price"} & set(words)
    assert table.rows[0][2].plain == "acme: Shared namespace to Dedicated database"


def test_more_usage_of_ones_own_is_said_in_figures() -> None:
    showback = of_clients(5)
    (now, then) = (
        showback.statement.pools_by_name["platform"].usage["t4"],
        showback.past[0].pools_by_name["platform"].usage["t4"],
    )
    table = next(each for each in account(showback, "c4").tables if each.name == "why")
    abouts = {row[0].plain: row[2].plain for row in table.rows}
    assert now != then
    was, uses = (number(used / HOURS_PER_MONTH) for used in (then, now))
    assert f"users {was} → {uses}" in abouts["your own usage"]


def test_without_a_month_before_it_the_page_says_so() -> None:
    page = account(replace(moved(), past=()), "acme-consulting")
    assert page.answer[0] == "No earlier month is known to compare with."
    assert "why" not in {table.name for table in page.tables}


def test_another_service_is_reported_with_its_fee_and_its_cost_where_the_book_is_open() -> None:
    for showback, cost in ((moved(), ["45.00"]), (replace(moved(), open_book=frozenset()), [])):
        (row,) = next(table for table in account(showback, OPEN).tables if table.name == "options").rows
        assert [cell.plain for cell in row] == ["acme", "Highly available", "123.00", *cost]


def test_a_cause_of_a_small_pool_is_merged() -> None:
    causes = shown_causes(moved(), "acme-consulting")
    few = {cause.reason for cause in causes if cause.about == "small shared pools"}
    # Of acme, which moved, all about small pools is its move; its staging tenant stayed.
    assert few == {Reason.TIER, Reason.POOL}
    assert {cause.about for cause in causes}.isdisjoint(moved().pools - moved().large_pools)


def month_of(owners: dict[str, str], month: str) -> FiledStatement:
    """A month in which these tenants belong to these clients."""
    return filed(
        statement_of(plan_of(*(tenant(name, client=owner) for name, owner in owners.items()))), month
    )


@pytest.mark.sample(1)
@pytest.mark.parametrize("now", [{}, {"second": "delta"}], ids=["ended", "given away"])
def test_a_tenant_that_a_client_has_no_longer_is_gone_from_its_bill(now: dict[str, str]) -> None:
    before = month_of({"first": "acme", "second": "acme", "third": "delta"}, "2026-11")
    after = month_of({"first": "acme", "third": "delta", **now}, "2026-12")
    showback = Showback(Month(after, local_plan(), catalog()), (before,))
    gone = before.by_tenant["second"]
    assert Cause(Reason.GONE, gone.tier, -gone.total) in shown_causes(showback, "acme")
    assert showback.fee_causes_of("acme")["second"] == (Cause(Reason.GONE, gone.tier, -gone.fee),)
    for client in after.by_client:
        then, here = (sum(line.total for line in month.by_client[client]) for month in (before, after))
        assert sum(cause.units for cause in shown_causes(showback, client)) == here - then
    said = "went to another client" if now else "has ended"
    assert account(showback, "acme").answer[0].endswith(f" less than in 2026-11: second {said}.")
    if now:
        assert account(showback, "delta").answer[0].endswith(": second is new.")
        new = Cause(Reason.NEW, gone.tier, after.by_tenant["second"].fee)
        assert showback.fee_causes_of("delta")["second"] == (new,)


def test_the_name_that_another_client_gave_a_tenant_since_is_not_told() -> None:
    before = month_of({"first": "acme", "second": "acme"}, "2026-11")
    taken = plan_of(
        tenant("first", client="acme"), tenant("second", client="delta", display_name="delta-erp")
    )
    month = Month(filed(statement_of(taken), "2026-12"), taken, catalog())
    text = files(Showback(month, (before,), open_book=frozenset({"acme"})), "acme")
    assert "second went to another client" in text
    assert "delta" not in text
    assert "delta-erp is new" in files(Showback(month, (before,)), "delta")


def test_pages_show_a_renamed_tenant_by_its_name_and_compare_it_with_itself() -> None:
    before = filed(statement_of(plan_of(tenant("old", client="c"))), "2026-11")
    plan = plan_of(tenant("old", client="c", display_name="new"))
    showback = Showback(Month(filed(statement_of(plan), "2026-12"), plan, catalog()), (before,))
    text = as_html(account(showback, "c"))
    assert "old is called new now." in text
    assert "is gone" not in text
    assert ">old<" not in text
    assert ">new<" in text

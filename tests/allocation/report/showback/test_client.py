from __future__ import annotations

import re
from dataclasses import replace

import pytest

from allocation.money import text_of
from allocation.report.showback.client import account, shown_causes
from allocation.report.showback.month import Showback
from allocation.report.showback.rendering import as_csv, as_html, as_json
from allocation.review.causes import Cause, Reason
from allocation.review.signals import Month
from allocation.statement.filed import FiledStatement
from tests.allocation.showbacks import filed, moved, statement_of
from tests.portfolios import catalog, local_plan, plan_of, tenant

CLIENTS = sorted({each.client for each in local_plan().tenants})
TELLING = 6
"""Digits from which on a figure belongs to one tenant and is no coincidence."""


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
    showback = moved()
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
    showback = moved()
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
    return Showback(Month(month, plan, catalog()), (filed(statement_of(more), "2026-11"),))


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
    page = account(moved(), "acme-consulting")
    assert page.headline == "acme-consulting, 2026-12: 403.97 USD"
    assert page.answer[0].startswith("That is 193.56 USD (92.0 %) more than in 2026-11. Reasons: tier +")
    assert page.answer[1] == "acme moved from shared-namespace to dedicated-db."
    assert page.answer[2] == (
        "The fee is 698.00 USD, 400.00 USD (134.2 %) more than in 2026-11. Reasons: tier +400.00 USD."
    )


def test_without_a_month_before_it_the_page_says_so() -> None:
    page = account(replace(moved(), past=()), "acme-consulting")
    assert page.answer == ("The fee is 698.00 USD. No earlier month is known to compare with.",)
    assert "why" not in {table.name for table in page.tables}


def test_another_tier_is_reported_with_its_fee_its_cost_and_the_command() -> None:
    (row,) = next(
        table for table in account(moved(), "acme-consulting").tables if table.name == "options"
    ).rows
    assert [cell.plain for cell in row] == [
        "acme",
        "ha-postgresql",
        "123.00",
        "45.00",
        "costack preview --portfolio portfolios/local --tenant acme --tier ha-postgresql",
    ]


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
    assert " less than in 2026-11. Reasons: gone -" in account(showback, "acme").answer[0]
    assert account(showback, "acme").answer[1] == "second is gone."
    if now:
        assert account(showback, "delta").answer[1] == "second is new."
        new = Cause(Reason.NEW, gone.tier, after.by_tenant["second"].fee)
        assert showback.fee_causes_of("delta")["second"] == (new,)


def test_pages_show_a_renamed_tenant_by_its_name_and_compare_it_with_itself() -> None:
    before = filed(statement_of(plan_of(tenant("old", client="c"))), "2026-11")
    plan = plan_of(tenant("old", client="c", display_name="new"))
    showback = Showback(Month(filed(statement_of(plan), "2026-12"), plan, catalog()), (before,))
    text = as_html(account(showback, "c"))
    assert "old is called new now." in text
    assert "is gone" not in text
    assert ">old<" not in text
    assert ">new<" in text

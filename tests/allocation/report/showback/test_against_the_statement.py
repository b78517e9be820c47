"""Every figure of every page is the statement's: pages of estimates, beside sums over the raw documents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.report.showback.month import Showback
from allocation.report.showback.rendering import as_csv, as_html, as_json
from allocation.review.signals import Month
from allocation.review.usage_levels import levels
from allocation.statement.filed import filed_statement
from allocation.statement.statement import Statement
from cli.actions.costs.tried import rehearsed_before
from tests.allocation.previews import changed
from tests.allocation.recomputed.documents import Documents, Option, Written
from tests.allocation.recomputed.paper import Printed, read_page, said_otherwise
from tests.allocation.recomputed.walk import agree, problems, two_texts
from tests.allocation.showbacks import OPEN, all_pages, moved, statement_of, written
from tests.portfolios import catalog, local_plan, plan_of
from tests.portfolios import tenant as made_tenant
from tests.sampling import examples
from tiers.inventory import exported
from tiers.plan.plan import Plan


def raw(statement: Statement, month: str) -> Written:
    found_text, items = written(statement, month)
    return Written(found_text, tuple(items["items"]))


def month_of(plans: Sequence[Plan]) -> tuple[Showback, Documents]:
    """Months of *plans*, the last of them to be reported."""
    names = [f"2026-{12 - place:02}" for place in reversed(range(len(plans)))]
    return reported(
        [raw(statement_of(plan), name) for plan, name in zip(plans, names, strict=True)], plans[-1]
    )


def reported(months: Sequence[Written], plan: Plan) -> tuple[Showback, Documents]:
    """The last of *months*, of what *plan* has deployed, after the others."""
    filed = [filed_statement(each.statement, {"items": each.items}, "test") for each in months]
    month = Month(filed[-1], plan, catalog())
    never = tuple(rehearsed_before((), plan, filed[-1].period.end))
    clients = frozenset(each.client for each in plan.tenants)
    showback = Showback(month, tuple(filed[:-1]), rehearsals=never, open_book=clients)
    past = tuple(months[:-1])
    return showback, Documents(months[-1], exported(plan, {})["plan"], past, open_book=clients)


def dearer(month: Written, name: str, factor: Decimal) -> Written:
    """The same quantities a month later, all of them at *factor* times their price; nodes have one driver."""

    def times(amounts: dict[str, Any], *names: str) -> dict[str, Any]:
        return {**amounts, **{each: f"{Decimal(amounts[each]) * factor:f}" for each in names or amounts}}

    def line(tenant: dict[str, Any]) -> dict[str, Any]:
        new = times(tenant, "direct", "total", "variable")
        new |= {part: times(tenant[part]) for part in ("pooled", "idle", "by_category", "by_domain")}
        for margin, cost in (("_1", "variable"), ("_2", "direct"), ("_3", "total")):
            new[f"contribution_margin{margin}"] = f"{Decimal(new['fee']) - Decimal(new[cost]):f}"
        return {**new, "margin": new["contribution_margin_3"]}

    old = month.statement
    pools = [{**pool, "unit": "core-hours"} if pool["pool"] == "nodes" else pool for pool in old["pools"]]
    changes = {
        "period": {"start": f"{name}-01T00:00:00Z", "end": f"{name}-28T00:00:00Z"},
        "tenants": [line(tenant) for tenant in old["tenants"]],
        "pools": pools,
        "idle": times(old["idle"]),
        "totals": times(old["totals"]),
    }
    return Written({**old, **changes}, tuple(times(dict(item), "amount") for item in month.items))


def printed(showback: Showback) -> tuple[list[Printed], list[str]]:
    """The pages as they would lie in their folder, and where the files of one differ."""
    pages: list[Printed] = []
    otherwise: list[str] = []
    for page in all_pages(showback):
        client = page.path.removeprefix("account/") if "/" in page.path else ""
        read = read_page(page.path, as_html(page), client)
        otherwise += said_otherwise(read, as_json(page), as_csv(page))
        pages.append(read)
    return pages, otherwise


def wrong(showback: Showback, documents: Documents) -> list[str]:
    pages, otherwise = printed(showback)
    return [*otherwise, *problems(pages, documents)]


@cache
def documents_of_moved() -> Documents:
    after = changed("acme", "dedicated-db", users="14")
    _, documents = month_of([local_plan(), after])
    return replace(
        documents,
        options={"acme": (Option("ha-postgresql", Fraction(123), Fraction(45)),)},
        open_book=frozenset({OPEN}),
    )


def without(plan: Plan, name: str) -> Plan:
    return plan.model_copy(update={"tenants": tuple(each for each in plan.tenants if each.tenant != name)})


def of_client(plan: Plan, name: str, client: str) -> Plan:
    """The same with a tenant that is *client*'s."""
    tenants = tuple(
        each.model_copy(update={"client": client}) if each.tenant == name else each for each in plan.tenants
    )
    return plan.model_copy(update={"tenants": tenants})


def test_every_figure_of_a_month_in_which_a_tenant_moved() -> None:
    agree(wrong(moved(), documents_of_moved()))


def test_every_figure_of_a_first_month() -> None:
    agree(wrong(*month_of([local_plan()])))


def test_every_figure_of_a_month_with_overage() -> None:
    """One client agreed to pay for users beyond fair use, another did not; of the rest nothing is known."""
    before, more = changed("cobalt", users="90"), changed("acme", users="14", overage="agreed")
    acme = next(each for each in more.tenants if each.tenant == "acme")
    tenants = tuple(acme if each.tenant == "acme" else each for each in before.tenants)
    showback, documents = month_of([before, before.model_copy(update={"tenants": tenants})])
    agree(wrong(showback, documents))
    shown = {page.path: {table.name for table in page.tables} for page in all_pages(showback)}
    assert "overage" in shown["finance"]
    (own,) = (path for path, names in shown.items() if "overage" in names and "/" in path)
    assert own == f"account/{showback.pages_of[acme.client]}"


def test_every_figure_of_a_client_that_buys_services_beside_its_offer() -> None:
    """Margins by service, controls and promise, and what the fee is made of."""
    options = {"users": 9, "services": ("managed-database", "observability"), "overage": "agreed"}
    plan = plan_of(made_tenant("acme", tier="dedicated-db", options=options), made_tenant("zephyr"))
    showback, documents = month_of([plan])
    agree(wrong(showback, documents))
    pages = {page.path: page for page in all_pages(showback)}
    (parts,) = (table for page in pages.values() for table in page.tables if table.name == "fee-parts")
    assert [cell.shown for row in parts.rows for cell in row[1:]] == [
        *(catalog().tiers["dedicated-db"].title, "649.00"),
        *("Managed database", "189.00", "Observability package", "99.00"),
    ]
    sold = next(table for table in pages["finance"].tables if table.name == "by-service")
    assert "dedicated-hosting + managed-database + observability" in {row[0].shown for row in sold.rows}


def billed(month: Written, items: Sequence[dict[str, Any]]) -> Written:
    return Written({**month.statement, "basis": "billed"}, tuple(items))


def test_hours_that_were_worked_are_compared_with_those_that_tiers_include() -> None:
    """One asked for three times as much help as its tier includes, and all were helped for an hour."""
    plan = plan_of(made_tenant("acme", tier="dedicated-db"), made_tenant("zephyr"))
    month = raw(statement_of(plan), "2026-12")
    items = [dict(each) for each in month.items]
    (asked,) = (each for each in items if each["service"] == "Labour" and each["tenant"] == "acme")
    rate = Decimal(asked["amount"]) / Decimal(asked["quantity"])
    asked.update(quantity="12", amount=f"{12 * rate:f}")
    items.append({**asked, "tenant": None, "pool": "support", "quantity": "1", "amount": f"{rate:f}"})
    showback, documents = reported([billed(month, items)], plan)
    agree(wrong(showback, documents))
    (hours,) = (each for page in all_pages(showback) for each in page.tables if each.name == "hours")
    assert [cell.shown for cell in hours.rows[0]][:5] == ["dedicated-db", "support", "4", "12", "8"]
    assert hours.note.startswith("dedicated-db: 8 more hours of support than it includes, ")
    unknown, documents = reported(
        [billed(month, [each for each in items if each["service"] != "Labour"])], plan
    )
    agree(wrong(unknown, documents))
    assert "hours" not in {table.name for page in all_pages(unknown) for table in page.tables}


@pytest.mark.whole("a month in which a tenant moved has each kind of figure")
def test_every_figure_of_a_month_with_a_new_client_after_two_others() -> None:
    plans = [without(changed("borealis", users="9"), "acme"), without(local_plan(), "acme"), local_plan()]
    agree(wrong(*month_of([*plans, changed("acme", users="16")])))
    agree(wrong(*month_of(plans)))


def test_every_figure_of_a_month_in_which_all_prices_rose() -> None:
    before = raw(statement_of(local_plan()), "2026-11")
    agree(wrong(*reported([before, dearer(before, "2026-12", Decimal(3))], local_plan())))


@pytest.mark.sample(1)
@pytest.mark.parametrize("users", ["3", "8", "8.4", "25.25"])
def test_every_figure_of_a_month_in_which_users_were_counted(users: str) -> None:
    showback, documents = month_of([local_plan()])
    start = datetime(2026, 12, 1, tzinfo=UTC)
    rows = [
        ("acme", "users", start + timedelta(days=n), start + timedelta(days=n + 1), Decimal(count) * 24)
        for n, count in enumerate(["8", users])
    ]
    usage = [dict(zip(("tenant", "driver", "start", "end", "quantity"), row, strict=True)) for row in rows]
    said = [{name: f"{value}".removesuffix("+00:00") for name, value in row.items()} for row in usage]
    counted = replace(showback, month=replace(showback.month, levels=levels(rows)))
    agree(wrong(counted, replace(documents, usage=tuple(said))))


@pytest.mark.whole("test_client has a tenant that is gone")
def test_a_client_is_reported_of_a_tenant_that_is_gone() -> None:
    """Its cost is in the trend and in the month before: it is in the difference, and a cause of it."""
    agree(wrong(*month_of([local_plan(), without(local_plan(), "acme-staging")])))


def test_a_client_is_not_reported_what_a_tenant_cost_that_was_anothers() -> None:
    before = of_client(local_plan(), "acme", "borealis-engineering")
    agree(wrong(*month_of([before, changed("acme", users="16")])))


@examples(2, of=6)
@given(
    st.sampled_from(["acme", "borealis", "cobalt", "halcyon"]),
    st.sampled_from([None, "shared-namespace", "dedicated-db", "ha-postgresql"]),
    st.integers(1, 60),
)
def test_every_figure_whatever_changed(tenant: str, tier: str | None, users: int) -> None:
    agree(wrong(*month_of([local_plan(), changed(tenant, tier, users=str(users))])))


def test_a_table_that_nothing_answers_for_is_named() -> None:
    pages, _ = printed(moved())
    next(table for table in pages[0].tables if table.name == "glance").name = "surprise"
    found = list(problems(pages, documents_of_moved()))
    assert [line for line in found if "nothing says what 'surprise' must hold" in line]
    assert [line for line in found if "table 'glance' is missing" in line]


@pytest.mark.parametrize("column", [2, 3])
def test_a_cent_more_is_seen(column: int) -> None:
    pages, _ = printed(moved())
    cell = next(table for table in pages[0].tables if table.name == "tenants").rows[0][column]
    cell.exact = str(float(cell.exact or 0) + 0.01)
    found = list(problems(pages, documents_of_moved()))
    assert any(
        re.search(rf"index: table 'tenants' row 1 .*column {column + 1} holds", line) for line in found
    )


def test_another_text_of_the_same_figure_is_seen() -> None:
    pages, _ = printed(moved())
    (page,) = (page for page in pages if page.client == OPEN)
    cell = next(table for table in page.tables if table.name == "cost").rows[0][-1]
    cell.shown = f"{Decimal(cell.shown.replace(',', '')) + Decimal('0.01'):,}"
    (found,) = two_texts(pages)
    assert re.search(
        r"'.+' has [0-9,.]+ in table 'tenants' of index, and [0-9,.]+ in table 'cost' of account", found
    )


def test_another_figure_in_a_sentence_is_seen() -> None:
    """The oracle holds no words: in whatever sentence a figure stands, another one is a mistake."""
    pages, _ = printed(moved())
    first, documents = pages[0], documents_of_moved()
    said = [first.headline, *first.answer, *first.proof]
    for place, sentence in enumerate(said):
        digit = re.search("[1-8]", sentence)
        assert digit, sentence
        wrong = [*said]
        wrong[place] = f"{sentence[: digit.start()]}{int(digit[0]) + 1}{sentence[digit.end() :]}"
        headline, rest = wrong[0], wrong[1:]
        answers = len(first.answer)
        changed = replace(first, headline=headline, answer=rest[:answers], proof=rest[answers:])
        assert list(problems([changed, *pages[1:]], documents)), wrong[place]
    assert list(problems(pages, documents)) == []

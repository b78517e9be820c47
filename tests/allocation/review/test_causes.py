from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.engine.rulebook import rules_on
from allocation.money import units_of
from allocation.preview.cost_estimate import cost_estimate
from allocation.report.statement.document import document, items_document
from allocation.review.causes import Cause, Reason, by_reason, causes, fee_causes
from allocation.review.rule_changes import rule_change
from allocation.statement.filed import FiledStatement, filed_statement
from allocation.statement.statement import Statement
from tests.allocation.previews import changed, conditions, now
from tests.portfolios import local_plan
from tests.sampling import examples
from tiers.plan.plan import Plan


def filed(statement: Statement) -> FiledStatement:
    return filed_statement(document(statement), items_document(statement), "test")


@cache
def today() -> FiledStatement:
    return filed(now().statement)


def of(plan: Plan) -> FiledStatement:
    return filed(cost_estimate(plan, conditions()).statement)


def reasons(before: FiledStatement, after: FiledStatement, tenant: str) -> dict[Reason, int]:
    return by_reason(causes(before, after)[tenant])


def test_nothing_changed_has_no_cause() -> None:
    assert not any(causes(today(), today()).values())


def test_who_moved_to_another_tier_costs_more_for_that_and_its_neighbours_for_what_it_left() -> None:
    after = of(changed("acme", "dedicated-db"))
    assert next(iter(reasons(today(), after, "acme"))) is Reason.TIER
    left = reasons(today(), after, "borealis")
    # What is stored on the shared server is fewer GiB; the server costs the same.
    assert left[Reason.NEIGHBOURS] > 0
    assert Reason.TIER not in left


def test_more_users_are_the_tenants_own_doing_and_less_for_its_neighbours() -> None:
    after = of(changed("acme", users="16"))
    assert reasons(today(), after, "acme")[Reason.QUANTITY] > 0
    assert reasons(today(), after, "borealis")[Reason.NEIGHBOURS] < 0


def test_who_is_new_or_gone_costs_all_or_nothing() -> None:
    without = local_plan().model_copy(update={"tenants": local_plan().tenants[1:]})
    total = today().by_tenant["acme"].total
    assert causes(today(), of(without))["acme"] == (Cause(Reason.GONE, "shared-namespace", -total),)
    assert causes(of(without), today())["acme"] == (Cause(Reason.NEW, "shared-namespace", total),)


def december() -> FiledStatement:
    """The same plan by the next rulebook, which has a pool of its own for what watches over the account."""
    rules = rules_on(date(2026, 12, 1))
    return filed(cost_estimate(local_plan(), replace(conditions(), rules=rules)).statement)


def test_what_another_rulebook_moves_is_its_doing_and_nobody_used_less() -> None:
    change = rule_change(today(), december())
    assert (change.before, change.after) == ("2026-11", "2026-12")
    assert change.pools["platform"] < 0 < change.pools["security"]
    found = [cause for parts in causes(today(), december()).values() for cause in parts]
    mine = [cause for cause in found if cause.about in {"platform", "security"}]
    about = {cause.reason for cause in mine if abs(cause.units) > 1}
    assert about == {Reason.RULE}
    assert not rule_change(today(), today())


def dearer(statement: FiledStatement, tenant: str | None, pool: str, factor: int) -> FiledStatement:
    """The same month with the prices of a tenant's own items, or of a pool's, times *factor*."""
    assert all(line.pooled.get(pool, 0) >= 0 for line in statement.tenants)
    items = tuple(
        item.model_copy(update={"amount": item.amount * factor})
        if (item.tenant, item.pool) == (tenant, pool)
        else item
        for item in statement.items
    )
    lines = []
    for line in statement.tenants:
        direct = line.direct * (factor if line.tenant == tenant else 1)
        pooled = {
            name: units * (factor if tenant is None and name == pool else 1)
            for name, units in line.pooled.items()
        }
        update = {"direct": direct, "pooled": pooled, "total": direct + sum(pooled.values())}
        lines.append(line.model_copy(update=update))
    idle = {
        name: units * (factor if tenant is None and name == pool else 1)
        for name, units in statement.idle.items()
    }
    # Cached sums belong to the statement that they were made for.
    fields = {name: getattr(statement, name) for name in FiledStatement.model_fields}
    return FiledStatement.model_construct(**fields | {"items": items, "tenants": tuple(lines), "idle": idle})


def test_a_price_that_doubled_is_a_price() -> None:
    direct = today().by_tenant["acme"].direct
    after = dearer(today(), "acme", "", 2)
    assert reasons(today(), after, "acme") == {Reason.PRICE: direct}


def test_a_price_in_a_pool_reaches_everybody_who_shares_it() -> None:
    after = dearer(today(), None, "postgresql", 2)
    for line in today().tenants:
        share = line.pooled.get("postgresql", 0)
        assert reasons(today(), after, line.tenant) == ({Reason.PRICE: share} if share else {})


def test_a_month_without_items_knows_no_price() -> None:
    bare = filed_statement(document(now().statement), None, "test")
    after = dearer(today(), "acme", "", 2)
    assert reasons(bare, after, "acme") == {Reason.UNKNOWN: today().by_tenant["acme"].direct}


def test_a_bill_after_an_estimate_is_no_change_of_anything() -> None:
    fields = {name: getattr(today(), name) for name in FiledStatement.model_fields}
    lines = dearer(today(), "acme", "", 2).tenants
    billed = FiledStatement.model_construct(**fields | {"basis": "billed", "tenants": lines})
    assert [cause.reason for cause in causes(today(), billed)["acme"]] == [Reason.BASIS]


@examples(5, of=15)
@given(
    st.sampled_from(["acme", "borealis", "cobalt", "halcyon"]),
    st.sampled_from([None, "shared-namespace", "dedicated-db", "ha-postgresql"]),
    st.integers(1, 60),
)
def test_whatever_changed_every_unit_has_a_cause(tenant: str, tier: str | None, users: int) -> None:
    after = of(changed(tenant, tier, users=str(users)))
    found = causes(today(), after)
    of_tenants = sum(cause.units for parts in found.values() for cause in parts)
    beside = sum(
        getattr(after.totals, name) - getattr(today().totals, name) for name in ("idle", "unallocated")
    )
    assert of_tenants + beside == after.totals.charged - today().totals.charged
    assert not any(cause.reason is Reason.UNKNOWN for parts in found.values() for cause in parts)


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"schema_version": 99}, "schema_version is 99"),
        ({"tenants": 3}, "not a statement: tenants"),
        ({"totals": {"charged": "1"}}, "not a statement: totals.direct"),
    ],
)
def test_what_is_no_statement_is_refused(change: dict[str, Any], reported: str) -> None:
    with pytest.raises(Exception, match=reported):
        filed_statement(document(now().statement) | change, None, "file.json")


def test_a_statement_that_was_changed_by_hand_is_refused() -> None:
    changed_by_hand = document(now().statement)
    changed_by_hand["tenants"][0]["total"] = "1.00"
    with pytest.raises(Exception, match="do not add up"):
        filed_statement(changed_by_hand, None, "file.json")


def test_items_are_the_direct_cost_of_each_tenant() -> None:
    for line in today().tenants:
        assert sum(item.amount for item in today().items if item.tenant == line.tenant) == line.direct
    assert units_of(Decimal("121.71")) == today().by_tenant["acme"].direct


def test_a_fee_changes_by_tier_by_terms_by_who_is_new_and_who_is_gone() -> None:
    assert not any(fee_causes(today(), today()).values())
    larger = of(changed("acme", "dedicated-db"))
    step = larger.by_tenant["acme"].fee - today().by_tenant["acme"].fee
    about = "shared-namespace to dedicated-db"
    assert fee_causes(today(), larger)["acme"] == (Cause(Reason.TIER, about, step),)
    unread = filed(now().statement)
    tenants = tuple(
        line.model_copy(update={"fee": line.fee + (line.tenant == "acme")}) for line in unread.tenants
    )
    dearer_fee = unread.model_copy(update={"tenants": tenants})
    assert fee_causes(today(), dearer_fee)["acme"] == (Cause(Reason.TERMS, "shared-namespace", 1),)
    without = of(local_plan().model_copy(update={"tenants": local_plan().tenants[1:]}))
    fee = today().by_tenant["acme"].fee
    assert fee_causes(today(), without)["acme"] == (Cause(Reason.GONE, "shared-namespace", -fee),)
    assert fee_causes(without, today())["acme"] == (Cause(Reason.NEW, "shared-namespace", fee),)

"""Attributing charges once and adding up direct ones here gives what the engine gives of all of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from allocation.charges import ChargePeriod
from allocation.engine import rulebook, tables
from allocation.engine.allocate import Allocation, allocate
from allocation.engine.attribution import CATEGORY_TAG
from allocation.engine.rulebook import Rulebook
from allocation.engine.weights import Presence
from allocation.estimate.assumptions import Assumptions
from allocation.estimate.attributed_charges import known_of
from allocation.estimate.declared_usage import declared_usage
from allocation.estimate.estimated_charges import priced_charges
from allocation.estimate.estimated_statement import EstimatedStatements, usage_rows
from allocation.estimate.scratch import scratch
from allocation.preview.cost_estimate import Conditions, cost_estimate
from allocation.preview.estimates import Estimates
from allocation.prices.price_book import load_price_book
from tests.portfolios import catalog, every_offer, local_plan, local_portfolio, plan_of
from tests.sampling import examples
from tiers.errors import CatalogError
from tiers.plan.plan import Plan
from tiers.plan.resolve import resolve
from tiers.portfolio.what_if import with_tenant

DECEMBER = ChargePeriod.month("2026-12")
ASSUMED = Assumptions.on(date(2026, 12, 31))
PRICES = load_price_book("USD")
BOOK: dict[str, Any] = yaml.safe_load((rulebook.DIRECTORY / "2026-12.yaml").read_text(encoding="utf-8"))


def by_cost() -> Rulebook:
    """Support plans and the platform follow what tenants cost directly."""
    pools = [
        pool | {"driver": {"cost": ["direct"]}} if pool["pool"] == "platform" else pool
        for pool in BOOK["pools"]
    ]
    return Rulebook.model_validate(BOOK | {"pools": pools})


def unagreed() -> Rulebook:
    """No agreement who pays for the cache; a virtual tag looks at what has no tags, and finds nothing."""
    tag = {"tag": "dumps", "tenant": "acme", "when": {"services": ["AmazonS3"]}}
    rules = [rule for rule in BOOK["rules"] if rule.get("pool") != "sessions"]
    rules.append(
        {"rule": "sessions", "when": {"facts": ["cache-group"]}, "unallocated_because": "not agreed yet"}
    )
    pools = [pool for pool in BOOK["pools"] if pool["pool"] != "sessions"]
    return Rulebook.model_validate(BOOK | {"rules": rules, "pools": pools, "virtual_tags": [tag]})


RULES = {
    "committed": Rulebook.model_validate(BOOK),
    "in proportion to cost": by_cost(),
    "not agreed": unagreed(),
}


def of_all_charges(plan: Plan, rules: Rulebook) -> Allocation:
    """What the engine makes of every priced charge as a row of a bill."""
    charges = priced_charges(plan, PRICES, ASSUMED).charges
    regions = {fact.id: fact.region for fact in plan.all_facts()}
    owners = {tenant.tenant: tenant for tenant in plan.tenants}
    names = list(tables.columns_of(tables.CHARGE))
    rows = []
    for number, charge in enumerate(charges, 1):
        owner = owners[charge.tenant] if charge.tenant else None
        tags = owner.cost_tags(charge.domain) if owner else plan.platform_tags()
        row: dict[str, object] = dict.fromkeys(names) | dict.fromkeys(tables.COSTS, charge.units)
        row |= {"charge": number, "line_id": charge.id, "source": "estimate", "row_number": number}
        row |= {"period_start": "2026-12-01", "period_end": "2027-01-01", "charge_category": "Usage"}
        row |= {"service": charge.service, "description": charge.item, "quantity": f"{charge.quantity:f}"}
        row |= {"resource_id": charge.fact, "resource_type": charge.fact_kind, "unit": charge.unit}
        row |= {"region": charge.region or regions[charge.fact]}
        row |= {"tags": json.dumps(tags.as_tags() | {CATEGORY_TAG: str(charge.category)})}
        rows.append(tuple(row.values()))
    present = [
        Presence(each.tenant, *DECEMBER, each.environment, each.tier, plan.portfolio) for each in plan.tenants
    ]
    with scratch() as connection:
        tables.create(connection, "charge", tables.CHARGE)
        tables.insert(connection, "charge", tables.CHARGE, rows)
        tables.create(connection, "usage", tables.USAGE)
        tables.insert(connection, "usage", tables.USAGE, usage_rows(declared_usage(plan, DECEMBER)))
        return allocate(connection, known_of(plan), present, rules)


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
@pytest.mark.parametrize("plan", [local_plan(), plan_of(*every_offer())], ids=["local", "every offer"])
def test_an_estimate_is_the_allocation_of_all_its_charges(plan: Plan, rules: Rulebook) -> None:
    whole = of_all_charges(plan, rules)
    priced = priced_charges(plan, PRICES, ASSUMED)
    statement = EstimatedStatements(DECEMBER, PRICES, rules).of(plan, priced)
    assert statement.charged == whole.charged
    cells = {
        each.tenant: [cell for cell in whole.cells if cell.tenant == each.tenant] for each in plan.tenants
    }
    assert {line.tenant: list(line.cells) for line in statement.tenants} == cells
    assert statement.items == whole.items
    assert statement.unallocated == whole.unallocated
    assert bool(whole.unallocated) is bool(rules.virtual_tags)
    assert statement.usage == whole.usage
    assert statement.idle == {
        pool: sum(cell.units for cell in whole.cells if cell.tenant is None and cell.pool == pool)
        for pool in {cell.pool for cell in whole.cells if cell.tenant is None}
    }


CHANGES = st.tuples(
    st.sampled_from([each.tenant for each in local_portfolio().tenants]),
    st.sampled_from([*sorted(catalog().tiers), None]),
    st.integers(1, 60),
)


@examples(3, of=40)
@given(st.lists(CHANGES, min_size=1, max_size=3), st.sampled_from(list(RULES.values())))
def test_estimates_after_others_are_those_they_would_be_alone(
    changes: list[tuple[str, str | None, int]], rules: Rulebook
) -> None:
    asked = Conditions(DECEMBER, PRICES, rules, ASSUMED)
    estimates = Estimates(catalog(), local_portfolio(), asked, cost_estimate(local_plan(), asked))
    for name, tier, users in changes:
        try:
            other = with_tenant(catalog(), local_portfolio(), name, tier, {"users": str(users)}).portfolio
        except CatalogError:
            continue
        alone = cost_estimate(resolve(catalog(), other), asked)
        after = estimates.of(other)
        assert after.priced == alone.priced
        assert after.statement == alone.statement


def test_tags_of_a_tenant_that_are_other_now_are_read_anew() -> None:
    """Its facts may be the same objects, and a rule may look at what its file says."""
    named = {"rule": "closing", "when": {"tags": {"cost/lifecycle-stage": "decommissioning"}}}
    closing = named | {"unallocated_because": "the host pays what is left"}
    rules = Rulebook.model_validate(BOOK | {"rules": [closing, *BOOK["rules"]]})
    asked = Conditions(DECEMBER, PRICES, rules, ASSUMED)
    before = cost_estimate(local_plan(), asked)
    ended = tuple(
        each.model_copy(update={"lifecycle_stage": "decommissioning"}) if each.tenant == "acme" else each
        for each in before.plan.tenants
    )
    after = before.estimator.of(before.plan.model_copy(update={"tenants": ended}))
    acme = before.lines[ended[0].tenant]
    assert before.statement.unallocated == ()
    assert after.statement.unallocated_total == acme.direct > 0
    assert after.statement == cost_estimate(after.plan, asked).statement


def test_prices_of_a_fact_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Conditions(DECEMBER, PRICES, RULES["committed"], ASSUMED)
    before = cost_estimate(local_plan(), asked)
    found: list[str] = []
    find = type(PRICES).find

    def counted(self: Any, region: Any, service: Any, item: Any) -> Any:
        found.append(str(item))
        return find(self, region, service, item)

    monkeypatch.setattr(type(PRICES), "find", counted)
    assert replace(before.estimator.of(before.plan)) == before
    assert found == []

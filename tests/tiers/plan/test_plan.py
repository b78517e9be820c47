from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.portfolios import (
    catalog,
    every_offer,
    grouped_platform,
    local_plan,
    local_portfolio,
    measured,
    on_the_way,
    plan_of,
    routed,
    tenant,
    watched_over,
)
from tiers.facts.compute import Workload
from tiers.facts.data import DatabaseInstance
from tiers.facts.every_fact import FACT_TYPES
from tiers.plan.plan import Plan, fact_named, facts_of
from tiers.plan.resolve import resolve
from tiers.tags import MANDATORY, MANDATORY_FOR_TENANTS
from tiers.vocabulary import CostDomain


def test_a_plan_survives_json() -> None:
    assert Plan.model_validate_json(local_plan().model_dump_json()) == local_plan()


def test_a_plan_is_the_same_whatever_the_order_of_files() -> None:
    portfolio = local_portfolio()
    assert resolve(catalog(), portfolio) == resolve(catalog(), portfolio)
    assert [each.tenant for each in local_plan().tenants] == sorted(each.tenant for each in portfolio.tenants)


def test_the_tiers_together_have_every_kind_of_fact() -> None:
    plan = plan_of(*every_offer(), *on_the_way(), platform=watched_over(routed(measured(grouped_platform()))))
    assert len(plan.tenants) >= 9
    assert {type(fact) for fact in plan.all_facts()} == set(FACT_TYPES)


def test_no_two_facts_share_an_id_and_each_names_its_owner() -> None:
    ids = Counter(fact.id for fact in local_plan().all_facts())
    assert max(ids.values()) == 1
    for fact in local_plan().all_facts():
        assert fact.id == f"{fact.tenant or 'platform'}/{fact.name}"


def test_no_id_nor_name_holds_a_tier() -> None:
    """A tier change must replace nothing that holds data."""
    for fact in plan_of(*every_offer()).all_facts():
        for tier in catalog().tiers:
            assert tier not in fact.model_dump_json()


def test_fees_and_versions_come_from_the_tier() -> None:
    acme = local_plan().tenants[0]
    assert (acme.fee_per_month, acme.tier_version) == (Decimal("249.00"), "2026-11")
    assert acme.model_dump(mode="json")["fee_per_month"] == "249.00"


def test_every_tenant_and_the_platform_have_a_full_tag_set() -> None:
    for each in local_plan().tenants:
        assert set(each.cost_tags(CostDomain.RESILIENCE).as_tags()) == MANDATORY_FOR_TENANTS
    assert set(local_plan().platform_tags().as_tags()) == MANDATORY


def test_facts_are_found_by_kind_and_name() -> None:
    acme = local_plan().tenants[0]
    assert [fact.name for fact in facts_of(acme.facts, Workload)] == ["web", "cron"]
    assert fact_named(acme.facts, Workload, "cron").id == "acme/cron"
    with pytest.raises(LookupError, match="the plan has no DatabaseInstance called 'web'"):
        fact_named(acme.facts, DatabaseInstance, "web")


names = st.from_regex(r"[a-z][a-z0-9]{0,10}(-[a-z0-9]{1,8})?", fullmatch=True).filter(
    lambda name: name != "platform"
)


@settings(max_examples=50, deadline=None)
@given(
    st.sets(names, max_size=8),
    st.sampled_from(["production", "staging"]),
    st.integers(1, 1000),
)
def test_any_portfolio_resolves_and_survives_json(tenants: set[str], environment: str, users: int) -> None:
    options = {"users": users}
    plan = plan_of(*(tenant(name, environment=environment, options=options) for name in sorted(tenants)))
    assert Plan.model_validate_json(plan.model_dump_json()) == plan

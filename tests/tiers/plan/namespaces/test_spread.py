from __future__ import annotations

import pytest

from tests.portfolios import every_offer, plan_of, tenant, wide_platform
from tiers.facts.compute import Spread, Workload
from tiers.plan.plan import TenantPlan, fact_named, facts_of
from tiers.portfolio.platform import Platform
from tiers.vocabulary import ResilienceClass


def on(version: str) -> Platform:
    cluster = wide_platform().cluster.model_copy(update={"version": version})
    return wide_platform().model_copy(update={"cluster": cluster})


def web(plan: TenantPlan) -> Workload:
    return fact_named(plan.facts, Workload, "web")


def test_who_is_promised_two_zones_needs_them_and_nobody_else() -> None:
    promises = set()
    for each in plan_of(*every_offer()).tenants:
        promised_zones = each.resilience_class is not ResilienceClass.STANDARD
        for pods in facts_of(each.facts, Workload):
            assert pods.spread == Spread(zones=2 if promised_zones else 1, by_rollout=True)
            assert pods.needs_zones is (promised_zones and pods.replicas > 1)
        promises.add((promised_zones, web(each).needs_zones))
    assert promises == {(True, True), (False, False)}


def test_two_pods_without_the_promise_would_rather_be_apart_than_wait() -> None:
    """Size alone promises nothing: with nodes in one zone only, both pods run."""
    (plan,) = plan_of(tenant("acme", options={"users": 50, "workload_class": "m"})).tenants
    assert (web(plan).replicas, web(plan).needs_zones) == (2, False)


def test_a_weaker_promise_on_a_strong_tier_is_the_one_that_counts() -> None:
    for promise, needs in (("standard", False), ("business-critical", True)):
        options = {"users": 50, "resilience_class": promise}
        (plan,) = plan_of(tenant("acme", tier="ha-postgresql", options=options)).tenants
        assert web(plan).needs_zones is needs


@pytest.mark.parametrize(("version", "counts"), [("1.26", False), ("1.27", True), ("1.35", True)])
def test_older_versions_of_kubernetes_do_not_count_by_rollout(version: str, *, counts: bool) -> None:
    (plan,) = plan_of(tenant("acme"), platform=on(version)).tenants
    spread = web(plan).spread
    assert spread is not None
    assert spread.by_rollout is counts


def test_what_an_older_version_deployed_needs_zones_as_it_did() -> None:
    (plan,) = plan_of(tenant("acme", tier="ha-postgresql")).tenants
    assert web(plan).model_copy(update={"spread": None}).needs_zones is True

from __future__ import annotations

import pytest

from tests.portfolios import catalog, every_offer, local_portfolio, plan_of, tenant, with_token
from tiers.facts.compute import Job, Namespace, NamespaceQuota, ScheduledJob, Workload
from tiers.facts.data import CacheGroup, CacheSpace, DatabaseInstance, ManagedSecret, TenantDatabase
from tiers.facts.names import CACHE, DATABASE
from tiers.plan.plan import TenantPlan, fact_named, facts_of
from tiers.portfolio.rotation import Rotation, TokenRotation
from tiers.portfolio.tenant import Options
from tiers.vocabulary import RotationStage


def planned(tier: str, environment: str = "production") -> TenantPlan:
    return plan_of(tenant("acme", tier=tier, environment=environment)).tenants[0]


def test_a_tenant_on_a_shared_server_has_none_of_its_own() -> None:
    plan = planned("shared-namespace")
    assert facts_of(plan.facts, DatabaseInstance) == []
    assert fact_named(plan.facts, TenantDatabase, "database").server == DATABASE
    assert fact_named(plan.facts, CacheSpace, "sessions").group == CACHE


def test_a_dedicated_database_is_a_server_of_the_tenants_own() -> None:
    plan = planned("dedicated-db")
    server = fact_named(plan.facts, DatabaseInstance, "server")
    assert (server.instance_class, server.multi_az) == ("db.t4g.medium", False)
    assert fact_named(plan.facts, TenantDatabase, "database").server == server.id == "acme/server"
    assert fact_named(plan.facts, ManagedSecret, "server-secret").owner == server.id
    assert fact_named(plan.facts, CacheSpace, "sessions").group == CACHE


@pytest.mark.parametrize(
    ("stage", "used"), [(None, 2), (RotationStage.SECOND_LOGIN, 2), (RotationStage.BACK, 1)]
)
def test_a_tenants_sessions_have_the_number_of_their_caches_token(
    stage: RotationStage | None, used: int
) -> None:
    """The shared cache's is the platform's; the tenant's own rotation counts only for a cache of its own."""
    of_platform = with_token(TokenRotation(number=5, stage="both-tokens"))
    rotation = Rotation(number=2, stage=stage)
    for tier, number in (("shared-namespace", 5), ("dedicated-db", 5), ("ha-postgresql", used)):
        plan = plan_of(tenant("acme", tier=tier, rotation=rotation), platform=of_platform)
        sessions = fact_named(plan.tenants[0].facts, CacheSpace, "sessions")
        groups = {each.id: each for each in plan.all_facts() if isinstance(each, CacheGroup)}
        assert sessions.rotation_number == groups[sessions.group].rotation_number == number, tier


def test_high_availability_is_two_zones_for_everything() -> None:
    plan = planned("ha-postgresql")
    assert fact_named(plan.facts, DatabaseInstance, "server").multi_az is True
    cache = fact_named(plan.facts, CacheGroup, "cache")
    assert (cache.nodes, cache.multi_az) == (2, True)
    assert fact_named(plan.facts, CacheSpace, "sessions").group == cache.id
    web = fact_named(plan.facts, Workload, "web")
    assert (web.replicas, web.max_replicas) == (2, 4)
    assert fact_named(plan.facts, Workload, "cron").replicas == 1


@pytest.mark.parametrize("tier", ["dedicated-db", "ha-postgresql"])
def test_a_sandbox_of_a_dedicated_tenant_shares_the_platforms_server(tier: str) -> None:
    plan = planned(tier, "staging")
    assert facts_of(plan.facts, DatabaseInstance) == []
    assert fact_named(plan.facts, Namespace, "namespace").namespace == "odoo-acme"


def test_a_tenant_may_choose_its_maintenance_window() -> None:
    options = {"users": 5, "maintenance_window": "tue:02:00-tue:03:00"}
    (plan,) = plan_of(tenant("acme", tier="ha-postgresql", options=options)).tenants
    assert fact_named(plan.facts, DatabaseInstance, "server").maintenance_window == "tue:02:00-tue:03:00"
    assert fact_named(plan.facts, CacheGroup, "cache").maintenance_window == "tue:02:00-tue:03:00"


def test_a_quota_holds_the_worst_moment_of_a_rollout() -> None:
    """Every offer in a namespace of its own, in every size it may be given."""
    seen = 0
    for each in every_offer():
        for size in (None, *catalog().classes.workload_classes):
            options = Options(users=1, workload_class=size, dr_region=each.options.dr_region)
            plan = plan_of(each.model_copy(update={"options": options})).tenants[0]
            for quota in facts_of(plan.facts, NamespaceQuota):
                web = fact_named(plan.facts, Workload, "web")
                pods = [web] * (max(web.replicas, web.max_replicas) + 1)
                pods += [fact for fact in facts_of(plan.facts, Workload) if fact.name == "cron"]
                jobs: list[Job | ScheduledJob] = [*facts_of(plan.facts, ScheduledJob)]
                jobs += [fact for fact in facts_of(plan.facts, Job) if fact.namespace == quota.namespace]
                together = [*(pod.compute for pod in pods), *(job.compute for job in jobs)]
                assert quota.pods >= len(together)
                assert quota.cpu_request_millicores >= sum(pod.cpu_request_millicores for pod in together)
                assert quota.memory_request_mib >= sum(pod.memory_request_mib for pod in together)
                assert quota.memory_limit_mib >= sum(pod.memory_limit_mib for pod in together)
                assert quota.largest_pod.memory_limit_mib >= max(pod.memory_limit_mib for pod in together)
                seen += 1
    assert seen >= 24


def test_protection_is_the_portfolios_but_never_a_sandboxs() -> None:
    platform = local_portfolio().platform.model_copy(update={"deletion_protection": True})
    (plan,) = plan_of(tenant("acme", tier="dedicated-db"), platform=platform).tenants
    assert fact_named(plan.facts, DatabaseInstance, "server").deletion_protection is True

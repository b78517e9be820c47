from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.portfolios import LOCAL, catalog, every_offer, measured, plan_of, tenant, wide_platform
from tests.tiers.plan.estate.test_siblings import portfolio, read
from tiers.facts.compute import Job, NamespaceQuota, ScheduledJob, Workload
from tiers.facts.data import FileShare
from tiers.plan.estate.siblings import faults_within
from tiers.plan.from_program import DocumentError, plan_of_documents
from tiers.plan.namespaces.quota import Room
from tiers.plan.namespaces.shared import shared_quota_faults
from tiers.plan.plan import Plan, facts_of
from tiers.plan.resolve import resolve
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Portfolio
from tiers.vocabulary import LifecycleStage

NAMESPACE = "odoo-production"


def platform(**cluster: Any) -> Platform:
    document = wide_platform().model_dump(mode="json")
    document["cluster"] |= cluster
    return Platform.model_validate(document)


def quota_of(plan: Plan, namespace: str = NAMESPACE) -> NamespaceQuota:
    (found,) = (each for each in facts_of(plan.platform, NamespaceQuota) if each.namespace == namespace)
    return found


@given(room=st.tuples(*[st.integers(0, 10**9)] * 5), percent=st.integers(0, 1000))
def test_headroom_is_the_least_whole_number_that_is_so_much_more(
    room: tuple[int, int, int, int, int], percent: int
) -> None:
    for taken, given_ in zip(room, Room(*room).with_headroom(percent), strict=True):
        assert (given_ - 1) * 100 < taken * (100 + percent) <= given_ * 100 or taken == given_ == 0


def test_the_quota_of_a_shared_namespace_holds_every_tenant_at_its_largest() -> None:
    """All that is sold for a shared namespace side by side, counted from the facts of pods and claims."""
    plan = plan_of(*every_offer(), platform=platform(quota_headroom_percent=0))
    namespaces = {
        each.namespace
        for tenant in plan.tenants
        for each in facts_of(tenant.facts, FileShare)
        if each.mounted
    }
    quotas = {each.namespace: each for each in facts_of(plan.platform, NamespaceQuota)}
    assert len(quotas) == 5
    assert quotas.keys() <= namespaces
    for namespace, quota in quotas.items():
        pods, seen = [], set()
        for each in plan.tenants:
            for fact in each.facts:
                if isinstance(fact, Workload | Job | ScheduledJob) and fact.namespace == namespace:
                    more = 1 if fact.name == "web" else 0
                    count = max(fact.replicas, fact.max_replicas) + more if isinstance(fact, Workload) else 1
                    pods += [fact.compute] * count
                    seen.add(each.tenant)
        assert quota.tenants == len(seen)
        assert quota.pods >= len(pods)
        assert quota.cpu_request_millicores >= sum(pod.cpu_request_millicores for pod in pods)
        assert quota.memory_request_mib >= sum(pod.memory_request_mib for pod in pods)
        assert quota.memory_limit_mib >= sum(pod.memory_limit_mib for pod in pods)
        assert quota.largest_pod.cpu_limit_millicores == max(pod.cpu_limit_millicores for pod in pods)


def test_every_tenant_adds_what_it_takes_and_headroom_is_of_the_whole() -> None:
    one = quota_of(plan_of(tenant("acme"), platform=platform(quota_headroom_percent=0)))
    two = plan_of(tenant("acme"), tenant("borealis"), platform=platform(quota_headroom_percent=50))
    # s: 2 web pods in a rollout, one of scheduled actions, 6 of jobs; alone it may have been of class m until
    # this update, with 4 web pods that load had started, each of which takes 1000 instead of 250.
    assert one.pods == 9 + (4 - 1)
    assert (quota_of(two).pods, quota_of(two).cpu_request_millicores) == (27, 2 * 1200 + 4 * 1000 - 250)
    assert (one.tenants, quota_of(two).tenants) == (1, 2)
    assert one.cpu_request_millicores == 2 * 250 + 100 + 6 * 100 + (4 * 1000 - 250)


@pytest.mark.parametrize("tier", ["shared-namespace", "dedicated-db"])
@pytest.mark.parametrize(("before", "after"), list(permutations(catalog().classes.workload_classes, 2)))
def test_a_tenant_that_becomes_smaller_can_be_rolled_out(tier: str, before: str, after: str) -> None:
    """The worst moment: all old pods that load had started, the first new one, all jobs of the new size."""
    resized = tenant("acme", tier=tier, options={"users": 5, "workload_class": after})
    plan = plan_of(resized, platform=platform(quota_headroom_percent=0))
    quotas = [*facts_of(plan.platform, NamespaceQuota), *facts_of(plan.tenants[0].facts, NamespaceQuota)]
    (quota,) = quotas
    old, new = (catalog().classes.workload_classes[each] for each in (before, after))
    served = max(old.web.replicas, old.web.max_replicas, new.web.replicas, new.web.max_replicas)
    beside = [old.web] * served + [new.web] + [new.cron] * new.cron.replicas + [new.job] * 5
    assert quota.pods >= len(beside)
    for bound in ("cpu_request_millicores", "memory_request_mib", "memory_limit_mib"):
        assert getattr(quota, bound) >= sum(getattr(pod, bound) for pod in beside), bound


def test_a_shared_namespace_has_room_for_usage_exporters_and_says_so_where_it_has_not() -> None:
    sharing = tenant("acme"), tenant("borealis")
    usual, more = (
        quota_of(plan_of(*sharing, platform=each))
        for each in (
            platform(quota_headroom_percent=0),
            measured(platform(quota_headroom_percent=0)),
        )
    )
    assert (more.pods - usual.pods, more.memory_limit_mib - usual.memory_limit_mib) == (2, 2 * 256)
    tight = measured(platform(quotas={"production": {"pods": 18}}))
    plan = plan_of(*sharing, platform=tight)
    ((_, said),) = shared_quota_faults(tight, [each.facts for each in plan.tenants])
    assert said.startswith("18 is less than the 20 that the 2 tenants of odoo-production may take at once (")
    assert "scheduled actions, usage exporters, restore tests, 4 jobs each)" in said


def test_a_tenant_that_has_stopped_for_good_still_has_room_for_its_jobs() -> None:
    ends = tenant("acme", lifecycle_stage=LifecycleStage.DECOMMISSIONING)
    quota = quota_of(plan_of(ends, platform=platform(quota_headroom_percent=0)))
    assert (quota.pods, quota.cpu_request_millicores) == (5, 500)


def test_what_is_written_counts_and_the_rest_is_derived() -> None:
    written = platform(quotas={"production": {"pods": 100}, "development": {"pods": 1}})
    derived = quota_of(plan_of(tenant("acme")))
    plan = plan_of(tenant("acme"), platform=written)
    assert quota_of(plan) == derived.model_copy(update={"pods": 100})
    assert len(facts_of(plan.platform, NamespaceQuota)) == 1


@pytest.mark.parametrize("nothing", [{}, {"pods": None}])
def test_a_quota_that_says_nothing_is_refused(nothing: dict[str, None]) -> None:
    with pytest.raises(ValueError, match="give at least one of cpu_request_millicores"):
        platform(quotas={"production": nothing})


def test_a_written_quota_that_is_too_small_is_told_with_file_line_and_figures(tmp_path: Path) -> None:
    folder = portfolio(tmp_path, "north")
    document = yaml.safe_load((folder / "platform.yaml").read_text(encoding="utf-8"))
    document["cluster"]["quotas"] = {"production": {"pods": 18, "cpu_request_millicores": 2399}}
    (folder / "platform.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    for name in ("acme", "borealis"):
        text = (LOCAL / "tenants" / f"{name}.yaml").read_text(encoding="utf-8")
        (folder / "tenants" / f"{name}.yaml").write_text(text.replace("odoo.ex", "n.ex"), encoding="utf-8")
    (fault,) = faults_within(read(folder))
    line = (folder / "platform.yaml").read_text(encoding="utf-8").split("\n").index(
        "      cpu_request_millicores: 2399"
    ) + 1
    assert fault == (
        f"{folder}/platform.yaml:{line}: cluster.quotas.production.cpu_request_millicores: 2399 is less than "
        "the 2400 that the 2 tenants of odoo-production may take at once (every web pod that load may start "
        "and one more each in a rollout, scheduled actions, restore tests, 4 jobs each); write more than "
        "that, or leave the line out"
    )


def test_a_program_is_told_the_same_at_the_place_in_its_values() -> None:
    document = platform(quotas={"production": {"pods": 8}}).model_dump(mode="json")
    with pytest.raises(DocumentError) as told:
        plan_of_documents(document, [tenant("acme").model_dump(mode="json")], catalog())
    ((where, message),) = told.value.faults
    assert where == ("platform", "cluster", "quotas", "production", "pods")
    assert message.startswith("8 is less than the 9 that the one tenant of odoo-production may take at once")


@given(st.integers(1, 40))
def test_exactly_what_is_taken_is_enough(pods: int) -> None:
    one = Portfolio(
        platform=platform(quotas={"production": {"pods": pods}}), tenants=(tenant("acme"), tenant("borealis"))
    )
    documents = [each.model_dump(mode="json") for each in one.tenants]
    try:
        plan = plan_of_documents(one.platform.model_dump(mode="json"), documents, catalog())
    except DocumentError:
        assert pods < 18
        return
    assert pods >= 18
    assert plan == resolve(catalog(), one)
    assert quota_of(plan).pods == pods


def test_namespaces_without_tenants_have_no_quota() -> None:
    alone = plan_of(tenant("acme", tier="dedicated-db"))
    assert facts_of(alone.platform, NamespaceQuota) == []
    assert {each.tenant for each in facts_of(alone.tenants[0].facts, NamespaceQuota)} == {"acme"}

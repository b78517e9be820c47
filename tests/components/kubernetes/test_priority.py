from __future__ import annotations

from typing import Any

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.portfolios import local_plan
from tiers.facts.compute import Job, PriorityClass, ScheduledJob, Workload
from tiers.plan.plan import Plan

CLASS = "kubernetes:scheduling.k8s.io/v1:PriorityClass"
JOB = "kubernetes:batch/v1:Job"


def as_before_priorities() -> Plan:
    """The committed portfolio as a version planned it that knew no priorities."""

    def without(facts: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            each.model_copy(update={"priority_class": None})
            if isinstance(each, Workload | Job | ScheduledJob)
            else each
            for each in facts
            if not isinstance(each, PriorityClass)
        )

    plan = local_plan()
    tenants = tuple(each.model_copy(update={"facts": without(each.facts)}) for each in plan.tenants)
    return plan.model_copy(update={"platform": without(plan.platform), "tenants": tenants})


def test_no_class_is_the_default_of_a_cluster_that_others_use(declared: tuple[Declared, ...]) -> None:
    classes = [each for each in declared if each.type == CLASS]
    assert len(classes) == 4
    assert not any(each.props["globalDefault"] for each in classes)
    assert {each.props["preemptionPolicy"] for each in classes if each.name.endswith("-jobs")} == {"Never"}


def test_a_job_that_has_run_does_not_run_once_more_for_its_priority(declared: tuple[Declared, ...]) -> None:
    """Its template cannot change: the name stays, and an update leaves the class out that it has not."""
    before = {each.urn: each for each in declare_plan(as_before_priorities()) if each.type == JOB}
    now = {each.urn: each for each in declared if each.type == JOB}
    assert before.keys() == now.keys()
    for urn, job in now.items():
        assert job.props["metadata"]["name"] == before[urn].props["metadata"]["name"]
        (changed,) = differing(before[urn].props, job.props)
        assert changed == "spec.template.spec.priorityClassName"
        assert changed in job.ignore_changes


def differing(one: Any, other: Any, path: str = "") -> list[str]:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return [] if one == other else [path]
    return [
        found
        for key in one.keys() | other.keys()
        for found in differing(one.get(key), other.get(key), f"{path}.{key}".lstrip("."))
    ]


def test_pods_wait_for_their_class(declared: tuple[Declared, ...]) -> None:
    """Kubernetes refuses a pod whose class is not there."""
    classes = {each.urn for each in declared if each.type == CLASS}
    pods = [each for each in declared if each.type in {JOB, "kubernetes:apps/v1:Deployment"}]
    assert len(pods) > 20
    for each in pods:
        assert classes <= waited_for(declared, each), each.name


def waited_for(declared: tuple[Declared, ...], begin: Declared) -> set[str]:
    """All that *begin* waits for: what it depends on, and what the components that it is in depend on."""
    by_urn = {each.urn: each for each in declared}
    found: set[str] = set()
    ahead = [begin.urn]
    while ahead:
        urn = ahead.pop()
        if urn not in found and urn in by_urn:
            found.add(urn)
            ahead += [*by_urn[urn].dependencies, by_urn[urn].parent]
    return found

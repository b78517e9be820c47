from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tests.portfolios import every_offer, plan_of, tenant, wide_platform
from tiers.facts.compute import Job, PriorityClass, ScheduledJob, Workload
from tiers.plan.plan import Plan, facts_of
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Move
from tiers.vocabulary import Environment, MoveStage

EXPENDABLE_BELOW = -10
"""Cluster Autoscaler adds no nodes for pods below it (its FAQ, expendable-pods-priority-cutoff)."""
WITHOUT_A_CLASS = 0


def on(prefix: str) -> Platform:
    cluster = wide_platform().cluster.model_copy(update={"namespace_prefix": prefix})
    return wide_platform().model_copy(update={"cluster": cluster})


def classes_of(plan: Plan) -> dict[str, PriorityClass]:
    return {each.priority_class: each for each in facts_of(plan.platform, PriorityClass)}


def test_production_goes_before_sandboxes_and_takes_nobody_elses_place() -> None:
    classes = classes_of(plan_of(tenant("acme")))
    assert {name: (each.value, each.preempts) for name, each in classes.items()} == {
        "odoo-production": (0, True),
        "odoo-production-jobs": (0, False),
        "odoo-sandbox": (-5, True),
        "odoo-sandbox-jobs": (-5, False),
    }
    for each in classes.values():
        assert EXPENDABLE_BELOW <= each.value <= WITHOUT_A_CLASS


def test_every_pod_has_the_class_of_its_environment_and_what_it_does() -> None:
    plan = plan_of(*every_offer(), platform=on("north"))
    seen = set()
    for each in plan.tenants:
        for fact in each.facts:
            if isinstance(fact, Workload | Job | ScheduledJob):
                word = "production" if each.environment is Environment.PRODUCTION else "sandbox"
                more = "" if isinstance(fact, Workload) else "-jobs"
                assert fact.priority_class == f"odoo-north-{word}{more}", fact.id
                seen.add(fact.priority_class)
    assert seen == classes_of(plan).keys()


def test_jobs_of_a_move_have_one_too() -> None:
    jobs = 0
    for stage in MoveStage:
        plan = plan_of(
            tenant("acme", tier="dedicated-db", move=Move(from_tier="shared-namespace", stage=stage))
        )
        for job in facts_of(plan.tenants[0].facts, Job):
            assert job.priority_class == "odoo-production-jobs"
            jobs += 1
    assert jobs > 2 * len(MoveStage)


PREFIXES = st.from_regex(r"([a-z]([a-z0-9-]{0,8}[a-z0-9])?)?", fullmatch=True) | st.sampled_from(
    ["", "system", "production", "sandbox", "a-production", "production-jobs", "odoo"]
)


@given(one=PREFIXES, other=PREFIXES)
def test_portfolios_of_one_cluster_never_have_a_class_of_one_name(one: str, other: str) -> None:
    """A class is an object of the whole cluster; Kubernetes keeps names that begin with `system-`."""
    mine, theirs = (classes_of(plan_of(tenant("acme"), platform=on(each))).keys() for each in (one, other))
    assert (one == other) is bool(mine & theirs)
    for name in mine:
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name)
        assert not name.startswith("system-")

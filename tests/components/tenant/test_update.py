"""How an update of modules is declared: between the set-up of the database and the start of pods."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from components.kubernetes.jobs import described
from tests.components.completeness import faults_of
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import the
from tests.portfolios import plan_of, tenant
from tiers.facts.compute import Job
from tiers.plan.plan import Plan, facts_of
from tiers.portfolio.restore.stage import RestoreStage

JOB = "kubernetes:batch/v1:Job"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"


def planned(number: int | None = 1, **changes: Any) -> Plan:
    """A tenant whose web pods load scales out, with an update of modules or without."""
    update = {"number": number, "modules": ["sale", "crm"], "minutes": 90} if number else None
    options = {"users": 60, "workload_class": "m"}
    return plan_of(tenant("acme", odoo={"update": update}, options=options, **changes))


def before(declared: Sequence[Declared], *names: str) -> list[bool]:
    """Whether the next waits for each, directly or not; what is in a component waits with it."""
    found = {each.urn: each for each in declared}

    def waits(urn: str) -> set[str]:
        seen: set[str] = set()
        left = [urn]
        while left:
            one = found[left.pop()]
            for each in (one.dependencies | {one.parent}) & found.keys() - seen:
                seen.add(each)
                left.append(each)
        return seen

    made = [
        next(each.urn for each in declared if each.name == name and each.type in (JOB, DEPLOYMENT))
        for name in names
    ]
    return [one in waits(two) for one, two in pairwise(made)]


def test_modules_are_updated_before_set_up_and_pods_and_those_start_after_it() -> None:
    declared = declare_plan(planned())
    order = ("acme-database-setup", "acme-odoo-update", "acme-odoo-setup", "acme-web", "acme-odoo-start")
    assert before(declared, *order) == [True] * 4
    assert before(declared, *reversed(order)) == [False] * 4
    assert the(declared, JOB, "acme-odoo-update").props["spec"]["backoffLimit"] == 0


def test_it_stops_backs_up_and_updates_in_one_pod() -> None:
    declared = declare_plan(planned())
    spec = the(declared, JOB, "acme-odoo-update").props["spec"]["template"]["spec"]
    steps = [*spec["initContainers"], *spec["containers"]]
    given = [{each["name"]: each.get("value") for each in step["env"]} for step in steps]
    assert [each["STEP"] for each in given] == ["stop", "backup", "update"]
    assert ["pg_dump" in (each.get("BACKUP") or "") for each in given] == [False, True, False]
    told = given[0]
    assert (told["DEPLOYMENTS"], told["NONE"]) == ("acme-cron=1 acme-web=2", "acme-cron=0 acme-web=0")
    assert (told["NUMBER"], told["MODULES"], told["MOST_SECONDS"]) == ("1", "sale,crm", "5400")
    tools = the(declared, JOB, "acme-database-setup").props["spec"]["template"]["spec"]["containers"][0]
    assert [each["image"] for each in steps[:2]] == [tools["image"]] * 2
    assert steps[2]["image"] != tools["image"]


def test_it_may_scale_its_own_deployments_and_nothing_else() -> None:
    declared = declare_plan(planned())
    role = the(declared, "kubernetes:rbac.authorization.k8s.io/v1:Role", "acme-update")
    assert role.props["rules"] == [
        {
            "apiGroups": ["apps"],
            "resources": ["deployments/scale"],
            "resourceNames": ["acme-web", "acme-cron"],
            "verbs": ["get", "patch"],
        }
    ]


@pytest.mark.sample(1)
@pytest.mark.parametrize("changes", [{}, {"environment": "staging"}, {"tier": "ha-postgresql"}])
def test_nothing_is_missing_where_modules_are_updated(changes: dict[str, Any]) -> None:
    plan = planned(**changes)
    assert not faults_of(plan, declare_plan(plan))


def test_a_higher_number_is_another_job_and_starts_pods_anew() -> None:
    def seen(number: int | None) -> tuple[Any, ...]:
        declared = declare_plan(planned(number))
        marks = the(declared, DEPLOYMENT, "acme-web").props["spec"]["template"]["metadata"]["annotations"]
        names = [
            each.props["metadata"]["name"]
            for each in declared
            if each.type == JOB and each.name in ("acme-odoo-update", "acme-odoo-start")
        ]
        return marks.get("costack/odoo-update"), *names

    assert seen(None) == (None,)
    first, again, second = seen(1), seen(1), seen(2)
    assert first == again
    assert (first[0], second[0]) == ("1", "2")
    assert not set(first) & set(second)


def test_jobs_of_tenants_without_an_update_keep_their_names() -> None:
    """A job with another name runs once more: these were known before there were updates of modules."""
    jobs = facts_of(planned().tenants[0].facts, Job)
    assert {job.name: "update" in described(job) for job in jobs} == {
        "database-setup": False,
        "odoo-update": True,
        "odoo-setup": False,
        "odoo-start": True,
    }


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "changes",
    [
        *({"restore": {"at": "2026-11-29T01:15:00Z", "stage": stage}} for stage in RestoreStage),
        {"tier": "dedicated-db", "move": {"from_tier": "shared-namespace", "stage": "migrate"}},
    ],
    ids=str,
)
def test_no_stage_makes_another_update_or_starts_pods_that_it_stopped(changes: dict[str, Any]) -> None:
    """The database of before an update does not know of it: a job that came again would update it."""
    at_rest = {"tier": "dedicated-db"} if "restore" in changes else {}

    def seen(more: dict[str, Any]) -> dict[str, Any]:
        declared = declare_plan(planned(**at_rest | more))
        found = {each.name: each for each in declared if each.type in (JOB, DEPLOYMENT)}
        return {
            "update": found["acme-odoo-update"].props["spec"],
            "named": found["acme-odoo-update"].props["metadata"]["name"],
            "starts": "acme-odoo-start" in found,
            "runs": bool(found["acme-web"].props["spec"]["replicas"]),
        }

    before, there = seen({}), seen(changes)
    assert there["named"] == before["named"]
    assert there["update"] == before["update"] or "move" in changes
    assert there["starts"] == there["runs"]

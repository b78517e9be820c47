"""The scheduled restore test is the one that `costack restore-test` makes, at a moment of its own."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.lifecycle.restore_test.test_job import containers, job_of
from tests.portfolios import local_plan
from tiers.facts.every_fact import ScheduledJob
from tiers.plan.plan import facts_of
from tiers.tags import PREFIX

HOUR = timedelta(hours=1)


@cache
def cron_jobs() -> dict[str, Declared]:
    """The scheduled restore test of each tenant."""
    found = declare_plan(local_plan())
    return {
        each.labels["cost/tenant"]: each
        for each in found
        if each.type == "kubernetes:batch/v1:CronJob" and each.name.endswith("-restore-test")
    }


def job_spec(each: Declared) -> dict[str, Any]:
    spec: dict[str, Any] = each.props["spec"]["jobTemplate"]["spec"]
    return spec


def test_its_pod_is_that_of_the_command() -> None:
    """But for the bucket, whose name the cloud gives, and volumes that have no class."""
    tests = cron_jobs()
    assert len(tests) == 6
    for name, each in tests.items():
        own, asked = job_spec(each)["template"], job_of(name, storage_class=None)["spec"]["template"]
        for template in (own, asked):
            for container in containers({"spec": {"template": template}}).values():
                container["env"] = [one for one in container["env"] if one["name"] != "BUCKET"]
        assert own["spec"] == asked["spec"]
        assert own["metadata"]["annotations"] == asked["metadata"]["annotations"]
        assert {key: own["metadata"]["labels"][key] for key in asked["metadata"]["labels"]} == (
            asked["metadata"]["labels"]
        )
        assert own["metadata"]["labels"][f"{PREFIX}domain"] == "resilience"


def test_it_is_called_as_its_jobs_are_watched_and_starts_one_at_a_time() -> None:
    for name, each in cron_jobs().items():
        assert each.props["metadata"]["name"] == f"{name}-restore-test"
        assert len(each.props["metadata"]["name"]) <= 52  # a CronJob's: eleven more are its Jobs'
        spec = each.props["spec"]
        assert (spec["concurrencyPolicy"], spec["timeZone"]) == ("Forbid", "Etc/UTC")
        assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (1, 1)
        assert job_spec(each)["backoffLimit"] == 0


def test_no_two_start_in_the_same_minute() -> None:
    moments = [each.props["spec"]["schedule"] for each in cron_jobs().values()]
    assert len(set(moments)) == len(moments)


def test_volumes_of_its_own_do_not_stay_until_the_next_month() -> None:
    """They are billed for as long as the pod is there."""
    jobs = {
        plan.tenant: job
        for plan in local_plan().tenants
        for job in facts_of(plan.facts, ScheduledJob)
        if job.restore_test
    }
    assert jobs.keys() == cron_jobs().keys()
    with_volumes = {name for name, job in jobs.items() if job.restore_test and job.restore_test.storage_class}
    assert with_volumes == {"cobalt", "halcyon", "meridian"}
    for name, each in cron_jobs().items():
        kept = job_spec(each).get("ttlSecondsAfterFinished")
        assert kept == (4 * 3600 if name in with_volumes else None)

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lifecycle.decommission.plan import facts_sha256
from lifecycle.errors import LifecycleError
from lifecycle.restore_test.due import Results, Standing, State, standings
from lifecycle.restore_test.result import RestoreResult
from tests.portfolios import local_plan, plan_of, tenant
from tiers.facts.every_fact import LogicalBackup
from tiers.facts.names import RESTORE_TEST_JOB
from tiers.plan.plan import Plan, TenantPlan
from tiers.vocabulary import LifecycleStage, TenantId

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
USUAL = 35


def result(name: str, at: datetime, *, passed: bool = True) -> RestoreResult:
    """The result of a test that ended at *at*."""
    check = {"name": "dump", "expected": "a", "found": "a" if passed else "b", "ok": passed}
    return RestoreResult.model_validate(
        {
            "tenant": name,
            "backup": "2026-11-24T01:15:00Z",
            "taken_at": "2026-11-24T01:15:00Z",
            "started_at": f"{at - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}",
            "finished_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "seconds": 60,
            "restore_seconds": 20,
            "dump_bytes": 1,
            "database_bytes": 1,
            "file_bytes": 1,
            "checks": [check],
            "result": "ok" if passed else "failed",
        }
    )


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def reading(found: Mapping[str, list[RestoreResult]]) -> Results:
    return lambda name: iter(found.get(name, []))


def standing(name: str, *results: RestoreResult, plan: Plan | None = None) -> Standing:
    found = standings(plan or local_plan(), reading({name: list(results)}), NOW, USUAL)
    (mine,) = (each for each in found if each.tenant == name)
    return mine


def test_each_is_measured_by_its_own_class() -> None:
    days = {each.tenant: each.most_days for each in standings(local_plan(), reading({}), NOW, USUAL)}
    assert days == {
        "acme": 35,
        "acme-staging": 35,
        "borealis": 35,
        "cobalt": 35,
        "halcyon": 14,
        "meridian": 10,
    }


@pytest.mark.parametrize(("name", "days"), [("acme", 35), ("halcyon", 14), ("meridian", 10)])
def test_a_test_is_good_for_as_long_as_its_class_says_to_the_second(name: str, days: int) -> None:
    good = standing(name, result(name, ago(days=days)))
    assert (good.state, good.age_days(NOW)) == (State.GOOD, days)
    old = standing(name, result(name, ago(days=days, seconds=1)))
    assert (old.state, old.state.is_due) == (State.OLD, True)


def test_what_was_never_tested_is_due() -> None:
    found = standing("acme")
    assert (found.state, found.state.is_due, found.newest, found.age_days(NOW)) == (
        State.NEVER,
        True,
        None,
        None,
    )


def test_a_failure_is_not_made_good_by_an_earlier_success() -> None:
    broken, before = result("acme", ago(days=1), passed=False), result("acme", ago(days=2))
    found = standing("acme", broken, before)
    assert (found.state, found.state.is_due) == (State.FAILED, True)
    assert (found.newest, found.age_days(NOW)) == (broken, 2)
    mended = standing("acme", result("acme", ago(hours=1)), broken, before)
    assert (mended.state, mended.age_days(NOW)) == (State.GOOD, 0)
    alone = standing("acme", broken)
    assert (alone.state, alone.good_at) == (State.FAILED, None)


def test_no_more_is_read_than_to_the_newest_success() -> None:
    read: list[str] = []

    def results(name: TenantId) -> Iterator[RestoreResult]:
        for days in (1, 2, 3):
            read.append(name)
            yield result(name, ago(days=days))

    assert len(list(standings(local_plan(), results, NOW, USUAL))) == len(read) == 6


def test_what_nobody_can_read_is_neither_never_tested_nor_good() -> None:
    def refused(name: TenantId) -> Iterator[RestoreResult]:
        if name == "cobalt":
            raise LifecycleError("s3://b: AccessDenied")
        yield result(name, ago(days=1))

    found = {each.tenant: each for each in standings(local_plan(), refused, NOW, USUAL)}
    assert (found["cobalt"].state, found["cobalt"].why) == (State.UNREADABLE, "s3://b: AccessDenied")
    assert not found["cobalt"].state.is_due
    assert {each.state for name, each in found.items() if name != "cobalt"} == {State.GOOD}


def changed(plan: TenantPlan, **changes: Any) -> TenantPlan:
    facts = tuple(
        fact.model_copy(update=changes) if isinstance(fact, LogicalBackup) else fact for fact in plan.facts
    )
    return plan.model_copy(update={"facts": facts})


def test_an_inventory_of_an_older_version_is_measured_by_what_is_usual() -> None:
    """Its facts say nothing of tests: nobody is tested less often than before."""
    plan = local_plan()
    older = plan.model_copy(
        update={"tenants": tuple(changed(each, restore_test_age_days=None) for each in plan.tenants)}
    )
    assert {each.most_days for each in standings(older, reading({}), NOW, USUAL)} == {USUAL}
    assert standing("halcyon", result("halcyon", ago(days=36)), plan=older).state is State.OLD


def test_who_ends_or_has_no_dumps_is_left_out() -> None:
    ends = tenant("acme", lifecycle_stage=LifecycleStage.DECOMMISSIONING)
    migration = tenant(
        "bravo", environment="migration", expires_at="2027-01-31T00:00:00Z", cutover="2027-01-15"
    )
    plan = plan_of(ends, migration, tenant("cobalt"))
    assert [each.tenant for each in standings(plan, reading({}), NOW, USUAL)] == ["cobalt"]


def test_a_plan_to_decommission_survives_the_update_that_brings_tests() -> None:
    """The job comes with an update of Costack, and goes when a decommissioning begins."""
    (plan,) = plan_of(tenant("acme")).tenants
    without = tuple(fact for fact in plan.facts if fact.name != RESTORE_TEST_JOB)
    assert len(without) == len(plan.facts) - 1
    assert facts_sha256(plan) == facts_sha256(plan.model_copy(update={"facts": without}))

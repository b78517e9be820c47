from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.portfolios import catalog, every_offer, local_portfolio, plan_of, tenant
from tiers.catalog.tier import Catalog
from tiers.facts.compute import RestoreRoom
from tiers.facts.every_fact import LogicalBackup, ScheduledJob
from tiers.plan.plan import TenantPlan, facts_of
from tiers.plan.resolve import resolve
from tiers.plan.warnings import advice
from tiers.portfolio.gates.restore_tests import RestoreTestSpec
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Portfolio
from tiers.schedule import Cadence
from tiers.vocabulary import LifecycleStage, ResilienceClass


def scheduled(plan: TenantPlan) -> ScheduledJob | None:
    found = [job for job in facts_of(plan.facts, ScheduledJob) if job.restore_test]
    assert len(found) <= 1
    return found[0] if found else None


def job_of(plan: TenantPlan) -> ScheduledJob:
    found = scheduled(plan)
    assert found is not None
    return found


def room_of(plan: TenantPlan) -> RestoreRoom:
    room = job_of(plan).restore_test
    assert room is not None
    return room


def platform(spec: RestoreTestSpec | None = None, **cluster: Any) -> Platform:
    local = local_portfolio().platform
    changed = local.cluster.model_copy(update=cluster)
    return local.model_copy(update={"restore_tests": spec, "cluster": changed})


def test_every_tenant_with_dumps_is_tested_as_its_class_says() -> None:
    ages = {"standard": 35, "business-critical": 14, "mission-critical": 10}
    seen = Counter[str]()
    for plan in plan_of(*every_offer()).tenants:
        kept, job = facts_of(plan.facts, LogicalBackup), scheduled(plan)
        assert (job is not None) is bool(kept)
        if job is None:
            continue
        assert kept[0].restore_test_age_days == ages[plan.resilience_class]
        often = Cadence.MONTHLY if plan.resilience_class is ResilienceClass.STANDARD else Cadence.WEEKLY
        assert job.schedule == often.staggered(plan.tenant)
        seen[plan.resilience_class] += 1
        # Its pods are those of the nightly dump, but for when they run.
        (nightly,) = (each for each in facts_of(plan.facts, ScheduledJob) if each.name == "backup")
        same = {"namespace", "image", "run_as_user", "run_as_group", "compute", "nodes", "priority_class"}
        assert job.model_dump(include=same) == nightly.model_dump(include=same)
    assert seen.keys() == set(ResilienceClass)


def test_its_minutes_are_those_of_a_month() -> None:
    """20 minutes once a month; 40 minutes 52 times a year."""
    standard, critical = plan_of(tenant("acme"), tenant("bravo", tier="ha-postgresql")).tenants
    assert job_of(standard).minutes_per_month == 20
    assert job_of(critical).minutes_per_month == -(-40 * 52 // 12) == 174


def test_a_tenant_that_sleeps_or_is_suspended_is_tested_and_one_that_ends_is_not() -> None:
    asleep = tenant(
        "acme",
        environment="staging",
        options={"users": 3, "schedule": {"awake": "Mon-Fri 07:00-19:00", "timezone": "Europe/Brussels"}},
    )
    awake = tenant("acme", environment="staging")
    suspended = tenant("acme", lifecycle_stage=LifecycleStage.SUSPENDED)
    ends = tenant("acme", lifecycle_stage=LifecycleStage.DECOMMISSIONING)
    (sleeping,), (usual,), (still,), (ending,) = (
        plan_of(each).tenants for each in (asleep, awake, suspended, ends)
    )
    assert job_of(sleeping) == job_of(usual)
    assert scheduled(still)
    assert scheduled(ending) is None


def test_a_database_too_large_for_a_nodes_disk_has_volumes_of_its_own() -> None:
    """21 GiB for dump and files and 27 for the database are more than four fifths of 50 GiB."""
    large = tenant("acme", tier="dedicated-db")
    (on_volumes,) = plan_of(large, platform=platform(RestoreTestSpec(storage_class="gp3"))).tenants
    room = room_of(on_volumes)
    assert (room.fetched_gib, room.restored_gib, room.storage_class) == (21, 27, "gp3")
    # 20 minutes of work, and four hours in which its log can be read.
    assert (room.volume_minutes_per_month, room.kept_minutes, room.deadline_minutes) == (260, 240, 100)
    (small,) = plan_of(tenant("acme"), platform=platform(RestoreTestSpec(storage_class="gp3"))).tenants
    assert room_of(small).storage_class is None
    assert (room_of(small).volume_minutes_per_month, room_of(small).kept_minutes) == (0, 0)


def test_without_room_it_is_warned_of_and_not_made() -> None:
    small = platform(None)
    portfolio = Portfolio(platform=small, tenants=(tenant("acme", tier="dedicated-db"), tenant("bravo")))
    plan = resolve(catalog(), portfolio)
    assert [scheduled(each) is None for each in plan.tenants] == [True, False]
    (said,) = (said for said in advice(catalog(), portfolio, plan) if "tested" in said)
    assert said == (
        "acme: its dumps are not tested by themselves, because a restore takes more than a node's disk has; "
        "name a StorageClass of the cluster for its volumes in platform.yaml (restore_tests.storage_class)"
    )
    ends = Portfolio(
        platform=small,
        tenants=(tenant("acme", tier="dedicated-db", lifecycle_stage=LifecycleStage.DECOMMISSIONING),),
    )
    assert not [said for said in advice(catalog(), ends, resolve(catalog(), ends)) if "tested" in said]


def test_a_disk_that_another_portfolio_counts_is_unknown_and_not_too_small() -> None:
    elsewhere = {"node_groups": (), "counted_in": "north"}
    large = tenant("acme", tier="dedicated-db")
    (here,) = plan_of(large, platform=platform(None, **elsewhere)).tenants
    assert room_of(here).storage_class is None
    (there,) = plan_of(large, platform=platform(RestoreTestSpec(storage_class="gp3"), **elsewhere)).tenants
    assert room_of(there).storage_class == "gp3"


def test_nodes_of_its_own_are_the_ones_that_count() -> None:
    large = tenant("acme", tier="dedicated-db", options={"users": 9, "controls": "enhanced"})
    roomy = platform(None, node_groups=(_group(1000),))
    (plan,) = plan_of(large, platform=roomy).tenants
    assert scheduled(plan) is None
    (shared,) = plan_of(tenant("acme", tier="dedicated-db"), platform=roomy).tenants
    assert room_of(shared).storage_class is None


def _group(volume_gib: int) -> Any:
    (group,) = local_portfolio().platform.cluster.node_groups
    return group.model_copy(update={"volume_gib": volume_gib})


def without_tests() -> Catalog:
    """A catalog of a firm that never wrote how often backups are tested."""
    classes = catalog().classes
    untested = {"restore_test_schedule": None, "restore_test_age_days": None}
    old = {name: each.model_copy(update=untested) for name, each in classes.resilience_classes.items()}
    return catalog().model_copy(update={"classes": classes.model_copy(update={"resilience_classes": old})})


def test_a_catalog_that_says_nothing_tests_nothing_by_itself() -> None:
    portfolio = Portfolio(platform=platform(None), tenants=(tenant("acme", tier="dedicated-db"),))
    plan = resolve(without_tests(), portfolio)
    assert scheduled(plan.tenants[0]) is None
    assert {fact.restore_test_age_days for fact in facts_of(plan.tenants[0].facts, LogicalBackup)} == {None}
    assert not [said for said in advice(without_tests(), portfolio, plan) if "tested" in said]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"restore_test_age_days": None}, "restore_test_schedule and restore_test_age_days go together"),
        (
            {"restore_test_age_days": 31},
            "31 is no longer than it takes until the next monthly test, up to 31",
        ),
    ],
)
def test_an_age_that_no_schedule_keeps_is_refused(said: dict[str, Any], message: str) -> None:
    needed = catalog().classes.resilience_classes[ResilienceClass.STANDARD]
    with pytest.raises(ValidationError, match=message):
        type(needed).model_validate(needed.model_dump() | said)


@pytest.mark.parametrize("often", list(Cadence))
def test_a_thousand_tenants_do_not_start_in_the_same_minute(often: Cadence) -> None:
    """Of a day's 1440 minutes, or more: by chance a few share one."""
    moments = Counter(often.staggered(f"tenant-{number}") for number in range(1000))
    assert max(moments.values()) <= 6
    hours = Counter(moment.split()[1] for moment in moments.elements())
    assert len(hours) == 24
    assert max(hours.values()) < 3 * 1000 / 24


@given(st.text(min_size=1), st.sampled_from(list(Cadence)))
def test_a_moment_is_a_cron_expression_and_always_the_same(name: str, often: Cadence) -> None:
    moment = often.staggered(name)
    assert moment == often.staggered(name)
    minute, hour, day, month, weekday = moment.split()
    assert 0 <= int(minute) <= 59
    assert 0 <= int(hour) <= 23
    assert day == "*" or 1 <= int(day) <= 28
    assert (day != "*") is (often in {Cadence.MONTHLY, Cadence.QUARTERLY})
    assert (weekday != "*") is (often is Cadence.WEEKLY)
    months = [int(each) for each in month.split(",")] if month != "*" else []
    assert len(months) == (4 if often is Cadence.QUARTERLY else 0)
    assert all(later - earlier == 3 for earlier, later in pairwise(months))

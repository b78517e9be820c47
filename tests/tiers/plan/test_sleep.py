from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.portfolios import LOCAL, catalog, every_offer, local_portfolio, plan_of, tenant
from tests.sleepers import STAGING, own_server, plan_with, sleeper
from tiers.catalog.tier import Offer
from tiers.errors import CatalogError
from tiers.facts.database_upgrade import ServerUpgrade
from tiers.facts.every_fact import DatabaseInstance, ScheduledJob, SleepSchedule, Workload
from tiers.plan.plan import facts_of
from tiers.portfolio.loading import load_portfolio
from tiers.portfolio.sleep import sleep_faults
from tiers.portfolio.tenant import Tenant
from tiers.schedule import MINUTES_PER_WEEK
from tiers.vocabulary import Environment, LifecycleStage


def test_a_schedule_becomes_facts() -> None:
    (plan,) = plan_of(sleeper()).tenants
    (schedule,) = facts_of(plan.facts, SleepSchedule)
    assert (schedule.awake_minutes_per_week, schedule.server) == (3600, None)
    assert schedule.timezone == "Europe/Brussels"
    assert {each.awake_minutes_per_week for each in facts_of(plan.facts, Workload)} == {3600}
    jobs = {each.name: each for each in facts_of(plan.facts, ScheduledJob)}
    assert jobs["sleep"].schedule == schedule.sleeps
    assert jobs["wake"].schedule == schedule.wakes
    assert {jobs[name].timezone for name in ("sleep", "wake")} == {"Europe/Brussels"}
    assert jobs["backup"].timezone == "Etc/UTC"
    # Monday to Friday, 52.14 weeks a year: 21.7 runs a month of a minute each.
    assert jobs["sleep"].minutes_per_month == 22


def test_without_a_schedule_everything_is_awake() -> None:
    for plan in plan_of(*every_offer(), tenant("acme")).tenants:
        sleeps = bool(facts_of(plan.facts, SleepSchedule))
        assert sleeps is (plan.environment is Environment.STAGING)
        if not sleeps:
            assert {each.awake_minutes_per_week for each in facts_of(plan.facts, Workload)} == {
                MINUTES_PER_WEEK
            }


def test_no_schedule_wakes_a_decommissioned_tenant() -> None:
    ending = sleeper().model_copy(update={"lifecycle_stage": LifecycleStage.DECOMMISSIONING})
    (plan,) = plan_of(ending).tenants
    assert facts_of(plan.facts, SleepSchedule) == []
    assert {each.awake_minutes_per_week for each in facts_of(plan.facts, Workload)} == {MINUTES_PER_WEEK}


def test_where_pods_reach_the_api_can_be_said() -> None:
    platform = local_portfolio().platform
    cluster = platform.cluster.model_copy(update={"api_cidrs": ("10.20.0.0/20",)})
    plan = plan_of(sleeper(), platform=platform.model_copy(update={"cluster": cluster}))
    (schedule,) = facts_of(plan.tenants[0].facts, SleepSchedule)
    assert schedule.api_cidrs == ("10.20.0.0/20",)


def test_production_never_sleeps(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(LOCAL, tmp_path / "portfolio"))
    path = folder / "tenants" / "acme.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        f"{text}  schedule:\n    awake: Mon-Fri 07:00-19:00\n    timezone: Etc/UTC\n", encoding="utf-8"
    )
    with pytest.raises(CatalogError) as caught:
        load_portfolio(folder, catalog())
    assert caught.value.problems == (
        (
            f"{path}:10: options.schedule: production is always awake; "
            "a schedule is for other environments only"
        ),
    )


def test_a_mistake_in_a_schedule_is_reported_where_it_is(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(LOCAL, tmp_path / "portfolio"))
    path = folder / "tenants" / "acme-staging.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}  schedule:\n    awake: Mon-Fri\n    timezone: Mars\n", encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        load_portfolio(folder, catalog())
    awake, zone = caught.value.problems
    assert awake.startswith(f"{path}:11: options.schedule.awake: expected days and one span")
    assert zone.startswith(f"{path}:12: options.schedule.timezone: Value should be an IANA time zone")


def test_a_server_of_its_own_sleeps_too() -> None:
    """No tier has one today: the catalog is changed for the test."""
    (plan,) = plan_with(own_server(), sleeper()).tenants
    (schedule,) = facts_of(plan.facts, SleepSchedule)
    (server,) = facts_of(plan.facts, DatabaseInstance)
    assert schedule.server == server.id == "acme-test/server"
    assert server.awake_minutes_per_week == 3600


def refused(made: Tenant, offer: Offer) -> list[str]:
    found = list(sleep_faults(made, offer))
    assert {where for where, _ in found} <= {("options", "schedule")}
    return [message for _, message in found]


def test_a_server_that_cannot_be_stopped_is_refused() -> None:
    assert refused(sleeper(), STAGING) == []
    assert refused(sleeper(), own_server()) == []
    assert refused(sleeper(warm_standby=True), own_server()) == [
        "its server has a warm standby, and RDS cannot stop a server that has a replica"
    ]
    ((said),) = refused(sleeper(), own_server(backup_class="daily-7"))
    assert said.startswith("its own server would be stopped when backup_class daily-7 dumps it")
    assert refused(tenant("acme", environment="staging"), own_server(backup_class="daily-7")) == []


@pytest.mark.parametrize("stage", ["check", "upgrade", "statistics"])
def test_a_server_is_awake_while_it_is_upgraded(stage: str) -> None:
    """Asleep in its maintenance window it would never be, and its jobs could not ask it."""
    one = sleeper(database_engine_version="16")
    upgraded = one.model_copy(
        update={"database_upgrade": ServerUpgrade.model_validate({"to": "18", "stage": stage})}
    )
    (before,), (during,) = (plan_with(own_server(), each).tenants for each in (one, upgraded))
    assert facts_of(before.facts, SleepSchedule)
    assert not facts_of(during.facts, SleepSchedule)
    (server,) = facts_of(during.facts, DatabaseInstance)
    assert server.awake_minutes_per_week == MINUTES_PER_WEEK

from __future__ import annotations

from fractions import Fraction

from allocation.preview.cost_estimate import cost_estimate
from allocation.preview.off_hours import savings
from tests.allocation.previews import conditions, now
from tests.portfolios import catalog, plan_of, tenant
from tests.sleepers import own_server, plan_with, sleeper
from tiers.catalog.classes import OffHours

HOURS = catalog().classes.off_hours


def test_production_never_sleeps() -> None:
    assert {each.tenant for each in savings(now(), HOURS)} == {"acme-staging", "borealis-migration"}


def test_what_sleeps_frees_its_part_of_the_nodes_and_nothing_of_the_bill() -> None:
    staging = next(each for each in savings(now(), HOURS) if each.tenant == "acme-staging")
    line = next(line for line in now().statement.tenants if line.tenant == "acme-staging")
    assert (staging.saved, staging.freed) == (0, round(line.pooled["nodes"] * Fraction(108, 168)))


def test_who_is_always_awake_saves_nothing() -> None:
    assert savings(now(), OffHours(awake_hours_per_week=168)) == ()


def test_an_own_server_would_stop_and_its_disk_would_not() -> None:
    """A staging environment has none today, so production's plan is called staging's."""
    estimate = cost_estimate(plan_of(tenant("acme", tier="dedicated-db")), conditions())
    (own,) = estimate.plan.tenants
    staging = own.model_copy(update={"environment": "staging"})
    as_staging = estimate.plan.model_copy(update={"tenants": (staging,)})
    (saving,) = savings(cost_estimate(as_staging, conditions()), HOURS)
    instance = estimate.charges["acme/server#instance"].units
    assert saving.saved == round(instance * Fraction(108, 168))


def test_who_sleeps_already_would_save_nothing_more() -> None:
    asleep = cost_estimate(plan_of(sleeper(), tenant("acme-awake", environment="staging")), conditions())
    assert [each.tenant for each in savings(asleep, HOURS)] == ["acme-awake"]


def test_sleeping_saves_what_was_reported_before_it_did() -> None:
    """The promise, and the figure once it is kept: equal but for the minutes of the jobs that keep it."""
    awake = cost_estimate(plan_of(sleeper(schedule=None), tenant("acme")), conditions())
    asleep = cost_estimate(plan_of(sleeper(), tenant("acme")), conditions())
    (reported,) = savings(awake, HOURS)
    nodes = [
        next(line for line in each.statement.tenants if line.tenant == "acme-test").pooled["nodes"]
        for each in (awake, asleep)
    ]
    assert 0 <= reported.freed - (nodes[0] - nodes[1]) < nodes[0] * Fraction(1, 100)
    # What sleeps becomes idle: the bill stays until nodes go.
    assert awake.statement.charged == asleep.statement.charged


def test_a_server_that_sleeps_is_charged_for_its_hours_and_all_of_its_disk() -> None:
    plans = [plan_with(own_server(), sleeper(schedule=None)), plan_with(own_server(), sleeper())]
    awake, asleep = (cost_estimate(plan, conditions()).charges for plan in plans)
    hours = [each["acme-test/server#instance"].quantity for each in (awake, asleep)]
    assert [str(each) for each in hours] == ["730", "260.714286"]
    for line in ("storage", "backup"):
        name = f"acme-test/server#{line}"
        assert awake.get(name) == asleep.get(name), line

"""Which refreshes are due: by the newest result, by what goes on, and by what the schedule waits for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from lifecycle.errors import LifecycleError
from lifecycle.refreshes.due import Standing, State, standings
from lifecycle.refreshes.result import RefreshResult, refresh_results
from tests.portfolios import plan_of, tenant
from tiers.portfolio.restore.stage import RestoreStage
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import TenantId

NOW = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)
WEEKLY = {"from_tenant": "acme", "every": "weekly"}
GOES_ON = {"at": "2026-11-30T01:00:00Z", "from_tenant": "acme", "scheduled": True}


def result(ago: timedelta, name: str = "acme-staging") -> RefreshResult:
    told = {"tenant": name, "from_tenant": "acme", "finished_at": NOW - ago, "result": "ok"}
    return RefreshResult.model_validate(
        {**told, "backup": "2026-11-20T01:15:00Z", "named": 3, "brought_back": 2}
    )


def staging(name: str = "acme-staging", **more: object) -> Tenant:
    given = {"environment": "staging", "client": "acme-ltd", "refresh_schedule": WEEKLY, **more}
    return tenant(name, **given)


def stands(one: Tenant, *results: RefreshResult, deployed: Tenant | None = None) -> Standing:
    """Where *one* stands, whose *deployed* state is the same if nothing else is said."""
    production = tenant("acme", client="acme-ltd")
    plan = plan_of(production, deployed or one)
    (found,) = standings(plan, (production, one), lambda _: results, NOW)
    return found


@pytest.mark.parametrize(
    ("ago", "state"),
    [
        (timedelta(days=7), State.OLD),
        (timedelta(days=7) - timedelta(seconds=1), State.GOOD),
        (timedelta(0), State.GOOD),
    ],
)
def test_a_refresh_is_due_once_the_last_is_as_old_as_the_schedule_says(ago: timedelta, state: State) -> None:
    older = result(timedelta(days=90))
    assert stands(staging(), result(ago), older).state is state
    assert stands(staging()).state is State.NEVER


@pytest.mark.parametrize("stage", [*RestoreStage])
def test_what_the_schedule_began_is_led_to_its_end_one_update_a_step(stage: RestoreStage) -> None:
    """Also once its result is there, and also where somebody has sent it back."""
    going = staging(restore={**GOES_ON, "stage": stage})
    assert stands(going, result(timedelta(0))).state is State.NEXT
    assert stands(going, result(timedelta(0)), deployed=staging()).state is State.UPDATE
    # The last step, which takes the line out, is an update, too.
    assert stands(staging(), result(timedelta(0)), deployed=going).state is State.UPDATE


def test_what_a_schedule_began_is_led_on_without_the_schedule_too() -> None:
    """Whoever takes the line out while Odoo is stopped for it must not leave it stopped."""
    going = staging(refresh_schedule=None, restore={**GOES_ON, "stage": "switch"})
    assert stands(going).state is State.NEXT
    assert stands(staging(refresh_schedule=None), deployed=going).state is State.UPDATE


def test_what_somebody_ended_is_deployed_before_another_one_begins() -> None:
    """`pulumi up` would refuse it, and with it all that this update is to do."""
    ending = staging(restore={"at": "2026-11-29T01:15:00Z", "stage": "confirm"})
    standing = stands(staging(), deployed=ending)
    assert (standing.state, standing.state.is_due) == (State.BUSY, False)
    assert (
        standing.why
        == "acme-staging has restore at a stage in the stack, and none in its file: run `pulumi up`"
    )


def test_who_is_suspended_waits_and_ends_no_pipeline() -> None:
    standing = stands(staging(lifecycle_stage="suspended"))
    assert (standing.state, standing.state.is_due) == (State.BUSY, False)
    assert standing.why == "acme-staging is suspended, and only an active tenant is refreshed"


@pytest.mark.parametrize(
    "restore",
    [
        {"at": "2026-11-29T01:15:00Z", "from_tenant": "acme", "stage": "start"},
        {"at": "2026-11-29T01:15:00Z", "stage": "prepare"},
    ],
)
def test_what_somebody_began_is_not_led(restore: dict[str, object]) -> None:
    """Whoever looks at a copy before it is confirmed must not find it confirmed."""
    standing = stands(staging(restore=restore))
    assert (standing.state, standing.why) == (
        State.BUSY,
        "acme-staging has restore at a stage, which somebody else leads",
    )
    assert not standing.state.is_due  # a pipeline that waits for it would wait for somebody
    assert stands(staging(restore=restore), result(timedelta(days=1))).state is State.GOOD


def test_one_tenant_is_copied_for_one_other_at_a_time() -> None:
    live = {**WEEKLY, "live": True}
    production = tenant("acme", client="acme-ltd")
    first = staging(refresh_schedule=live, restore={**GOES_ON, "live": True, "stage": "prepare"})
    second = staging("acme-test", refresh_schedule=live)
    tenants = (production, first, second)
    states = {each.tenant.tenant: each for each in standings(plan_of(*tenants), tenants, lambda _: (), NOW)}
    assert states["acme-staging"].state is State.NEXT
    assert (states["acme-test"].state, states["acme-test"].why) == (
        State.TURN,
        "acme is copied for acme-staging first",
    )


def test_unreadable_is_neither_due_nor_done() -> None:
    def nobody(_: TenantId) -> Iterable[RefreshResult]:
        raise LifecycleError("s3://backups: AccessDenied")

    one = staging()
    (found,) = standings(plan_of(tenant("acme", client="acme-ltd"), one), (one,), nobody, NOW)
    assert (found.state, found.state.is_due) == (State.UNREADABLE, False)
    assert found.why == "s3://backups: AccessDenied"
    # One that goes on is led on: people may wait for it.
    going = staging(restore={**GOES_ON, "stage": "switch"})
    (found,) = standings(plan_of(tenant("acme", client="acme-ltd"), going), (going,), nobody, NOW)
    assert found.state is State.NEXT


def test_who_has_no_schedule_or_ends_is_left_out() -> None:
    leaving = staging(lifecycle_stage="decommissioning")
    tenants = (tenant("acme", client="acme-ltd"), leaving)
    assert not list(standings(plan_of(*tenants), tenants, lambda _: (), NOW))


@pytest.mark.parametrize("text", ["", "{}", "[]", "no JSON"])
def test_a_result_that_is_none_is_named(text: str) -> None:
    with pytest.raises(LifecycleError, match="expected a result of a refresh in its bucket"):
        list(refresh_results([text], "acme-staging"))


def test_a_result_of_another_tenant_is_refused() -> None:
    said = result(timedelta(0), "acme-test").model_dump_json()
    with pytest.raises(LifecycleError, match="the result belongs to 'acme-test'"):
        list(refresh_results([said], "acme-staging"))

"""What stands at the edge of a guard: the first moment that is too late, the one thing that is too many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from lifecycle.decommission.guards import RESTORE_TEST_MAY_BE, refusals, unplanned
from lifecycle.decommission.plan import DecommissionPlan, facts_sha256
from lifecycle.expire import SOON, State, findings
from lifecycle.stack_resources import Preview
from tests.lifecycle.decommission.test_guards import seen
from tests.lifecycle.world import START, ending_plan, production, resolved, sandbox, targets, urn
from tests.portfolios import plan_of, tenant
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import Environment

EXPIRY = timedelta(hours=24)
"""How long a plan may be used; written here a second time."""
RUNNING = {"expires_at": "2027-01-31T00:00:00Z", "cutover": "2027-01-15"}


def report(one: Any, plan: DecommissionPlan | None = None, **changes: Any) -> str:
    plan = plan or ending_plan(one)
    return "\n".join(refusals(plan, seen(one, plan, **changes)))


@pytest.mark.parametrize(
    ("now", "word"),
    [
        (START + EXPIRY - timedelta(seconds=1), ""),
        (START + EXPIRY, "the plan expired at 2026-11-26 08:00 UTC"),
        (START - timedelta(minutes=5), ""),
        (START - timedelta(minutes=5, seconds=1), "in the future"),
    ],
)
def test_the_hours_of_a_plan(now: datetime, word: str) -> None:
    said = report(sandbox(), now=now, restore_tested_at=now)
    assert (word in said) if word else said == ""


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"account": "1"}, "these credentials are for 1"),
        ({"stack": "other"}, "not 'other'"),
        ({"phrase": "yes"}, "the phrase does not match the plan"),
        (
            {"urns": frozenset({"urn:x::y"})},
            "the stack has 1 resources that are not in the plan, such as urn:x::y",
        ),
    ],
)
def test_one_thing_wrong_is_said_alone(changes: dict[str, Any], word: str) -> None:
    said = report(sandbox(), **changes)
    assert word in said
    assert "\n" not in said


def test_the_first_in_order_is_the_example() -> None:
    mine = frozenset(target.urn for target in targets(sandbox()))
    assert "such as urn:x::a" in report(sandbox(), urns=mine | {"urn:x::b", "urn:x::a"})


@pytest.mark.parametrize(
    ("ends", "cutover", "refused"),
    [
        ("2026-11-25T09:00:00Z", "2026-11-25", False),
        ("2026-11-25T09:00:01Z", "2026-11-25", True),
        ("2027-01-01T00:00:00Z", "2026-11-24", False),
    ],
)
def test_the_moment_a_sandbox_is_due(ends: str, cutover: str, *, refused: bool) -> None:
    one = sandbox(expires_at=ends, cutover=cutover)
    assert ("to end it earlier" in report(one, now=START + timedelta(hours=1))) is refused


def test_a_sandbox_without_an_end_is_not_over() -> None:
    one = sandbox(**RUNNING)
    plan = ending_plan(one)
    bare = resolved(one).model_copy(update={"cutover": None})
    plan = plan.model_copy(update={"facts_sha256": facts_sha256(bare)})
    assert "to end it earlier" in report(one, plan, deployed=bare)


@pytest.mark.parametrize("changes", [{"lifecycle_stage": "decommissioning"}, {}])
def test_a_sandbox_ends_early_by_decision_or_with_a_reason(changes: dict[str, Any]) -> None:
    one = sandbox(**RUNNING, **changes)
    plan = ending_plan(one, early_because=None if changes else "called off")
    assert report(one, plan) == ""


def test_running_production_is_refused_by_its_stage_alone() -> None:
    said = report(tenant("acme", tier="ha-postgresql"))
    assert said.startswith("production acme is active: write lifecycle_stage: decommissioning")
    assert "\n" not in said


def test_another_tenant_of_the_same_facts_is_not_ended() -> None:
    one = sandbox()
    plan = ending_plan(one)
    named = resolved(one).model_copy(update={"tenant": "borealis"})
    plan = plan.model_copy(update={"facts_sha256": facts_sha256(named)})
    assert (
        report(one, plan, deployed=named)
        == "the plan is for migration acme, the stack has migration borealis"
    )


def test_nor_the_same_tenant_of_another_environment() -> None:
    one = production()
    plan = ending_plan(one)
    staged = resolved(one).model_copy(update={"environment": Environment.STAGING})
    plan = plan.model_copy(update={"facts_sha256": facts_sha256(staged)})
    assert report(one, plan, deployed=staged) == "the plan is for production acme, the stack has staging acme"


@pytest.mark.parametrize(
    ("ago", "refused"), [(RESTORE_TEST_MAY_BE, False), (RESTORE_TEST_MAY_BE + timedelta(seconds=1), True)]
)
def test_the_day_a_restore_is_too_old(ago: timedelta, *, refused: bool) -> None:
    now = START + timedelta(hours=1)
    assert timedelta(days=30) == RESTORE_TEST_MAY_BE
    said = report(production(), now=now, restore_tested_at=now - ago)
    assert ("more than 30 days ago" in said) is refused


def test_who_promised_no_restore_needs_none() -> None:
    one = production()
    assert report(one, ending_plan(one, needs_restore_test=False), restore_tested_at=None) == ""
    assert "was ever tried" in report(one, ending_plan(one, needs_restore_test=True), restore_tested_at=None)


@pytest.mark.parametrize(
    ("one", "changes", "sentence"),
    [
        (
            sandbox(),
            {"now": START - timedelta(hours=1)},
            "the plan was made at 2026-11-25 08:00 UTC, which is in the future; check the clock",
        ),
        (
            sandbox(**RUNNING),
            {},
            (
                "acme ends on 2027-01-31 and its cutover is 2027-01-15; to end it earlier, add --early "
                "REASON to the command that makes the plan"
            ),
        ),
        (
            production(),
            {"restore_tested_at": None},
            (
                "no restore of acme was ever tried; run `costack restore-test acme --stack local`, then the "
                "same command again"
            ),
        ),
        (
            production(),
            {"restore_tested_at": START - timedelta(days=31)},
            (
                "the last restore of acme was tried on 2026-10-25, more than 30 days ago; "
                "run `costack restore-test acme --stack local`, then the same command again"
            ),
        ),
    ],
    ids=["clock", "early", "never restored", "restored long ago"],
)
def test_a_refusal_says_what_to_do(one: Tenant, changes: dict[str, Any], sentence: str) -> None:
    assert report(one, **changes) == sentence


def test_a_namespace_goes_with_its_last_tenant_and_the_mark_of_the_dump_too() -> None:
    plan = ending_plan(sandbox())
    inside = "costack:index:SharedPlatform$costack:index:TenantsNamespace$kubernetes:core/v1:Namespace"
    shared = f"urn:pulumi:local::costack::{inside}::odoo"
    mark = urn("acme-last", "random:index/randomId:RandomId")
    theirs = urn("borealis-last", "random:index/randomId:RandomId")
    none: frozenset[str] = frozenset()
    assert unplanned(plan, Preview(frozenset({shared, mark}), none), removing=True) == []
    assert unplanned(plan, Preview(frozenset({theirs}), none), removing=True) == [theirs]
    assert report(sandbox(), urns=frozenset({mark})) == ""
    both = Preview(frozenset({"urn:b", "urn:a"}), frozenset({shared}))
    assert unplanned(plan, both, removing=True) == sorted(["urn:a", "urn:b", shared])


# What is due.


def found(one: Any, now: datetime, grace: timedelta | None = None) -> list[tuple[State, datetime | None]]:
    return [(each.state, each.when) for each in findings(plan_of(one), now, grace)]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


END, CUT = "2026-12-20T00:00:00Z", "2026-12-10"
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("now", "grace", "state"),
    [
        ("2026-12-05", None, None),
        ("2026-12-06", None, State.SOON),
        ("2026-12-10T23:59:59", 0, State.SOON),
        ("2026-12-11", 0, State.CUT_OVER),
        ("2026-12-11", 2, State.SOON),
        ("2026-12-12T23:59:59", 2, State.SOON),
        ("2026-12-13", 2, State.CUT_OVER),
        ("2026-12-19T23:59:59", None, State.SOON),
        ("2026-12-20", None, State.EXPIRED),
        ("2026-12-20", 0, State.EXPIRED),
    ],
)
def test_each_moment_of_a_sandbox(now: str, grace: int | None, state: State | None) -> None:
    assert timedelta(days=14) == SOON
    one = sandbox(expires_at=END, cutover=CUT)
    said = found(one, at(now), None if grace is None else grace * DAY)
    ends = at("2026-12-20")
    when = at("2026-12-11") + (grace or 0) * DAY if state is State.CUT_OVER else ends
    assert said == ([] if state is None else [(state, when)])


def test_a_cutover_that_is_past_is_reported_long_before_the_end() -> None:
    one = sandbox(expires_at="2027-03-01T00:00:00Z", cutover=CUT)
    assert found(one, at("2026-12-10T23:59:59")) == []
    (finding,) = findings(plan_of(one), at("2026-12-11"))
    assert (finding.state, finding.why, finding.is_due) == (State.SOON, "its cutover was 2026-12-10", False)


def test_what_is_due_says_so() -> None:
    one = sandbox(expires_at=END, cutover=CUT)
    expired, cut = (
        findings(plan_of(one), at("2026-12-21"))[0],
        findings(plan_of(one), at("2026-12-12"), DAY)[0],
    )
    assert (expired.is_due, cut.is_due) == (True, True)
    assert cut.why == "its cutover was 2026-12-10, and 1 days of grace are over"


@pytest.mark.parametrize("stage", ["active", "suspended", "decommissioning"])
def test_suspended_is_kept(stage: str) -> None:
    one = sandbox(expires_at=END, cutover=CUT, lifecycle_stage=stage)
    state = State.KEPT if stage == "suspended" else State.EXPIRED
    assert found(one, at("2026-12-21")) == [(state, at("2026-12-20"))]


def test_a_sandbox_without_an_end_and_production_with_one_are_wrong() -> None:
    plan = plan_of(sandbox(expires_at=END, cutover=CUT))
    (mine,) = [each for each in plan.tenants if each.tenant == "acme"]

    def state(**changes: Any) -> list[State]:
        changed = mine.model_copy(update=changes)
        one = plan.model_copy(update={"tenants": (changed,)})
        return [each.state for each in findings(one, at("2026-12-01"))]

    assert state(expires_at=None) == [State.WRONG]
    live = {"environment": Environment.PRODUCTION}
    assert state(**live) == [State.WRONG]
    assert state(**live, cutover=None) == [State.WRONG]
    assert state(**live, expires_at=None) == [State.WRONG]
    assert state(**live, expires_at=None, cutover=None) == []
    test = {"environment": Environment.STAGING}
    assert state(**test, expires_at=None, cutover=None) == []


def test_what_is_protected_is_kept_and_named() -> None:
    plan = plan_of(sandbox(expires_at=END, cutover=CUT))
    kept = SimpleNamespace(id="acme/database", deletion_protection=True)
    loose = SimpleNamespace(id="acme/logs", deletion_protection=False)
    changed = plan.tenants[0].model_copy(update={"facts": (SimpleNamespace(id="acme/x"), loose, kept)})
    (finding,) = findings(plan.model_copy(update={"tenants": (changed,)}), at("2026-12-21"))
    assert (finding.state, finding.is_due, finding.when) == (State.KEPT, False, at("2026-12-20"))
    assert "acme/database is protected" in finding.why

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from lifecycle.expire import Finding, State, findings
from tests.portfolios import catalog, plan_of, tenant
from tiers.facts.data import FileSystem
from tiers.plan.plan import Plan, TenantPlan
from tiers.vocabulary import CostCategory, CostDomain, Environment, LifecycleStage

NOW: Final = datetime(2027, 1, 20, 12, tzinfo=UTC)
DAY: Final = timedelta(days=1)
END: Final = datetime(2027, 1, 31, tzinfo=UTC)
COMBINATIONS: Final = 10_000

FILES: Final = FileSystem(
    id="acme-move/file-system",
    tenant="acme-move",
    domain=CostDomain.TENANT_RUNTIME,
    category=CostCategory.STORAGE,
    region="us-east-1",
    storage_gib=1,
    throughput_mode="elastic",
    deletion_protection=True,
)


def migration(**changes: Any) -> TenantPlan:
    """The plan of a migration environment, with fields as an inventory of any age may hold them."""
    ends = {"expires_at": "2027-01-31T00:00:00Z", "cutover": "2027-01-15"}
    (plan,) = plan_of(tenant("acme-move", environment="migration", **ends)).tenants
    return plan.model_copy(update=changes)


def found(plan: TenantPlan, now: datetime = NOW, grace_days: int | None = None) -> list[Finding]:
    whole = plan_of(tenant("acme")).model_copy(update={"tenants": (plan,)})
    return list(findings(whole, now, None if grace_days is None else timedelta(days=grace_days)))


def states(plan: TenantPlan, now: datetime = NOW, grace_days: int | None = None) -> list[State]:
    return [each.state for each in found(plan, now, grace_days)]


def test_an_end_is_reached_at_its_very_moment() -> None:
    end = datetime(2027, 1, 31, tzinfo=UTC)
    assert states(migration(), end - timedelta(seconds=1)) == [State.SOON]
    (at_last,) = found(migration(), end)
    assert (at_last.state, at_last.is_due, at_last.when) == (State.EXPIRED, True, end)
    assert at_last.why == "its end was 2027-01-31 00:00 UTC"


def test_two_weeks_before_its_end_it_is_reported() -> None:
    later = migration(cutover=None)
    assert states(later, datetime(2027, 1, 17, tzinfo=UTC)) == [State.SOON]
    assert states(later, datetime(2027, 1, 16, 23, 59, tzinfo=UTC)) == []


def test_after_the_cutover_it_is_due_only_when_days_of_grace_were_named() -> None:
    assert states(migration(), datetime(2027, 1, 15, 18, tzinfo=UTC)) == []  # the day itself
    assert states(migration(), NOW) == [State.SOON]
    assert states(migration(), NOW, grace_days=5) == [State.SOON]
    (due,) = found(migration(), NOW, grace_days=4)
    assert (due.state, due.is_due) == (State.CUT_OVER, True)
    assert due.why == "its cutover was 2027-01-15, and 4 days of grace are over"


def test_what_is_said_wrongly() -> None:
    endless = migration(expires_at=None)
    (wrong,) = found(endless)
    assert (wrong.state, wrong.is_due) == (State.WRONG, False)
    assert wrong.why == "a migration environment needs an end date; set expires_at"
    production = migration(environment=Environment.PRODUCTION)
    (wrong,) = found(production, NOW + 300 * DAY)
    assert (wrong.state, wrong.is_due) == (State.WRONG, False)


@pytest.mark.parametrize(
    ("changes", "days", "state", "why", "when"),
    [
        (
            {"environment": Environment.PRODUCTION},
            0,
            State.WRONG,
            "production must not have an end date; remove it from its file",
            END,
        ),
        (
            {"expires_at": None},
            0,
            State.WRONG,
            "a migration environment needs an end date; set expires_at",
            None,
        ),
        ({}, 0, State.SOON, "its cutover was 2027-01-15", END),
        ({"cutover": None}, 0, State.SOON, "its end is 2027-01-31 00:00 UTC", END),
        (
            {"facts": (FILES,)},
            30,
            State.KEPT,
            "its end was 2027-01-31 00:00 UTC, but acme-move/file-system is protected from deletion",
            END,
        ),
        (
            {"lifecycle_stage": LifecycleStage.SUSPENDED},
            30,
            State.KEPT,
            "its end was 2027-01-31 00:00 UTC, but it is suspended, not given up",
            END,
        ),
    ],
)
def test_a_finding_that_is_not_due_names_its_tenant_and_says_why_and_when(
    changes: dict[str, Any], days: int, state: State, why: str, when: datetime | None
) -> None:
    one = migration(**changes)
    (only,) = found(one, NOW + days * DAY)
    assert only == Finding(one, state, why, when)
    assert not only.is_due


def test_programs_read_these_words() -> None:
    assert [str(state) for state in State] == ["expired", "cut over", "kept", "soon", "wrong"]


def test_who_has_no_end_is_not_mentioned() -> None:
    whole = plan_of(tenant("acme"), tenant("acme-staging", environment="staging"))
    assert findings(whole, NOW + 10_000 * DAY, timedelta()) == ()


def combination(chance: random.Random) -> tuple[TenantPlan, datetime, timedelta | None]:
    """Any tenant an inventory could hold, at any moment around its dates; most are not to be ended."""
    end = datetime(2027, 1, 31, chance.randrange(24), chance.randrange(60), tzinfo=UTC)
    changes = {
        "environment": chance.choice(list(Environment)),
        "lifecycle_stage": chance.choice(list(LifecycleStage)),
        "expires_at": chance.choice([None, end, end, end]),
        "cutover": chance.choice([None, date(2027, 1, 15), date(2027, 1, 31), date(2027, 3, 1)]),
        "tier": chance.choice(sorted(catalog().tiers)),
        "facts": chance.choice([(), (FILES,), (FILES.model_copy(update={"deletion_protection": False}),)]),
    }
    moment = end + chance.choice([-1, 1]) * timedelta(
        seconds=chance.choice([0, 1, 3600, 86_400, 86_400 * 40])
    )
    grace = chance.choice([None, timedelta(), timedelta(days=7), timedelta(days=60)])
    return BASE.model_copy(update=changes), moment, grace


BASE: Final = migration()
WHOLE: Final = plan_of(tenant("acme"))


def test_guard_names_nothing_that_may_not_end() -> None:
    chance = random.Random(20270131)  # noqa: S311 - a fuzz that repeats itself
    named = 0
    for _ in range(COMBINATIONS):
        each, now, grace = combination(chance)
        plan = WHOLE.model_copy(update={"tenants": (each,)})
        due = [one for one in findings(plan, now, grace) if one.is_due]
        named += len(due)
        for one in due:
            over = each.expires_at is not None and now >= each.expires_at
            day_after = each.cutover and datetime.combine(each.cutover, datetime.min.time(), UTC) + DAY
            cut_over = grace is not None and day_after is not None and now >= day_after + grace
            assert over or cut_over, one
            assert one.tenant.environment is not Environment.PRODUCTION
            assert not any(fact.deletion_protection for fact in each.facts if isinstance(fact, FileSystem))
            assert one.tenant.lifecycle_stage is not LifecycleStage.SUSPENDED
            assert not (each.environment is Environment.MIGRATION and each.expires_at is None)
    # A guard that names nothing would pass as well.
    assert COMBINATIONS * 0.1 < named < COMBINATIONS * 0.5


def test_guard_misses_nothing_that_must_end() -> None:
    """The other way round: every tenant that is past its end, unprotected and not suspended is listed."""
    chance = random.Random(7)  # noqa: S311 - a fuzz that repeats itself
    for _ in range(1_000):
        each, now, grace = combination(chance)
        free = each.model_copy(
            update={
                "environment": Environment.MIGRATION,
                "lifecycle_stage": LifecycleStage.ACTIVE,
                "facts": (),
            }
        )
        if free.expires_at is not None and now >= free.expires_at:
            plan: Plan = WHOLE.model_copy(update={"tenants": (free,)})
            assert [one.state for one in findings(plan, now, grace)] == [State.EXPIRED]

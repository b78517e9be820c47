from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from lifecycle.errors import LifecycleError
from lifecycle.rehearsal.due import UNSAID, Standing, State, standings, unsaid
from lifecycle.rehearsal.result import RehearsalResult
from lifecycle.rehearsal.scratch import fact_of
from tests.lifecycle.rehearsal.results import result
from tests.portfolios import catalog, local_plan, local_portfolio, plan_of, tenant
from tiers.catalog.classes import ResilienceRequirements
from tiers.errors import CatalogError
from tiers.facts.every_fact import Labour, Rehearsal
from tiers.plan.backups.rehearsals import rehearsals
from tiers.plan.plan import facts_of
from tiers.vocabulary import Environment, LifecycleStage, ResilienceClass, TenantId

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
FAILED = {"result": "failed", "rto_seconds": None, "phases": None}
NO_PAGE = {"name": "login page", "expected": "status 200", "found": "no answer", "ok": False}


def standing(*results: RehearsalResult) -> Standing:
    plan = plan_of(tenant("acme", tier="cross-region-backup"))
    (found,) = standings(plan, lambda _: iter(results), NOW)
    return found


def ago(**time: int) -> datetime:
    return NOW - timedelta(**time)


@pytest.mark.parametrize(
    ("results", "state", "why"),
    [
        ((), State.NEVER, "run `costack failover acme --rehearse --to eu-west-1`"),
        ((result(ago(days=100)),), State.GOOD, ""),
        ((result(ago(days=100, seconds=1)),), State.OLD, "older than 100 days"),
        ((result(ago(days=1), rpo_seconds=301),), State.SLOW, "RPO measured 5 min 1 s, promised 5 min 0 s"),
        (
            (result(ago(days=1), checks=[NO_PAGE], **FAILED), result(ago(days=2))),
            State.FAILED,
            "login page",
        ),
    ],
)
def test_only_what_was_proven_lately_and_fast_enough_is_good(
    results: tuple[RehearsalResult, ...], state: State, why: str
) -> None:
    found = standing(*results)
    assert (found.state, found.why) == (state, why)
    assert state.is_due is (state is not State.GOOD)


def test_what_was_shown_in_another_region_says_nothing_of_this_one() -> None:
    assert standing(result(ago(days=1), region="eu-central-1")).state is State.NEVER


def test_of_copies_that_an_older_version_deployed_it_is_not_said_that_nothing_is_due() -> None:
    plan = plan_of(tenant("acme", tier="cross-region-backup"), tenant("borealis"))
    assert list(unsaid(plan)) == []
    older = tuple(
        each.model_copy(update={"facts": tuple(f for f in each.facts if not isinstance(f, Rehearsal))})
        for each in plan.tenants
    )
    said = list(unsaid(plan.model_copy(update={"tenants": older})))
    assert said == [f"acme: {UNSAID}"]
    with pytest.raises(CatalogError, match="knew no rehearsals"):
        fact_of(older[0], "eu-west-1")
    ending = older[0].model_copy(update={"lifecycle_stage": LifecycleStage.DECOMMISSIONING})
    assert list(unsaid(plan.model_copy(update={"tenants": (ending,)}))) == []


def test_of_what_nobody_can_read_it_is_not_said_that_it_is_good_or_due() -> None:
    def fails(_: TenantId) -> Iterator[RehearsalResult]:
        raise LifecycleError("s3://copies: AccessDenied")

    (found,) = standings(plan_of(tenant("acme", tier="cross-region-backup")), fails, NOW)
    assert (found.state, found.state.is_due, found.why) == (
        State.UNREADABLE,
        False,
        "s3://copies: AccessDenied",
    )


def test_who_has_no_second_region_is_asked_for_nothing() -> None:
    asked = {each.tenant for each in standings(local_plan(), lambda _: iter(()), NOW)}
    assert asked == {"meridian"}
    ending = tenant("acme", tier="cross-region-backup", lifecycle_stage=LifecycleStage.DECOMMISSIONING)
    assert facts_of(plan_of(ending).tenants[0].facts, Rehearsal) == []


def test_what_is_promised_is_that_of_the_tenants_own_class() -> None:
    options = {"users": 5, "resilience_class": "business-critical"}
    plan = plan_of(tenant("acme", tier="cross-region-backup", options=options))
    (fact,) = facts_of(plan.tenants[0].facts, Rehearsal)
    assert (fact.rpo_minutes, fact.rto_minutes, fact.age_days) == (15, 120, None)


def test_the_work_that_a_tier_plans_for_rehearsals_is_in_the_plan() -> None:
    sold = catalog()
    tier = sold.tiers["cross-region-backup"]
    production = tier.offers[Environment.PRODUCTION]
    assert production.region_copies is not None
    copies = production.region_copies.model_copy(update={"rehearsal_labour_hours_per_month": 3})
    offers = {**tier.offers, Environment.PRODUCTION: production.model_copy(update={"region_copies": copies})}
    planned = {**sold.tiers, tier.tier: tier.model_copy(update={"offers": offers})}
    acme, platform = tenant("acme", tier="cross-region-backup"), local_portfolio().platform
    more = list(rehearsals(sold.model_copy(update={"tiers": planned}), platform, acme))
    usual = list(rehearsals(sold, platform, acme))
    assert [each.hours_per_month for each in more if isinstance(each, Labour)] == [3]
    assert [type(each) for each in usual] == [Rehearsal]


def test_a_class_without_a_second_region_asks_for_no_rehearsal() -> None:
    values = catalog().classes.resilience_classes[ResilienceClass.STANDARD].model_dump()
    with pytest.raises(ValueError, match="without copies in another region there is nothing to rehearse"):
        ResilienceRequirements.model_validate({**values, "rehearsal_age_days": 100})

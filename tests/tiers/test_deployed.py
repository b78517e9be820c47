"""An update may begin only where everything deployed is described, or was released."""

from __future__ import annotations

from typing import Any

import pytest

from tests.portfolios import catalog, plan_of, tenant
from tiers.deployed import RECORD_TYPE, deployed_of, is_released, refusals
from tiers.facts.names import SHARED_PLATFORM, TENANT_STACK
from tiers.plan.plan import Plan, TenantPlan
from tiers.portfolio.move import data_moves
from tiers.portfolio.tenant import Move
from tiers.vocabulary import LifecycleStage, MoveStage

PREFIX = "urn:pulumi:local::costack::"


def state(plan: Plan, **outputs: dict[str, Any]) -> dict[str, Any]:
    """The engine's answer for a stack of *plan*, with the *outputs* of some tenants' components."""
    found: dict[str, Any] = {
        f"{PREFIX}pulumi:pulumi:Stack::costack-local": {"type": "pulumi:pulumi:Stack", "outputs": {}},
        f"{PREFIX}{SHARED_PLATFORM}::{plan.portfolio}": {"type": SHARED_PLATFORM, "outputs": {}},
    }
    for each in plan.tenants:
        urn = f"{PREFIX}{TENANT_STACK}::{each.tenant}"
        found[urn] = {"type": TENANT_STACK, "outputs": outputs.get(each.tenant, {})}
        record = f"{PREFIX}{TENANT_STACK}${RECORD_TYPE}::{each.tenant}-deployed"
        applied = {"portfolio": plan.portfolio, "plan": each.model_dump(mode="json")}
        found[record] = {"type": RECORD_TYPE, "outputs": {"input": applied, "output": applied}}
    return found


def refused(there: dict[str, Any], plan: Plan) -> list[str]:
    """Why *plan* may not follow."""

    def moved(after: TenantPlan, before: str) -> tuple[str, ...]:
        return data_moves(catalog(), after.environment, before, after.tier)

    return list(refusals(deployed_of(there), plan, "local", moved))


def test_a_new_stack_takes_any_plan() -> None:
    assert refused({}, plan_of(tenant("acme"))) == []


def test_what_is_described_may_be_updated_and_more_may_come() -> None:
    there = state(plan_of(tenant("acme")))
    assert refused(there, plan_of(tenant("acme"), tenant("borealis"))) == []


def test_what_is_in_no_file_stops_the_update() -> None:
    there = state(plan_of(tenant("acme"), tenant("borealis")))
    (sentence,) = refused(there, plan_of(tenant("borealis")))
    assert sentence == (
        "tenant 'acme' is deployed and has no file in portfolios/local/tenants: nothing was changed. Bring "
        "acme.yaml back (`git log -- portfolios/local/tenants/acme.yaml` shows where it went); to end the "
        "tenant, run `costack decommission acme --stack local`"
    )


@pytest.mark.parametrize(
    ("said", "stops"),
    [({}, True), ({"released": False}, True), ({"released": "true"}, True), ({"released": True}, False)],
)
def test_only_what_was_released_may_go(said: dict[str, Any], *, stops: bool) -> None:
    there = state(plan_of(tenant("acme"), tenant("borealis")), acme=said)
    assert bool(refused(there, plan_of(tenant("borealis")))) is stops


@pytest.mark.parametrize("changes", [{}, {"lifecycle_stage": "suspended"}, {"protected": False}])
def test_a_tenant_is_released_by_two_lines_of_its_file(changes: dict[str, Any]) -> None:
    (plan,) = plan_of(tenant("acme")).tenants
    ending = {"lifecycle_stage": LifecycleStage.DECOMMISSIONING, "protected": False}
    applied = plan.model_copy(update=ending).model_dump(mode="json")
    assert is_released(applied)
    assert not is_released({**plan.model_dump(mode="json"), **changes})


def test_another_portfolio_stops_the_update_with_one_sentence() -> None:
    there = state(plan_of(tenant("acme"), tenant("borealis")))
    other = plan_of(tenant("zenith")).model_copy(update={"portfolio": "mine"})
    (sentence,) = refused(there, other)
    assert sentence.startswith(
        "stack 'local' deploys portfolio 'local', and this is 'mine': nothing was changed"
    )


@pytest.mark.parametrize(
    ("before", "after", "data"),
    [
        ("shared-namespace", "dedicated-db", "database"),
        ("dedicated-db", "shared-namespace", "database"),
        ("shared-namespace", "cross-region-backup", "database and files"),
        ("dedicated-db", "ha-postgresql", ""),
    ],
)
def test_another_tier_needs_a_move_where_its_data_is_elsewhere(before: str, after: str, data: str) -> None:
    there = state(plan_of(tenant("acme", tier=before)))
    region = {"dr_region": "us-west-2"} if after == "cross-region-backup" else {}
    changed = tenant("acme", tier=after, options={"users": 12, **region})
    found = refused(there, plan_of(changed))
    wanted = (
        f"tenant 'acme' is on {before}, and its file says {after}, where its {data} would be empty: nothing "
        f"was changed. Write tier: {before} back and run `costack move acme --to {after} --stack local`, "
        "which takes its data along"
    )
    assert found == ([wanted] if data else [])
    moving = changed.model_copy(update={"move": Move(from_tier=before, stage=MoveStage.EXPAND)})
    assert refused(there, plan_of(moving)) == []


def test_a_tenant_without_a_record_may_have_any_tier() -> None:
    """Its first update failed, or an older version deployed it."""
    there = {
        urn: known for urn, known in state(plan_of(tenant("acme"))).items() if known["type"] != RECORD_TYPE
    }
    assert refused(there, plan_of(tenant("acme", tier="dedicated-db"))) == []

"""An update may begin only where everything deployed is described, or was released."""

from __future__ import annotations

from typing import Any

import pytest

from tests.portfolios import plan_of, tenant
from tiers.deployed import deployed_of, is_released, refusals
from tiers.facts.names import SHARED_PLATFORM, TENANT_STACK
from tiers.plan.plan import Plan
from tiers.vocabulary import LifecycleStage

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
    return found


def refused(there: dict[str, Any], plan: Plan) -> list[str]:
    """Why *plan* may not follow."""
    return list(refusals(deployed_of(there), plan, "local"))


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

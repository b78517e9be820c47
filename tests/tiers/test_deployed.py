"""An update may begin only where everything deployed is described, or was released."""

from __future__ import annotations

from typing import Any

import pytest

from tests.portfolios import plan_of, tenant
from tiers.deployed import RECORD_TYPE, deployed_of, refusals
from tiers.facts.names import SHARED_PLATFORM, TENANT_STACK
from tiers.plan.plan import Plan

PREFIX = "urn:pulumi:local::costack::"
ENDING = {"lifecycle_stage": "decommissioning"}


def state(plan: Plan, *, recorded: bool = True, **more: dict[str, Any]) -> dict[str, Any]:
    """The engine's answer for a stack of *plan*; *more* changes the records of its tenants."""
    found: dict[str, Any] = {
        f"{PREFIX}pulumi:pulumi:Stack::costack-local": {"type": "pulumi:pulumi:Stack", "outputs": {}},
        f"{PREFIX}{SHARED_PLATFORM}::{plan.portfolio}": {"type": SHARED_PLATFORM, "outputs": {}},
        f"{PREFIX}{SHARED_PLATFORM}${RECORD_TYPE}::{plan.portfolio}-deployed": {
            "type": RECORD_TYPE,
            "outputs": {"input": {"plan": {"portfolio": plan.portfolio}}, "output": {}},
        },
    }
    for each in plan.tenants:
        found[f"{PREFIX}{TENANT_STACK}::{each.tenant}"] = {"type": TENANT_STACK, "outputs": {}}
        if recorded:
            applied = {**each.model_dump(mode="json"), **more.get(each.tenant, {})}
            urn = f"{PREFIX}{TENANT_STACK}${RECORD_TYPE}::{each.tenant}-deployed"
            found[urn] = {
                "type": RECORD_TYPE,
                "outputs": {"input": {"portfolio": plan.portfolio, "plan": applied}, "output": {}},
            }
    return found


def refused(there: dict[str, Any], plan: Plan) -> list[str]:
    """Why *plan* may not follow."""
    return list(refusals(deployed_of(there), plan, "local"))


def test_a_new_stack_takes_any_plan() -> None:
    assert refused({}, plan_of(tenant("acme"))) == []


@pytest.mark.parametrize("recorded", [True, False])
def test_what_is_described_may_be_updated_and_more_may_come(recorded: bool) -> None:
    there = state(plan_of(tenant("acme")), recorded=recorded)
    assert refused(there, plan_of(tenant("acme"), tenant("borealis"))) == []


@pytest.mark.parametrize("recorded", [True, False])
def test_what_is_in_no_file_stops_the_update(recorded: bool) -> None:
    there = state(plan_of(tenant("acme"), tenant("borealis")), recorded=recorded)
    (sentence,) = refused(there, plan_of(tenant("borealis")))
    assert sentence == (
        "tenant 'acme' is deployed and has no file in portfolios/local/tenants: nothing was changed. Bring "
        "acme.yaml back (`git log -- portfolios/local/tenants/acme.yaml` shows where it went); to end the "
        "tenant, run `costack decommission acme --stack local`"
    )


@pytest.mark.parametrize(
    ("said", "stops"),
    [
        ({}, True),
        (ENDING, True),
        ({"protected": False}, True),
        ({**ENDING, "protected": False}, False),
        ({**ENDING, "protected": None}, True),
    ],
)
def test_only_what_was_released_may_go(said: dict[str, Any], stops: bool) -> None:
    there = state(plan_of(tenant("acme"), tenant("borealis")), acme=said)
    assert bool(refused(there, plan_of(tenant("borealis")))) is stops


def test_another_portfolio_stops_the_update_with_one_sentence() -> None:
    there = state(plan_of(tenant("acme"), tenant("borealis")))
    other = plan_of(tenant("zenith")).model_copy(update={"portfolio": "mine"})
    (sentence,) = refused(there, other)
    assert sentence.startswith(
        "stack 'local' deploys portfolio 'local', and this is 'mine': nothing was changed"
    )

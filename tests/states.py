"""The state of a stack, as `pulumi stack export` would print it after everything was declared."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from allocation.adapters.pulumi.deployed import inventory_of_state
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.portfolios import every_offer, local_plan, plan_of
from tiers.deployed import RECORD_TYPE
from tiers.facts.every_fact import DatabaseInstance
from tiers.facts.names import TENANT_STACK
from tiers.inventory import Inventory
from tiers.plan.plan import Plan, TenantPlan, facts_of

State = dict[str, Any]
_STACK = "urn:pulumi:test::costack::pulumi:pulumi:Stack::costack-test"


def state_of(declared: Iterable[Declared], told: Any = None) -> State:
    """The state after an update that succeeded; *told* is the stack's output `inventory`."""
    stack = {"urn": _STACK, "type": "pulumi:pulumi:Stack", "custom": False, "outputs": {"inventory": told}}
    resources = [stack, *map(_resource, declared)]
    return json.loads(json.dumps({"version": 3, "deployment": {"resources": resources}}))  # type: ignore[no-any-return]


def _resource(each: Declared) -> dict[str, Any]:
    outputs = dict(each.props)
    if each.type == RECORD_TYPE:
        outputs["output"] = outputs["input"]
    if each.type.startswith("aws:"):
        outputs["arn"] = f"arn:aws:test:us-east-1:123456789012:{each.name}"
    return {
        "urn": each.urn,
        "type": each.type,
        "custom": each.custom,
        "parent": each.parent or _STACK,
        "protect": each.protect,
        "inputs": each.props,
        "outputs": outputs if each.custom else {},
    }


def resources(state: State) -> list[dict[str, Any]]:
    """The resources of a state, which may be changed."""
    return state["deployment"]["resources"]  # type: ignore[no-any-return]


def the(state: State, kind: str, name: str) -> dict[str, Any]:
    """The one resource of a type and a logical name."""
    (found,) = [
        each for each in resources(state) if each["type"] == kind and each["urn"].endswith(f"::{name}")
    ]
    return found


@cache
def _local() -> State:
    return state_of(declare_plan(local_plan()))


@cache
def _every_offer() -> State:
    return state_of(declare_plan(plan_of(*every_offer())))


def local_state() -> State:
    """The committed portfolio, deployed."""
    return copy.deepcopy(_local())


def every_offer_state() -> State:
    """A tenant of every offer, deployed."""
    return copy.deepcopy(_every_offer())


def read(state: State) -> Inventory:
    """The inventory of a state that has one."""
    found = inventory_of_state(state, "state")
    assert found is not None
    return found


def tenant(inventory: Inventory, name: str, plan: Plan | None = None) -> TenantPlan:
    """One tenant of an inventory, or of another plan."""
    (found,) = [each for each in (plan or inventory.plan).tenants if each.tenant == name]
    return found


def server_of(plan: TenantPlan) -> DatabaseInstance:
    """The tenant's own server."""
    (found,) = facts_of(plan.facts, DatabaseInstance)
    return found


def leave(state: State, name: str, *endings: str) -> None:
    """Of one tenant only its components are there, and the resources whose URNs end like this."""
    inside = {the(state, TENANT_STACK, name)["urn"]}
    kept = []
    for each in resources(state):
        if each.get("parent") in inside:
            inside.add(each["urn"])
        if each["urn"] not in inside or not each["custom"] or each["urn"].endswith(endings or ("no end",)):
            kept.append(each)
    state["deployment"]["resources"] = kept


def fact_in(plan: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A fact in a tenant's plan as plain data, which may be changed."""
    (found,) = [each for each in plan["facts"] if each["id"] == name]
    return found  # type: ignore[no-any-return]

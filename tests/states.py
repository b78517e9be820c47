"""The state of a stack, as `pulumi stack export` would print it after everything was declared."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tests.components.monitor import Declared
from tiers.deployed import RECORD_TYPE

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

"""Reads the plans before and after a change from `pulumi preview --json --show-sames`.

The components register their declarations as inputs, so the preview has both plans. It does not have the
root's outputs, because a preview shows a resource before its outputs are known (Pulumi, pkg/display/json.go).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from allocation.adapters.pulumi.stack_outputs import whole, whole_numbers
from tiers.errors import CatalogError
from tiers.expectations import first_fault
from tiers.facts.names import SHARED_PLATFORM, STACK, TENANT_STACK
from tiers.files import read_json
from tiers.inventory import OUTPUT_NAME, read_inventory
from tiers.plan.plan import Plan

_REMEDY: Final = "make it with `pulumi preview --json --show-sames`"
Step = Mapping[str, Any]


def plans_of_preview(path: Path) -> tuple[Plan | None, Plan]:
    """The plan before, None for a new stack, and the plan after.

    Raises:
        CatalogError: When the file is no such preview, the preview failed, or it lacks unchanged resources.
    """
    steps = _steps(path)
    after = _plan(path, steps, "newState")
    if after is None:
        raise CatalogError(
            f"{path}: holds no {SHARED_PLATFORM} as it will be; {_REMEDY} of a program of costack's"
        )
    _refuse_partial(path, steps)
    return _deployed(path, steps) or _plan(path, steps, "oldState"), after


def _steps(path: Path) -> list[Step]:
    document = read_json(path, whole_numbers, _REMEDY)
    steps = document.get("steps") if isinstance(document, dict) else None
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise CatalogError(f"{path}: expected an object with `steps`; {_REMEDY}")
    failed = [each for each in document.get("diagnostics") or () if each.get("severity") == "error"]
    if failed:
        raise CatalogError(f"{path}: the preview failed: {' '.join(str(failed[0].get('message')).split())}")
    return steps


def _deployed(path: Path, steps: list[Step]) -> Plan | None:
    """The plan of the stack's exported inventory, with the grown storage of its servers."""
    for step in steps:
        state = step.get("oldState")
        if isinstance(state, dict) and state.get("type") == STACK:
            found = (state.get("outputs") or {}).get(OUTPUT_NAME)
            source = f"{path}, output '{OUTPUT_NAME}'"
            return whole(read_inventory(found, source), source).plan if found else None
    return None


def _plan(path: Path, steps: list[Step], side: str) -> Plan | None:
    platforms = list(_inputs(path, steps, SHARED_PLATFORM, side))
    if not platforms:
        return None
    if len(platforms) > 1:
        raise CatalogError(f"{path}: holds {len(platforms)} platforms; a cost preview is of one")
    tenants = sorted(_inputs(path, steps, TENANT_STACK, side), key=lambda plan: str(plan.get("tenant")))
    try:
        return Plan.model_validate({**platforms[0], "tenants": tenants})
    except ValidationError as error:
        raise CatalogError(
            f"{path}: {side}: {first_fault(error)}; preview with the version of costack that reads it"
        ) from None


def _inputs(path: Path, steps: list[Step], kind: str, side: str) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for step in steps:
        state = step.get(side)
        # A replacement is three steps of one URN; a deleted resource has no new state.
        if not isinstance(state, dict) or state.get("type") != kind or str(step.get("urn")) in seen:
            continue
        inputs = state.get("inputs") or {}
        plan = inputs.get("plan") if isinstance(inputs, dict) else inputs
        if plan is None:
            continue
        if not isinstance(plan, dict):
            raise CatalogError(
                f"{path}: {side} of {step.get('urn')}: expected a plan among its inputs; {_REMEDY}"
            )
        seen.add(str(step.get("urn")))
        yield plan


def _refuse_partial(path: Path, steps: list[Step]) -> None:
    """Without what is unchanged a preview names a root only when it changes, and never all tenants."""
    if not any(step.get("op") == "same" for step in steps) and any(step.get("oldState") for step in steps):
        raise CatalogError(f"{path}: leaves out what is unchanged; {_REMEDY}")

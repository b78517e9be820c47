"""A portfolio in several stacks declares what it declares in one, with the same names and protection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from costack.stacks import deploy_one_of
from tests.components import monitor
from tests.components.conftest import declare_plan
from tests.components.monitor import CloudAnswers, Declared, declare
from tests.portfolios import LOCAL, local_plan
from tests.states import read, state_of
from tests.tiers.plan.cells.portfolios import RULE, in_cells
from tiers.inventory import OUTPUT_NAME, joined, read_inventory
from tiers.plan.cells.assigned import assigned
from tiers.plan.cells.stacks import stacks_of
from tiers.plan.resolve import plan_of_folder
from tiers.portfolio.cells.assignment import Assignment

REFERENCE = "pulumi:pulumi:StackReference"
STORED = assigned(local_plan().tenants, RULE, Assignment())


class Told(CloudAnswers):
    """The engine, which knows the outputs of another stack."""

    def __init__(self, outputs: Mapping[str, Any]) -> None:
        self._outputs = outputs

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == REFERENCE:
            assert args.inputs["name"].endswith("/costack/test-platform")
            return args.name, {"name": args.name, "outputs": self._outputs, "secretOutputNames": []}
        return super().new_resource(args)


def run(
    folder: Path, stack: str, outputs: Mapping[str, Any], patch: pytest.MonkeyPatch
) -> tuple[list[Declared], dict[str, Any]]:
    """What one stack declares and exports, told the *outputs* of the platform."""
    exports: dict[str, Any] = {}

    def export(name: str, value: Any) -> None:
        pulumi.Output.from_input(value).apply(lambda known: exports.update({name: known}))

    with patch.context() as here:
        here.setattr(monitor, "STACK", f"test-{stack}")
        here.setattr(pulumi, "export", export)
        declared = declare(lambda: deploy_one_of(folder, stack) and None, answers=Told(outputs))
    return declared, json.loads(json.dumps(exports))


def by_urn(declared: list[Declared]) -> dict[str, Declared]:
    """Without the name of the stack, which a URN begins with."""
    return {each.urn.partition("::")[2]: each for each in declared}


@pytest.mark.parametrize(
    "left_out",
    [
        ("acme-staging", "borealis", "borealis-migration", "halcyon", "meridian"),
        pytest.param((), marks=pytest.mark.whole("all seven tenants, where two show it")),
    ],
)
def test_all_stacks_together_declare_what_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left_out: tuple[str, ...]
) -> None:
    kept = {tenant: stack for tenant, stack in STORED.tenants.items() if tenant not in left_out}
    folder = in_cells(tmp_path, assignment=Assignment(tenants=kept))
    for name in left_out:
        (folder / "tenants" / f"{name}.yaml").unlink()
    plan = plan_of_folder(folder)
    theirs: dict[str, Declared] = {}
    outputs: dict[str, Any] = {}
    inventories, states = [], []
    for stack in stacks_of(Assignment(tenants=kept)):
        declared, exports = run(folder, stack, outputs, monkeypatch)
        outputs = outputs or exports
        found = by_urn(declared)
        assert not theirs.keys() & found.keys()
        theirs |= found
        inventories.append(read_inventory(exports[OUTPUT_NAME], stack))
        states.append(read(state_of(declared, exports[OUTPUT_NAME])))
        inside = {each.urn for each in declared}
        # The engine refuses a state in which a resource waits for one that is not there.
        outside = {urn for each in declared for urn in each.dependencies if urn not in inside}
        assert all(urn.endswith(f"{REFERENCE}::test-platform") for urn in outside), stack
        assert bool(outside) is (stack != "platform")
    together = declare_plan(plan)
    ours = by_urn(together)
    assert theirs.keys() == ours.keys()
    for urn, mine in ours.items():
        other = theirs[urn]
        assert (other.props, other.secret_props) == (mine.props, mine.secret_props), urn
        assert (other.protect, other.ignore_changes) == (mine.protect, mine.ignore_changes), urn
    assert "password" not in json.dumps(outputs).lower()
    whole = joined(inventories, "here")
    assert whole.plan == plan
    assert not whole.pending
    assert sum(len(each.cloud_ids) for each in inventories) == len(whole.cloud_ids) > 9
    # Read from the states it is what one stack's state says.
    one = read(state_of(together))
    assert joined(states, "here").plan == one.plan == plan
    assert joined(states, "here").cloud_ids.keys() >= one.cloud_ids.keys()
    assert [each.one_of for each in states] == [each.one_of for each in inventories]


def refused(folder: Path, stack: str, called: str, patch: pytest.MonkeyPatch) -> str:
    patch.setattr(monitor, "STACK", called)
    with pytest.raises(pulumi.RunError) as told:
        declare(lambda: deploy_one_of(folder, stack) and None)
    return str(told.value)


def test_what_is_not_one_of_its_stacks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = in_cells(tmp_path)
    assert "'cell-9' is no stack of cells.yaml" in refused(folder, "cell-9", "test-cell-9", monkeypatch)
    assert "so its name ends in '-cell-1'" in refused(folder, "cell-1", "test", monkeypatch)
    assert "so its name ends in '-cell-1'" in refused(folder, "cell-1", "-cell-1", monkeypatch)
    assert "cells.yaml: is missing, and costack:stack is 'cell-1'" in refused(
        LOCAL, "cell-1", "test-cell-1", monkeypatch
    )


def test_a_platform_that_tells_nothing_yet_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Exception, match="'test-platform' tells no contract yet; update it, then"):
        run(in_cells(tmp_path), "cell-1", {}, monkeypatch)

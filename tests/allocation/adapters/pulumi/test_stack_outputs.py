from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from allocation.adapters.pulumi.stack_outputs import (
    NotDeployedError,
    StackNotFoundError,
    inventory_of_all,
    inventory_of_file,
    inventory_of_stack,
)
from tests.portfolios import local_plan
from tests.states import local_state, resources, state_of
from tests.tiers.plan.cells.portfolios import inventories
from tests.tiers.plan.cells.test_joined import STORED
from tiers.errors import CatalogError
from tiers.inventory import Inventory, exported
from tiers.plan.cells.stacks import stacks_of


class FakePulumi:
    """A `pulumi` on PATH that answers a fixed text and remembers how it was called."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.asked = folder / "asked.json"

    def answers(self, stdout: str = "", stderr: str = "", code: int = 0) -> None:
        """Set the answer of every following call."""
        (self._folder / "stdout").write_text(stdout, encoding="utf-8")
        program = (
            "import json, pathlib, sys\n"
            f"pathlib.Path({str(self.asked)!r}).write_text(json.dumps(sys.argv[1:]))\n"
            f"print(pathlib.Path({str(self._folder / 'stdout')!r}).read_text(), end='')\n"
            f"print({stderr!r}, end='', file=sys.stderr)\nsys.exit({code})\n"
        )
        (self._folder / "fake.py").write_text(program, encoding="utf-8")
        script = self._folder / "pulumi"
        words = f"{shlex.quote(sys.executable)} {shlex.quote(str(self._folder / 'fake.py'))}"
        script.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
        script.chmod(0o755)


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePulumi:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return FakePulumi(folder)


OUTSIDE = "belongs to no Pulumi project; run costack in the folder that holds Pulumi.yaml"


@pytest.mark.parametrize(
    ("message", "inside", "outside"),
    [
        (
            "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
            "Pulumi has no backend; run `pulumi login`, or for the local cloud run eval ",
            OUTSIDE,
        ),
        (
            "error: could not create secrets manager: passphrase must be set with PULUMI_CONFIG_PASSPHRASE",
            "Pulumi needs the passphrase of the stack's secrets; set PULUMI_CONFIG_PASSPHRASE",
            "Pulumi needs the passphrase",
        ),
        (
            "error: if you're using the --stack flag, pass the fully qualified name (organization/project)",
            "cannot be read: if you're using",
            OUTSIDE,
        ),
    ],
)
def test_a_first_day_failure_has_a_remedy(
    pulumi: FakePulumi, tmp_path: Path, message: str, inside: str, outside: str
) -> None:
    pulumi.answers(stderr=message, code=3)
    with pytest.raises(CatalogError) as caught:
        inventory_of_stack("mine", tmp_path)
    assert outside in str(caught.value)
    (tmp_path / "Pulumi.yaml").touch()
    (tmp_path / "below").mkdir()
    with pytest.raises(CatalogError) as caught:
        inventory_of_stack("mine", tmp_path / "below")
    assert inside in str(caught.value)


def older(document: Any) -> str:
    """The state of a stack of a version without records: it has the output only."""
    return json.dumps(state_of([], document))


def test_the_state_of_a_stack_is_read(pulumi: FakePulumi, tmp_path: Path) -> None:
    ids = {"platform/key": "arn:aws:kms:us-east-1:123456789012:key/1"}
    pulumi.answers(older(exported(local_plan(), ids)))
    assert inventory_of_stack("local", tmp_path) == Inventory(plan=local_plan(), cloud_ids=ids)
    asked = json.loads(pulumi.asked.read_text(encoding="utf-8"))
    assert asked[:2] == ["stack", "export"]
    assert asked[asked.index("--stack") + 1] == "local"
    assert asked[asked.index("--cwd") + 1] == str(tmp_path)
    assert "--non-interactive" in asked
    assert "--show-secrets" not in asked


def test_numbers_that_pulumi_wrote_as_floats_are_whole_again(pulumi: FakePulumi, tmp_path: Path) -> None:
    document = older(exported(local_plan(), {}))
    text = document.replace('"users": 8', '"users": 8.0')
    assert text != document
    pulumi.answers(text)
    assert inventory_of_stack("local", tmp_path).plan == local_plan()


@pytest.mark.parametrize(
    ("stderr", "sentence", "missing"),
    [
        (
            "error: no stack named 'nope' found\n",
            (
                "stack 'nope': the Pulumi backend in use has no such stack; "
                "for the local cloud run `make up`, elsewhere `pulumi login` and `pulumi stack init`"
            ),
            True,
        ),
        (
            "error: could not load\n  checkpoint: unexpected end\n",
            "stack 'nope': cannot be read: could not load checkpoint: unexpected end",
            False,
        ),
        (
            "error: failed to load checkpoint: EOF\n",
            (
                "stack 'nope': its state is being written, or an update was killed while it was; run this "
                "again when no update runs, and if it stays so, `costack recover`"
            ),
            False,
        ),
        ("", "stack 'nope': cannot be read: pulumi gave no reason", False),
    ],
)
def test_why_a_stack_cannot_be_read(
    pulumi: FakePulumi, tmp_path: Path, stderr: str, sentence: str, *, missing: bool
) -> None:
    pulumi.answers(stderr=stderr, code=255)
    with pytest.raises(CatalogError) as caught:
        inventory_of_stack("nope", tmp_path)
    assert caught.value.problems == (sentence,)
    assert isinstance(caught.value, StackNotFoundError) is missing


@pytest.mark.parametrize("state", ["", '{"version": 3, "deployment": {}}', json.dumps(state_of([]))])
def test_a_stack_on_which_nothing_was_deployed(pulumi: FakePulumi, tmp_path: Path, state: str) -> None:
    pulumi.answers(state or "{}")
    with pytest.raises(CatalogError) as caught:
        inventory_of_stack("local", tmp_path)
    expected = "it has no output 'inventory'; run `pulumi up` on this stack"
    if not state:
        expected = "is not the state of a stack; expected the output of `pulumi stack export`"
    assert caught.value.problems == (f"stack 'local': {expected}",)
    assert isinstance(caught.value, NotDeployedError) is bool(state)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("text", "expected an inventory object, found str"),
        ({"schema_version": 2}, "schema_version is 2, this version of costack reads 1; "),
    ],
)
def test_an_output_that_is_no_inventory(
    pulumi: FakePulumi, tmp_path: Path, document: object, sentence: str
) -> None:
    pulumi.answers(older(document))
    with pytest.raises(CatalogError) as caught:
        inventory_of_stack("local", tmp_path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"stack 'local': {sentence}")


def test_pulumi_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CatalogError, match="stack 'local': pulumi is not on PATH; install it"):
        inventory_of_stack("local", tmp_path)


def test_a_file_is_read_as_an_output_is(tmp_path: Path) -> None:
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(exported(local_plan(), {})), encoding="utf-8")
    assert inventory_of_file(path).plan == local_plan()


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "inventory.json"
    with pytest.raises(CatalogError, match=r"inventory\.json: no such file"):
        inventory_of_file(path)
    with pytest.raises(CatalogError, match="cannot be read: expected a regular file, found a folder"):
        inventory_of_file(tmp_path)
    path.write_bytes(b"\xff")
    with pytest.raises(CatalogError, match="is not UTF-8 text"):
        inventory_of_file(path)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_what_json_does_not_have_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "inventory.json"
    path.write_text(f'{{"schema_version": {text}}}', encoding="utf-8")
    with pytest.raises(CatalogError):
        inventory_of_file(path)


def test_a_number_beyond_floats_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "inventory.json"
    path.write_text('{"schema_version": 1e999}', encoding="utf-8")
    with pytest.raises(CatalogError):
        inventory_of_file(path)


class SeveralStacks(FakePulumi):
    """A `pulumi` that exports a state for each stack that it knows."""

    def has(self, states: dict[str, Any]) -> None:
        (self._folder / "states.json").write_text(json.dumps(states), encoding="utf-8")
        self.answers()
        program = (
            "import json, pathlib, sys\n"
            "name = sys.argv[sys.argv.index('--stack') + 1]\n"
            f"states = json.loads(pathlib.Path({str(self._folder / 'states.json')!r}).read_text())\n"
            "if name not in states:\n"
            "    sys.exit(f\"error: no stack named '{name}' found\")\n"
            "print(json.dumps(states[name]))\n"
        )
        (self._folder / "fake.py").write_text(program, encoding="utf-8")


def states_in_cells(base: str) -> dict[str, Any]:
    """The state of the committed portfolio, of which each stack has what is its own."""
    stack = "pulumi:pulumi:Stack"
    everything = {each["urn"]: each for each in resources(local_state()) if each["type"] != stack}
    made = {
        name: state_of([], told.model_dump(mode="json"))
        for name, told in zip(stacks_of(STORED), inventories(STORED), strict=True)
    }
    for each in everything.values():
        above = each
        while above["parent"] in everything:
            above = everything[above["parent"]]
        name = STORED.tenants.get(above["urn"].rpartition("::")[2], "platform")
        resources(made[name]).append(each)
    return {f"{base}-{name}": state for name, state in made.items()}


def test_the_stacks_of_a_portfolio_are_read_together(pulumi: FakePulumi, tmp_path: Path) -> None:
    several = SeveralStacks(pulumi.asked.parent)
    states = states_in_cells("live")
    several.has(states)
    assert inventory_of_all("live", tmp_path).plan == local_plan()
    one = inventory_of_stack("live-cell-1", tmp_path)
    assert one.plan.platform == local_plan().platform
    with pytest.raises(CatalogError, match="'live-cell-1': is 'cell-1' of portfolio local, one of"):
        inventory_of_all("live-cell-1", tmp_path)
    several.has({name: state for name, state in states.items() if name != "live-cell-2"})
    with pytest.raises(CatalogError, match="stack 'live-cell-2': the Pulumi backend in use"):
        inventory_of_all("live", tmp_path)
    with pytest.raises(StackNotFoundError, match="stack 'other'"):
        inventory_of_all("other", tmp_path)

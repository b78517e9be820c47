from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.console.exit_codes import Exit
from cli.main import app
from tests.cli.terminal import on_a_terminal
from tests.portfolios import local_plan
from tests.tiers.plan.cells.portfolios import inventories
from tests.tiers.plan.cells.test_joined import STORED
from tiers.inventory import exported


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(exported(local_plan(), {})), encoding="utf-8")
    return path


def _allocate(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["allocate", *arguments])


def test_a_file_is_allocated_as_a_table_that_closes(inventory: Path) -> None:
    said = _allocate("--inventory", str(inventory), "--period", "2026-11")
    assert (said.exit_code, said.stderr) == (Exit.OK, "")
    *_, closing = said.stdout.splitlines()
    assert closing.startswith("charged ")
    assert closing.endswith(", difference 0")
    for tenant in local_plan().tenants:
        assert tenant.tenant in said.stdout


def test_json_holds_exact_amounts_in_text(inventory: Path) -> None:
    said = _allocate("--inventory", str(inventory), "--period", "2026-11", "-o", "json")
    assert (said.exit_code, said.stderr) == (Exit.OK, "")
    statement = json.loads(said.stdout)
    assert statement["period"] == {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}
    assert statement["totals"]["difference"].strip("0.") == ""
    assert [each["tenant"] for each in statement["tenants"]] == [each.tenant for each in local_plan().tenants]
    assert all(isinstance(amount, str) for amount in statement["totals"].values())


def test_the_current_month_is_taken_when_none_is_named(inventory: Path) -> None:
    said = _allocate("--inventory", str(inventory), "-o", "json")
    assert said.exit_code == Exit.OK
    assert json.loads(said.stdout)["period"]["start"].endswith("-01T00:00:00Z")


@pytest.mark.sample(1)
@pytest.mark.parametrize(("columns", "hint"), [(100, True), (240, False)])
def test_a_terminal_is_never_wrapped(inventory: Path, columns: int, *, hint: bool) -> None:
    shown, said = on_a_terminal(columns, "allocate", "--inventory", str(inventory), "--period", "2026-11")
    lines = shown.splitlines()
    rows = [line for line in lines if line.startswith(("┃", "│"))]
    assert len(rows) > len(local_plan().tenants)
    assert max(map(len, rows)) <= columns
    assert said.startswith("all pools are in one column: ") is hint
    assert lines[-1].endswith(", difference 0")


@pytest.mark.parametrize(
    ("period", "reason"),
    [
        ("2026-13", "no such month exists"),
        ("November", "expected a month such as 2026-11"),
        ("2026-11-01", "expected a month such as 2026-11"),
    ],
)
def test_a_period_that_is_no_month(inventory: Path, period: str, reason: str) -> None:
    said = _allocate("--inventory", str(inventory), "--period", period)
    assert (said.exit_code, said.stdout) == (Exit.CONFIGURATION, "")
    assert said.stderr == f"--period '{period}': {reason}\n"


def test_a_month_before_the_first_rulebook(inventory: Path) -> None:
    said = _allocate("--inventory", str(inventory), "--period", "1999-01")
    assert (said.exit_code, said.stdout) == (Exit.ERROR, "")
    assert said.stderr.startswith("no rulebook is in force on 1999-01-01: the first is effective ")
    assert said.stderr.count("\n") == 1


@pytest.mark.parametrize("both", [True, False])
def test_exactly_one_source_is_named(inventory: Path, *, both: bool) -> None:
    said = _allocate(*(("--inventory", str(inventory), "--stack", "local") if both else ()))
    assert (said.exit_code, said.stdout) == (Exit.CONFIGURATION, "")
    assert said.stderr == "name what to allocate: either --stack NAME or --inventory FILE\n"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", ": the inventory is empty; has `pulumi up` finished on this stack?"),
        ("{}", ": the inventory is empty; has `pulumi up` finished on this stack?"),
        ("[1]", ": expected an inventory object, found list"),
        ("{", ":1: is not JSON: "),
        ("[" * 100_000, ": is nested too deeply"),
        (
            '{"schema_version": 99}',
            (
                ": schema_version is 99, this version of costack reads 1; use the version that deployed the "
                "stack, or run `pulumi up` with this one"
            ),
        ),
        ('{"plan": {}}', ": schema_version is None, this version of costack reads 1; "),
        ('{"schema_version": 1, "cloud_ids": {}}', ": plan: is missing"),
    ],
    ids=["empty file", "empty", "a list", "no JSON", "too deep", "newer version", "no version", "no plan"],
)
def test_a_file_that_is_no_inventory(tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "inventory.json"
    path.write_text(content, encoding="utf-8")
    said = _allocate("--inventory", str(path))
    assert (said.exit_code, said.stdout) == (Exit.CONFIGURATION, "")
    assert said.stderr.startswith(f"{path}{sentence}")
    assert said.stderr.count("\n") == 1
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    said = _allocate("--inventory", str(tmp_path / "nowhere.json"))
    assert (said.exit_code, said.stdout) == (Exit.CONFIGURATION, "")
    assert said.stderr == f"{tmp_path}/nowhere.json: no such file\n"


def test_a_wrong_value_in_an_inventory_is_named_by_its_path(inventory: Path) -> None:
    document = json.loads(inventory.read_text(encoding="utf-8"))
    document["plan"]["tenants"][0]["users"] = -1
    inventory.write_text(json.dumps(document), encoding="utf-8")
    said = _allocate("--inventory", str(inventory))
    assert (said.exit_code, said.stdout) == (Exit.CONFIGURATION, "")
    assert said.stderr == f"{inventory}: plan.tenants.0.users: expected a number above 0, found '-1'\n"


def test_several_stacks_have_the_statement_of_one(inventory: Path, tmp_path: Path) -> None:
    """To the last unit: with shares of pools that all stacks' tenants have."""
    whole = _allocate("--inventory", str(inventory), "--period", "2026-11", "-o", "json")
    folder = tmp_path / "stacks"
    folder.mkdir()
    for each in inventories(STORED):
        assert each.one_of is not None
        (folder / f"{each.one_of.stack}.json").write_text(each.model_dump_json(), encoding="utf-8")
    several = _allocate("--inventory", str(folder), "--period", "2026-11", "-o", "json")
    assert (several.exit_code, several.stderr) == (Exit.OK, "")
    assert several.stdout == whole.stdout
    alone = _allocate("--inventory", str(folder / "cell-1.json"), "--period", "2026-11")
    assert (alone.exit_code, alone.stdout) == (Exit.CONFIGURATION, "")
    assert "is 'cell-1' of portfolio local, one of several stacks" in alone.stderr
    (folder / "cell-2.json").unlink()
    missing = _allocate("--inventory", str(folder), "--period", "2026-11")
    assert (missing.exit_code, missing.stdout) == (Exit.CONFIGURATION, "")
    assert "inventory of stack 'cell-2' is missing, which has borealis, borealis-migration" in missing.stderr

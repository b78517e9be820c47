from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from allocation.charges import ChargePeriod
from allocation.preview.cost_estimate import Conditions, cost_estimate
from cli.console.exit_codes import Exit
from cli.main import app
from tests.portfolios import LOCAL, ROOT, local_plan
from tiers.inventory import exported

RUNNER = CliRunner()
HERE = ("--portfolio", str(LOCAL))


def run(*arguments: str) -> Any:
    return RUNNER.invoke(app, ["expire", *arguments])


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(exported(local_plan(), {})), encoding="utf-8")
    return path


def test_what_is_past_its_end_is_listed_with_what_it_still_costs() -> None:
    result = run(*HERE, "--as-of", "2027-02-01")
    assert result.exit_code == Exit.OK, result.output
    (row,) = [line for line in result.stdout.splitlines() if "borealis-migration" in line]
    assert "expired" in row
    assert "its end was 2027-01-31 00:00 UTC" in row
    assert "95.02 USD" in row
    assert "1 due, still costing 95.02 USD a month" in result.stdout
    assert "nothing was deleted" in result.stdout
    assert "cobalt" not in result.stdout


def test_the_cost_is_that_of_the_statement(inventory: Path) -> None:
    result = run("--inventory", str(inventory), "--as-of", "2027-02-01", "-o", "json")
    (document,) = json.loads(result.stdout)
    month = Conditions.of_month(ChargePeriod.month("2027-02"), "USD", {"us-east-1"})
    units = cost_estimate(local_plan(), month).lines["borealis-migration"].total
    assert (document["state"], document["due"], document["where"]) == ("expired", True, str(inventory))
    assert document["when"] == "2027-01-31T00:00:00+00:00"
    assert round(float(document["cost_per_month"]), 2) == round(units / 10**10, 2) == 95.02


def test_what_is_due_is_a_file_for_a_spreadsheet() -> None:
    due = (*HERE, "--as-of", "2027-02-01")
    (row,) = csv.DictReader(io.StringIO(run(*due, "-o", "csv").stdout))
    (document,) = json.loads(run(*due, "-o", "json").stdout)
    assert row == {name: str(value) for name, value in document.items()}
    assert run(*HERE, "--as-of", "2026-12-01", "-o", "csv").stdout == ",".join(document) + "\n"


def test_nothing_to_say_is_said() -> None:
    result = run(*HERE, "--as-of", "2026-12-01", "--fail-when-due")
    assert result.exit_code == Exit.OK
    assert result.stdout == "no environment is past its end date, ends soon, or lacks a date it needs\n"
    assert run(*HERE, "--as-of", "2026-12-01", "-o", "json").stdout == "[]\n"


def test_commands_are_printed_and_nothing_else() -> None:
    here = (*HERE, "--cwd", str(ROOT))
    result = run(*here, "--as-of", "2027-02-01", "--print-commands")
    assert result.exit_code == Exit.OK
    assert (
        result.stdout
        == f"costack decommission borealis-migration --stack local --portfolio {LOCAL} --cwd {ROOT}\n"
    )
    assert run(*here, "--as-of", "2027-01-30", "--print-commands").stdout == ""


def test_a_pipeline_can_fail_when_something_is_due() -> None:
    result = run(*HERE, "--as-of", "2027-02-01", "--fail-when-due")
    assert result.exit_code == Exit.POLICY
    assert result.stderr == "due: borealis-migration\n"
    soon = run(*HERE, "--as-of", "2027-01-20", "--fail-when-due")
    assert soon.exit_code == Exit.OK
    assert "soon" in soon.stdout


def test_days_of_grace_after_the_cutover() -> None:
    assert run(*HERE, "--as-of", "2027-01-20", "--grace-days", "5", "--fail-when-due").exit_code == Exit.OK
    over = run(*HERE, "--as-of", "2027-01-20", "--grace-days", "4", "--fail-when-due")
    assert over.exit_code == Exit.POLICY
    assert "cut over" in over.stdout


def test_several_places_at_once(inventory: Path) -> None:
    result = run(*HERE, "--inventory", str(inventory), "--as-of", "2027-02-01", "-o", "json")
    assert {each["where"] for each in json.loads(result.stdout)} == {str(LOCAL), str(inventory)}


def test_what_two_places_have_is_counted_once(inventory: Path) -> None:
    places = (*HERE, "--inventory", str(inventory), "--as-of", "2027-02-01")
    assert "1 due, still costing 95.02 USD a month" in run(*places).stdout
    refused = run(*places, "--fail-when-due")
    assert refused.stderr.count("borealis-migration") == 1


def test_without_a_place_all_portfolios_are_looked_at(tmp_path: Path) -> None:
    result = run("--as-of", "2027-02-01", "--cwd", str(ROOT), "--print-commands")
    assert "costack decommission borealis-migration --stack local --portfolio" in result.stdout
    empty = run("--cwd", str(tmp_path))
    assert empty.exit_code == Exit.CONFIGURATION
    assert "holds no portfolio; name one with --portfolio" in empty.stderr


def test_now_is_what_counts_without_a_day() -> None:
    """The committed sandbox ends on 2027-01-31, and the test does not."""
    due = datetime.now(UTC) >= datetime(2027, 1, 31, tzinfo=UTC)
    assert run(*HERE, "--fail-when-due").exit_code == (Exit.POLICY if due else Exit.OK)


@pytest.mark.parametrize("arguments", [["--as-of", "soon"], ["--grace-days", "-1"], ["-o", "yaml"]])
def test_what_is_no_option(arguments: list[str]) -> None:
    assert run(*HERE, *arguments).exit_code == Exit.CONFIGURATION

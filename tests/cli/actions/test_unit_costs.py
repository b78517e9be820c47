from __future__ import annotations

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from cli.console.exit_codes import Exit
from cli.main import app
from tests.portfolios import LOCAL

RUNNER = CliRunner()
COMMAND = ("unit-costs", "--portfolio", str(LOCAL), "--period", "2026-11", "--tier")


def test_the_curve_is_a_table_with_what_grew_under_it() -> None:
    result = RUNNER.invoke(app, [*COMMAND, "shared-namespace", "--more", "0,20"])
    assert result.exit_code == Exit.OK
    assert "one more costs" in result.stdout
    assert "with 20 more: pods need 1 more nodes of general" in result.stdout


def test_the_curve_is_data() -> None:
    result = RUNNER.invoke(app, [*COMMAND, "shared-namespace", "--more", "5,0", "-o", "json"])
    points = json.loads(result.stdout)
    assert [point["more"] for point in points] == [0, 5]
    assert points[0]["marginal"] is None


def test_the_curve_is_a_file_for_a_spreadsheet() -> None:
    arguments = (*COMMAND, "shared-namespace", "--more", "0,20")
    rows = list(csv.DictReader(io.StringIO(RUNNER.invoke(app, [*arguments, "-o", "csv"]).stdout)))
    points = json.loads(RUNNER.invoke(app, [*arguments, "-o", "json"]).stdout)
    assert [(row["more"], row["bill"], row["marginal"]) for row in rows] == [
        (str(point["more"]), point["bill"], point["marginal"] or "") for point in points
    ]
    assert rows[1]["grown"].startswith("pods need 1 more nodes of general")


@pytest.mark.parametrize("more", ["", "1,,2", "-1", "1.5", "100001", "٣"])
def test_numbers_are_numbers(more: str) -> None:
    result = RUNNER.invoke(app, [*COMMAND, "shared-namespace", "--more", more])
    assert result.exit_code == Exit.CONFIGURATION
    assert "expected numbers such as 0,10,50,100" in result.stderr


def test_an_unknown_tier_is_reported() -> None:
    result = RUNNER.invoke(app, [*COMMAND, "gold"])
    assert result.exit_code == Exit.CONFIGURATION
    assert result.stderr.startswith("tier 'gold' is not sold for production; there are ")

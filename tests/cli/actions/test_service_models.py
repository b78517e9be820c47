"""Three models and three scenarios: on the page, as data, and worked out again from the statement."""

from __future__ import annotations

import csv
import io
import json
import re
from decimal import Decimal
from typing import Any, Final

from typer.testing import CliRunner

from allocation.report.statement.document import document
from cli.console.exit_codes import Exit
from cli.main import app
from docs.generator.services import MONTH, PORTFOLIO, estimated
from tests.portfolios import ROOT

SCENARIOS: Final = {
    "small firm on shared SaaS": ["acme", "borealis"],
    "mid-market client with a database of its own": ["cobalt"],
    "enterprise client with high availability or recovery in a second region": ["halcyon", "meridian"],
}
COMMAND: Final = ("unit-costs", "--portfolio", str(ROOT / PORTFOLIO), "--period", MONTH)
CENT: Final = Decimal("0.01")


def stated() -> dict[str, Any]:
    """Each tenant's row of the estimate, as it would be filed."""
    estimate, _ = estimated(ROOT)
    return {line["tenant"]: line for line in document(estimate.statement)["tenants"]}


def exact(names: list[str]) -> dict[str, Decimal]:
    """What tenants cost and pay together."""
    lines = [stated()[name] for name in names]
    direct = sum((Decimal(line["direct"]) for line in lines), Decimal(0))
    pooled = sum((Decimal(share) for line in lines for share in line["pooled"].values()), Decimal(0))
    fee = sum((Decimal(line["fee"]) for line in lines), Decimal(0))
    cost = direct + pooled
    return {"direct": direct, "pooled": pooled, "cost": cost, "fee": fee, "margin": fee - cost}


def printed(output: str) -> str:
    result = CliRunner().invoke(app, [*COMMAND, "--output", output])
    assert result.exit_code == Exit.OK, result.output
    return result.stdout


def test_every_row_is_the_sum_of_its_tenants() -> None:
    tables = json.loads(printed("json"))
    for name, tenants in SCENARIOS.items():
        (row,) = (each for each in tables["scenarios"] if each["name"] == name)
        assert row["tenants"] == tenants
        assert {key: Decimal(row[key]) for key in exact(tenants)} == exact(tenants)
        assert row["promises"]
    direct, pooled, whole = tables["models"]
    assert sorted(direct["tenants"] + pooled["tenants"]) == whole["tenants"] == sorted(stated())
    for key, amount in exact(whole["tenants"]).items():
        assert Decimal(direct[key]) + Decimal(pooled[key]) == Decimal(whole[key]) == amount
    assert direct["tenants"] == SCENARIOS[list(SCENARIOS)[2]]  # people's work makes no tenant a direct one


def test_the_figures_of_the_page_are_those_and_add_up_in_cents() -> None:
    page = (ROOT / "docs" / "services.md").read_text(encoding="utf-8")
    rows = {
        cells[0]: [Decimal(cell.replace(",", "")) for cell in cells[2:7]]
        for cells in (
            re.split(r" *\| *", line)[1:-1] for line in page.splitlines() if re.search(r"\d % \|", line)
        )
    }
    assert len(rows) == 6
    for name, tenants in SCENARIOS.items():
        for shown, amount in zip(rows[name], exact(tenants).values(), strict=True):
            assert abs(shown - amount) <= CENT * len(tenants) * 2
    direct, pooled, whole = (rows[name] for name in list(rows)[:3])
    assert [a + b for a, b in zip(direct, pooled, strict=True)] == whole
    for cells in rows.values():
        assert (cells[0] + cells[1], cells[3] - cells[2]) == (cells[2], cells[4])
    # What two tables have alike is one figure.
    assert direct == rows["enterprise client with high availability or recovery in a second region"]


def test_a_table_and_a_spreadsheet_have_every_row() -> None:
    text = printed("table")
    assert all(name in text for name in ("direct attribution", "pooled allocation", "value-based tiering"))
    assert "mission-critical: at most 5 minutes of work lost" in text
    rows = list(csv.DictReader(io.StringIO(printed("csv"))))
    assert [row["table"] for row in rows] == ["models"] * 3 + ["scenarios"] * 3

"""Whole months, from a firm's files to the statement finance reads. A change of a statement is a review.

`make goldens` writes them anew; the difference is then read by whoever signs the rulebook.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.actions.costs.allocate import Request, print_allocation
from tests.portfolios import ROOT, plan_of, tenant
from tiers.inventory import exported
from tiers.vocabulary import Environment

GOLDEN = ROOT / "tests" / "golden"
AFTERWARDS = datetime(2026, 12, 3, tzinfo=UTC)
SCENARIOS = (
    "small-firm-shared",
    "mid-market-hybrid",
    "enterprise-dedicated",
    "idle-cluster",
    "untagged-charge",
    "credit-and-refund",
    "mid-month-move",
    "month-restated",
)


def request(scenario: str, bill: str = "bill.csv", **changes: object) -> Request:
    """What allocates a scenario's files."""
    folder = GOLDEN / scenario
    inventories = [str(folder / "inventory.json")]
    for later in sorted(folder.glob("inventory.*.json")):
        day = later.name.removeprefix("inventory.").removesuffix(".json")
        inventories.append(f"{day}={later}")
    values: dict[str, object] = {
        "stack": None,
        "inventories": tuple(inventories),
        "period": "2026-11",
        "bills": (folder / bill,),
        "usage": (folder / "usage.csv",),
        "out": None,
        "focus": (),
        "focus_csv": False,
        "history": None,
        "close": False,
        "restate": None,
        "rulebook": None,
        "cwd": Path(),
        "output": "table",
    }
    return Request(**(values | changes))  # type: ignore[arg-type]


def reported(capsys: pytest.CaptureFixture[str], wanted: Request) -> str:
    """What is printed, and below it what is said to stderr."""
    print_allocation(wanted, AFTERWARDS)
    printed = capsys.readouterr()
    lines = [line.rstrip() for line in printed.out.splitlines()]
    return "\n".join([*lines, "", *printed.err.splitlines(), ""])


@pytest.mark.sample(5)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_statement_is_the_committed_one(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = reported(capsys, request(scenario))
    assert ", difference 0" in text
    _compare(GOLDEN / scenario / "statement.txt", text)


def test_an_estimate_of_one_client_in_every_environment(capsys: pytest.CaptureFixture[str]) -> None:
    """A portfolio that is deployed, with a sandbox of each kind beside production, and no bill yet."""
    text = reported(capsys, request("every-environment", bills=(), usage=()))
    assert ", difference 0" in text
    _compare(GOLDEN / "every-environment" / "statement.txt", text)


def test_the_estimated_portfolio_is_what_the_catalog_sells() -> None:
    ends = {"expires_at": "2027-01-31T00:00:00Z", "cutover": "2027-01-15"}
    tenants = [
        tenant(
            "acme" if environment is Environment.PRODUCTION else f"acme-{environment}",
            client="acme-consulting",
            environment=environment,
            hostname=f"{environment}.acme.odoo.example.com",
            **(ends if environment is Environment.MIGRATION else {}),
        )
        for environment in Environment
    ]
    inventory = GOLDEN / "every-environment" / "inventory.json"
    _compare(inventory, json.dumps(exported(plan_of(*tenants), {}), indent=1) + "\n")


def test_a_restatement_is_its_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario, history = "month-restated", tmp_path / "history"
    first = reported(capsys, request(scenario, history=history, close=True))
    assert "state: closed" in first
    again = reported(
        capsys,
        request(scenario, "bill.restated.csv", history=history, restate="a late correction of AWS"),
    )
    assert "state: restated" in again
    _compare(GOLDEN / scenario / "statement.restated.txt", again)
    (delta,) = (history / "2026-11").glob("delta-*.json")
    _compare(GOLDEN / scenario / "delta.json", delta.read_text(encoding="utf-8"))


def test_every_scenario_has_its_files() -> None:
    assert {path.parent.name for path in GOLDEN.glob("*/bill.csv")} == set(SCENARIOS)


def test_december_has_lines_of_security_support_and_availability(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What rulebook 2026-12 makes of a bill in FOCUS and of hours; `categories.txt` is each tenant's cost."""
    folder, out = GOLDEN / "security-and-availability", tmp_path / "run"
    wanted = request(
        folder.name,
        "bill.focus.csv",
        period="2026-12",
        usage=(),
        labour=folder / "labour.csv",
        out=out,
    )
    print_allocation(wanted, datetime(2027, 1, 3, tzinfo=UTC))
    printed = capsys.readouterr()
    text = "\n".join([*(line.rstrip() for line in (printed.out + printed.err).splitlines()), ""])
    assert ", difference 0" in text
    _compare(folder / "statement.txt", text)
    stated = json.loads((out / "statement.json").read_text(encoding="utf-8"))
    lines = [
        f"{line['tenant']} {category} {amount}"
        for line in stated["tenants"]
        for category, amount in sorted(line["by_category"].items())
    ]
    _compare(folder / "categories.txt", "\n".join([*lines, ""]))


def _compare(path: Path, text: str) -> None:
    if os.environ.get("UPDATE_GOLDENS"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text

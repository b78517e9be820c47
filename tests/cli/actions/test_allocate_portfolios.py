"""`costack allocate --bill` with what a bill says of tags, accounts and portfolios."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from typer.testing import CliRunner

from allocation.engine.rulebook import DIRECTORY
from cli.console.exit_codes import Exit
from cli.main import app
from tests.allocation.billed.test_portfolios import ACCOUNT, ELSEWHERE, OURS, RDS, THEIRS, arn
from tiers.inventory import Inventory

FIELDS = (
    "BilledCost", "BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "ServiceName",
    "SubAccountId", "ResourceId", "Tags",
)  # fmt: skip


def bill(folder: Path, *rows: dict[str, str], without: str = "") -> Path:
    """A FOCUS bill of a month."""
    usual = {
        "BillingCurrency": "USD",
        "ChargePeriodStart": "2026-11-01T00:00:00Z",
        "ChargePeriodEnd": "2026-12-01T00:00:00Z",
        "ChargeCategory": "Usage",
        "ServiceName": RDS,
        "SubAccountId": ACCOUNT,
    }
    path = folder / "focus.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [name for name in FIELDS if name != without], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(usual | row for row in rows)
    return path


def given(folder: Path, *inventories: Inventory) -> list[str]:
    options = []
    for each in inventories:
        path = folder / f"{each.plan.portfolio}.json"
        path.write_text(each.model_dump_json(), encoding="utf-8")
        options += ["--inventory", str(path)]
    return options


def allocated(folder: Path, path: Path, *options: object) -> tuple[Any, dict[str, Any]]:
    """What was said, and the manifest of the run."""
    out = folder / "run"
    arguments = ["allocate", "--bill", path, "--period", "2026-11", "--out", out, *options]
    said = CliRunner().invoke(app, [str(each) for each in arguments])
    manifest = out / "manifest.json"
    return said, json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else {}


def with_rules(folder: Path, **changes: Any) -> list[str]:
    """The rulebook of costack with *changes*."""
    book = yaml.safe_load((DIRECTORY / "2026-11.yaml").read_text(encoding="utf-8")) | changes
    rules = folder / "rules"
    rules.mkdir()
    (rules / "book.yaml").write_text(yaml.safe_dump(book, sort_keys=False), encoding="utf-8")
    return ["--rulebook", str(rules)]


@pytest.mark.whole("tests/allocation/adapters/bill/test_tags has bills without tags")
def test_a_bill_without_a_column_of_tags_says_so(tmp_path: Path) -> None:
    path = bill(tmp_path, {"BilledCost": "18", "ResourceId": arn("local")}, without="Tags")
    said, manifest = allocated(tmp_path, path, *given(tmp_path, OURS))
    assert said.exit_code == Exit.OK, said.output
    assert (
        "no column of tags in focus.csv: charges there are known by resource and service only" in said.output
    )
    coverage = manifest["readiness"][0]
    assert (coverage["found"], coverage["passed"]) == ("the bill has no column of tags", False)


def test_rows_with_completed_tags_are_counted(tmp_path: Path) -> None:
    rows = [
        {"BilledCost": "1", "Tags": json.dumps({"cost/tenant": name})} for name in ("ACME", "acme ", "ghost")
    ]
    said, manifest = allocated(tmp_path, bill(tmp_path, *rows), *given(tmp_path, OURS))
    assert manifest["attribution"]["completed_tags"] == 2
    assert manifest["readiness"][0]["found"] == "66.6667 (2 rows with completed tags)"
    assert "no column of tags" not in said.output


@pytest.mark.whole("tests/allocation/engine/test_virtual_tags counts it")
def test_virtual_tags_say_what_they_caught(tmp_path: Path) -> None:
    tags = [
        {
            "tag": "reports",
            "when": {"resources": ["*:db:reports-*"]},
            "tenant": "acme",
            "since": "2026-11-01",
        },
        {"tag": "attic", "when": {"accounts": [ELSEWHERE]}, "pool": "platform"},
    ]
    path = bill(tmp_path, {"BilledCost": "12.5", "ResourceId": arn("reports-1")}, {"BilledCost": "1"})
    said, manifest = allocated(
        tmp_path, path, *given(tmp_path, OURS), *with_rules(tmp_path, virtual_tags=tags)
    )
    assert said.exit_code == Exit.OK, said.output
    assert manifest["attribution"]["virtual_tags"] == {
        "reports": {"rows": 1, "cost": "12.50"},
        "attic": {"rows": 0, "cost": "0.00"},
    }
    assert "virtual tags that caught no row: attic" in said.output
    told = CliRunner().invoke(app, ["explain", "acme", "--run", str(tmp_path / "run"), "-o", "json"])
    assert sum(Decimal(part["amount"]) for part in json.loads(told.stdout)["direct"]) == Decimal("12.5")


@pytest.mark.whole("tests/allocation/engine/test_cost_bases names them")
def test_who_takes_no_part_of_what_is_shared_by_cost_is_named(tmp_path: Path) -> None:
    book = yaml.safe_load((DIRECTORY / "2026-11.yaml").read_text(encoding="utf-8"))
    tax = {
        "pool": "tax",
        "domain": "shared-platform",
        "driver": {"cost": ["direct"]},
        "members": {"mixes_environments_because": "tax is due on everything"},
    }
    rules = [{"rule": "vat", "when": {"charge_categories": ["Tax"]}, "pool": "tax"}, *book["rules"]]
    rows = [
        {"BilledCost": "-5", "ChargeCategory": "Credit", "Tags": '{"cost/tenant": "acme"}'},
        {"BilledCost": "10", "Tags": '{"cost/tenant": "borealis"}'},
        {"BilledCost": "4", "ChargeCategory": "Tax", "ServiceName": "Tax"},
    ]
    changed = with_rules(
        tmp_path, rules=[each for each in rules if each["rule"] != "tax"], pools=[*book["pools"], tax]
    )
    said, _ = allocated(tmp_path, bill(tmp_path, *rows), *given(tmp_path, OURS), *changed)
    assert said.exit_code == Exit.OK, said.output
    assert "shared in proportion to cost, of which acme has less than 0 and takes no part" in said.output
    paid = json.loads((tmp_path / "run" / "statement.json").read_text(encoding="utf-8"))
    assert {line["tenant"]: line["total"] for line in paid["tenants"]} == {
        "acme": "-5.00",
        "borealis": "14.00",
    }


@pytest.mark.whole("tests/allocation/billed/test_portfolios sets it apart")
def test_another_portfolios_money_fails_no_gate_of_ours(tmp_path: Path) -> None:
    rows = [
        {"BilledCost": "100", "ResourceId": arn("local"), "Tags": '{"cost/domain": "shared-platform"}'},
        {"BilledCost": "1500", "Tags": '{"cost/portfolio": "theirs"}'},
    ]
    said, manifest = allocated(tmp_path, bill(tmp_path, *rows), *given(tmp_path, OURS))
    gates = {gate["gate"].split(" (")[0]: gate["found"] for gate in manifest["readiness"]}
    assert gates["tag coverage"] == "100.0000 (1 row with completed tags)"
    assert gates["unallocated"] == "0.0000"
    assert "unallocated 1500.00: another-portfolio: tagged with portfolio 'theirs'" in said.output


def test_one_run_takes_many_portfolios(tmp_path: Path) -> None:
    """Without usage all is declared; each pays for its own server, and the tax is nobody's by the rules."""
    rows = [
        {"BilledCost": "30", "ResourceId": arn("local")},
        {"BilledCost": "20", "ResourceId": arn("theirs", ELSEWHERE), "SubAccountId": ELSEWHERE},
        {"BilledCost": "7", "SubAccountId": "", "ChargeCategory": "Tax", "ServiceName": "Tax"},
        {"BilledCost": "5", "Tags": '{"cost/tenant": "delta"}'},
    ]
    both = given(tmp_path, OURS, THEIRS)
    said, manifest = allocated(tmp_path, bill(tmp_path, *rows), *both, "--focus", "1.3")
    assert said.exit_code == Exit.OK, said.output
    assert manifest["portfolios"] == {"charged": {"local": "30.00", "theirs": "25.00"}, "apart": "7.00"}
    for line in ("portfolio local: 30.00 USD", "portfolio theirs: 25.00 USD", "of no portfolio: 7.00 USD"):
        assert line in said.output
    run = tmp_path / "run"
    theirs = json.loads((run / "statement.theirs.json").read_text(encoding="utf-8"))
    assert {line["tenant"]: line["total"] for line in theirs["tenants"]} == {
        "cobalt": "10.00",
        "delta": "15.00",
    }
    assert (theirs["portfolio"], theirs["totals"]["charged"]) == ("theirs", "25.00")
    over_all = json.loads((run / "statement.json").read_text(encoding="utf-8"))
    assert (over_all["portfolio"], over_all["totals"]["charged"]) == ("local, theirs", "62.00")
    assert (run / "statement.local.csv").is_file()
    (focus,) = run.rglob("focus-1.3.parquet")
    tagged = duckdb.execute(
        """SELECT json_extract_string(COALESCE("AllocatedTags", "Tags"), '$."cost/portfolio"'),
            SUM("BilledCost")
        FROM read_parquet(?) WHERE "x_Tenant" IS NOT NULL GROUP BY 1 ORDER BY 1""",
        [str(focus)],
    ).fetchall()
    assert tagged == [("local", Decimal(30)), ("theirs", Decimal(25))]


@pytest.mark.parametrize("option", ["--history"])
def test_what_belongs_to_one_portfolio_is_refused_for_several(tmp_path: Path, option: str) -> None:
    path = bill(tmp_path, {"BilledCost": "1"})
    said, _ = allocated(tmp_path, path, *given(tmp_path, OURS, THEIRS), option, tmp_path / "history")
    assert said.exit_code == Exit.CONFIGURATION
    assert (
        f"{option}: belongs to one portfolio, and the inventories are those of local, theirs" in said.output
    )

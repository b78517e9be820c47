"""A bill of a platform that runs our exporters: what they measured of a month divides all of its shared cost.

The usage is what `costack usage prometheus` wrote of two tenants' exporters for December 2026
(tests/lifecycle/test_default_drivers.py with COSTACK_EVERY_DAY, which also holds it to its rows).
"""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from allocation.adapters.usage.rows import days_of
from allocation.charges import ChargePeriod
from allocation.engine.drivers import Driver
from allocation.engine.rulebook import rulebooks
from cli.console.exit_codes import Exit
from tests.allocation.bills import row, whole, written
from tests.cli.reporting import costack
from tests.portfolios import ROOT, measured, plan_of, tenant
from tiers.inventory import exported

USAGE: Final = ROOT / "tests" / "allocation" / "adapters" / "usage" / "recorded" / "usage-2026-12.csv"
MONTH: Final = "2026-12"
SHARED: Final = {
    "nodes": "Amazon Elastic Compute Cloud",
    "postgresql": "Amazon Relational Database Service",
    "sessions": "Amazon ElastiCache",
    "filestores": "Amazon Elastic File System",
    "backups": "Amazon Simple Storage Service",
    "file-backups": "AWS Backup",
    "security": "Amazon GuardDuty",
    "platform": "Amazon Elastic Kubernetes Service",
}
"""What of each pool of the default rulebook is billed."""
PLATFORM: Final = {
    "cost/domain": "shared-platform",
    "cost/lifecycle-stage": "active",
    "cost/region": "us-east-1",
    "cost/service-line": "odoo-hosting",
}
COVERAGE: Final = "driver coverage (percent of pooled cost that is divided by measured use)"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bill with a charge of every pool each day, and the inventory of the platform with its parts."""
    folder = tmp_path_factory.mktemp("measured")
    rows = []
    for day in days_of(ChargePeriod.month(MONTH)):
        charge = (f"{day.start:%Y-%m-%dT00:00:00Z}", f"{day.start + timedelta(days=1):%Y-%m-%dT00:00:00Z}")
        for number, service in enumerate(SHARED.values(), start=1):
            rows.append(
                row(f"{number}.10", charge, whole(MONTH), ServiceName=service, Tags=json.dumps(PLATFORM))
            )
    written(folder / "bill.csv", rows)
    plan = plan_of(tenant("acme"), tenant("borealis"), platform=measured())
    (folder / "inventory.json").write_text(json.dumps(exported(plan, {})), encoding="utf-8")
    return folder


def allocated(files: Path, usage: Path, run: Path) -> Any:
    inventory = ("--inventory", files / "inventory.json", "--period", MONTH, "--usage", usage)
    done = costack("allocate", "--bill", files / "bill.csv", *inventory, "--out", run)
    assert done.exit_code == Exit.OK, done.output
    made = costack("report", *inventory, "--run", run, "--out", run / "pages")
    assert made.exit_code == Exit.OK, made.output
    return json.loads((run / "statement.json").read_text(encoding="utf-8"))


def readiness(run: Path) -> dict[str, list[str]]:
    """The gates on the page of finance."""
    page = json.loads((run / "pages" / "finance.json").read_text(encoding="utf-8"))
    rows = next(each["rows"] for each in page["tables"] if each["name"] == "readiness")
    return {name: said for name, *said in rows}


def test_every_driver_of_the_default_rulebook_is_measured_and_covers_all_shared_cost(
    files: Path, tmp_path: Path
) -> None:
    statement = allocated(files, USAGE, tmp_path / "run")
    book = rulebooks()["2026-12.yaml"]
    assert {pool.pool for pool in book.pools} == {*SHARED, "second-region", "support", "unused-commitments"}
    wanted = {str(driver) for pool in book.pools for driver in pool.driver.measures}
    # Who may fail over, and how many they are, only the plan knows; tickets are a file of hours.
    declared = {Driver.FAILOVER_USERS: "declared", Driver.SUPPORT_HOURS: "declared"}
    assert statement["drivers"] == dict.fromkeys(sorted(wanted), "measured") | declared
    gates = readiness(tmp_path / "run")
    assert gates[COVERAGE][0] == "100.0000"
    assert gates["driver freshness (days without use)"][0] == "0"
    assert {passes for *_, passes in gates.values()} == {"yes"}
    assert Decimal(statement["totals"]["unallocated"]) == 0
    assert {each["tenant"] for each in statement["tenants"]} == {"acme", "borealis"}
    assert all(Decimal(each["total"]) > 0 for each in statement["tenants"])


@pytest.mark.whole("tests/allocation/billed/test_readiness counts what no driver covers")
def test_without_one_driver_it_is_less_and_says_so(files: Path, tmp_path: Path) -> None:
    """What the first test finds is no constant: the shared database's cost is divided by what is declared."""
    lines = USAGE.read_text(encoding="utf-8").splitlines(keepends=True)
    less = tmp_path / "usage.csv"
    less.write_text("".join(line for line in lines if ",database-gib," not in line), encoding="utf-8")
    statement = allocated(files, less, tmp_path / "run")
    assert statement["drivers"]["database-gib"] == "declared"
    assert Decimal(readiness(tmp_path / "run")[COVERAGE][0]) < 100

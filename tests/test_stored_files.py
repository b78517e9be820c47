"""Files that version 0.1 wrote, read by the code of today: no key, word or step changes its name in silence.

The files are kept as they are (`tests/data/stored/README.md`). Whoever changes what a file says keeps a
reader for what it said before, and this test shows that it works.
"""

from __future__ import annotations

import json
import re
import shutil
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pytest

from allocation.errors import AllocationError
from cli.actions.costs.allocate import print_allocation
from cli.console.exit_codes import Exit
from tests.allocation.test_golden import AFTERWARDS, request
from tests.stored import (
    BILLED,
    MONTH,
    STORED,
    USAGE,
    as_json,
    costack,
    differences,
    rows,
    shape,
    stored,
    words,
)

# What no rule of that rulebook claimed, 7.77 + 12.34 + 3, stays unallocated; no rule of today is asked.
FOCUS_TOTALS = {"charged": "137.87", "direct": "1.06", "unallocated": "23.11"}


# A billed month.


@pytest.fixture(scope="module")
def rerun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stored month, allocated again."""
    out = tmp_path_factory.mktemp("stored") / "run"
    costack("allocate", "--bill", MONTH / "bill.csv", *USAGE, *BILLED, "--out", out)
    return out


@pytest.mark.sample(2)
@pytest.mark.parametrize("name", ["statement.json", "items.json", "manifest.json"])
def test_a_run_writes_what_it_wrote(rerun: Path, name: str) -> None:
    before = stored(f"month/run/{name}")
    if name == "manifest.json":  # hashes of rulebooks that came later, and what is made of them; the clock
        assert {before.pop("state"), "closed"} == {"open", "closed"}
        before.pop("run_id")
        before["rulebooks"] = {}
    assert list(differences(before, json.loads((rerun / name).read_text(encoding="utf-8")))) == []


def test_a_runs_table_is_what_it_was(rerun: Path) -> None:
    """The same rows and columns; since cents are settled, amounts are those of the pages."""
    made, written = rows(rerun / "statement.csv"), rows(MONTH / "run" / "statement.csv")
    assert [list(row) for row in made] == [list(row) for row in written]
    for row, before in zip(made, written, strict=True):
        assert [name for name, text in row.items() if not _is_near(text, before[name])] == []


def _is_near(text: str, exact: str) -> bool:
    """Whether both are the same words, or amounts less than two cents apart."""
    try:
        return abs(Decimal(text) - Decimal(exact)) < Decimal("0.02")
    except InvalidOperation:
        return text == exact


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("explain", ()),
        ("explain-charge", ("--charge", "line-3")),
        ("explain-origin", ("--origin", "1")),
    ],
)
def test_a_stored_run_is_explained(name: str, options: tuple[str, ...]) -> None:
    told = as_json("explain", "acme", "--run", MONTH / "run", *options)
    assert list(differences(stored(f"outputs/{name}.json"), told)) == []


# Reports.


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the stored run, made again with what was signed."""
    folder = tmp_path_factory.mktemp("stored")
    signed = ("--sign-off", MONTH / "report" / "quarterly.sign-off.yaml")
    run = ("--run", MONTH / "run", *USAGE, *BILLED)
    evidence = ("--evidence", STORED / "lifecycle" / "restore-test.evidence.jsonl")
    costack("report", *run, *signed, *evidence, "--out", folder / "out", "--previews", "0", "-C", folder)
    return folder / "out"


@pytest.mark.parametrize("name", ["statement.json", "items.json", "manifest.json"])
def test_a_report_of_a_stored_run_keeps_its_documents(report: Path, name: str) -> None:
    made = json.loads((report / name).read_text(encoding="utf-8"))
    assert list(differences(stored(f"month/report/{name}"), made)) == []


def test_metrics_are_called_what_dashboards_and_alerts_know(report: Path) -> None:
    written, made = (
        [
            line.rpartition(" ")
            for line in (folder / "tenant_cost.prom").read_text(encoding="utf-8").splitlines()
            if not line.startswith("# HELP")
        ]
        for folder in (MONTH / "report", report)
    )
    values = {name: value for name, _, value in made}
    assert [name for name, _, value in written if not _is_near(values.get(name, "missing"), value)] == []


def test_what_was_signed_is_still_signed(report: Path) -> None:
    page = (report / "quarterly.json").read_text(encoding="utf-8")
    assert "two nodes fewer from January on" in page
    assert "head of finance" in page
    again = (report / "quarterly.sign-off.yaml").read_text(encoding="utf-8")
    assert again == (MONTH / "report" / "quarterly.sign-off.yaml").read_text(encoding="utf-8")


def test_a_restore_that_was_tried_is_shown(report: Path) -> None:
    page = json.loads((report / "engineering.json").read_text(encoding="utf-8"))
    (tried,) = [table["rows"] for table in page["tables"] if table["name"] == "restores"]
    assert tried[0][:2] == ["acme", "2026-11-29"]


# A month that was closed and restated.


def close(bill: str, history: Path, restate: str | None = None) -> None:
    """Allocate the stored month when it is over, and file it."""
    wanted = request(
        "small-firm-shared",
        bills=(MONTH / bill,),
        usage=(MONTH / "usage.csv",),
        inventories=(str(BILLED[1]),),
        history=history,
        restate=restate,
    )
    print_allocation(wanted, AFTERWARDS)


def test_a_restated_month_stays_what_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = shutil.copytree(STORED / "history", tmp_path / "history")
    close("bill.restated.csv", history)
    assert "state: restated" in capsys.readouterr().err
    assert len(list(history.glob("2026-11/*"))) == len(list(STORED.glob("history/2026-11/*")))


@pytest.mark.whole("test_golden restates a month")
def test_a_closed_month_is_restated_by_the_difference(tmp_path: Path) -> None:
    history = shutil.copytree(STORED / "history", tmp_path / "history")
    for path in history.glob("2026-11/*-001.json"):
        path.unlink()
    with pytest.raises(AllocationError, match=r"its cost would change by -10\.00 \(3 figures\)"):
        close("bill.restated.csv", history)
    close("bill.restated.csv", history, "a credit of AWS that came late")
    for path in STORED.glob("history/2026-11/*-001.json"):
        made = json.loads((history / "2026-11" / path.name).read_text(encoding="utf-8"))
        assert list(differences(stored(f"history/2026-11/{path.name}"), made)) == []


@pytest.fixture(scope="module")
def december(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of the month after the filed one, with the same bill."""
    folder = tmp_path_factory.mktemp("stored")
    for name in ("bill.csv", "usage.csv"):
        text = (MONTH / name).read_text(encoding="utf-8")
        later = text.replace("2026-12-01", "2027-01-01").replace("2026-11-", "2026-12-")
        (folder / name).write_text(later, encoding="utf-8")
    files = ("--bill", folder / "bill.csv", "--usage", folder / "usage.csv", BILLED[0], BILLED[1])
    history = ("--history", STORED / "history", "--out", folder / "run")
    costack("allocate", *files, "--period", "2026-12", *history)
    return folder / "run"


def test_what_a_filed_month_left_over_is_carried_on(december: Path) -> None:
    document = json.loads((december / "statement.json").read_text(encoding="utf-8"))
    costs = {line["tenant"]: line["total"] for line in document["tenants"]}
    assert (costs["acme"], costs["borealis"], costs["cygnus"]) == (
        "119.5908783258",
        "176.5779605612",
        "100.2480498921",
    )


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("history", "why"),
    [
        ("filed", ["10.00", "-6.0725529984", "6.0725529984", "0.00", "0.00", "10.00"]),
        ("report", ["-6.0725529985", "6.0725529985", "0.00", "0.00", "0.00"]),
        ("run", ["-6.0725529985", "6.0725529985", "0.00", "0.00", "0.00"]),
    ],
)
def test_a_month_is_compared_with_a_stored_one(
    december: Path, tmp_path: Path, history: str, why: list[str]
) -> None:
    before = {"filed": STORED / "history" / "2026-11"}.get(history, MONTH / history)
    shutil.copytree(before, tmp_path / "history" / "2026-11")
    options = (BILLED[0], BILLED[1], "--period", "2026-12", "--previews", "0", "-C", tmp_path)
    out = tmp_path / "out"
    costack("report", "--run", december, "--history", tmp_path / "history", *options, "--out", out)
    tables = json.loads((out / "index.json").read_text(encoding="utf-8"))["tables"]
    (found,) = [[row[-1] for row in table["rows"]] for table in tables if table["name"] == "why"]
    assert found == why


# What others fill in or hand over: FOCUS, usage, rules, prices, portfolios.


@pytest.fixture(scope="module")
def focus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stored bill of everything odd, written as FOCUS again; nothing of it may be booked."""
    out = tmp_path_factory.mktemp("stored") / "run"
    bill = ("--bill", STORED / "focus" / "bill.csv", "--rulebook", STORED / "rulebook", *USAGE, *BILLED)
    versions = ("--focus", "1.2", "--focus", "1.3", "--focus", "1.4", "--focus-csv")
    costack("allocate", *bill, *versions, "--out", out, code=Exit.POLICY)
    return out / "focus"


@pytest.mark.sample(1)
@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4"])
def test_focus_says_what_it_said_and_is_read_as_a_bill(focus: Path, version: str, tmp_path: Path) -> None:
    before = rows(STORED / "focus" / f"focus-{version}.csv")
    (path,) = focus.rglob(f"focus-{version}.csv")
    now = rows(path)
    for row in (*before, *now):
        row.pop("x_RunId")  # made of the hashes of all that was read
    for row in before:
        if (
            row["x_LineId"] == "stranger"
        ):  # a tenant's tag alone was read as no tag then, and the next rule took it
            row["x_Rule"] = row["x_UnallocatedReason"] = (
                "unknown-tenant: the inventory has no tenant 'nobody'"
            )
    newer = re.compile(r',"cost/portfolio":"local"|"cost/portfolio":"local",')
    for row in now:
        for column in ("Tags", "AllocatedTags", "x_AllocatedTags"):
            if column in row:
                row[column] = newer.sub("", row[column])
    assert list(differences(before, now)) == []
    read = as_json("allocate", "--bill", STORED / "focus" / f"focus-{version}.csv", *USAGE, *BILLED)
    assert list(differences(FOCUS_TOTALS, read["totals"])) == []
    bill = ("--bill", STORED / "focus" / f"focus-{version}.csv", "--rulebook", STORED / "rulebook")
    # What costack wrote is no bill: a statement is made of it, and nobody is charged by it.
    costack("allocate", *bill, *USAGE, *BILLED, "--out", tmp_path / "run", code=Exit.POLICY)
    again, written = (
        json.loads((folder / "statement.json").read_text(encoding="utf-8"))
        for folder in (tmp_path / "run", focus.parent)
    )
    # A tag that names no tenant is a reason of its own since 0.2; the money is the same, as totals show.
    sums = [sum(Decimal(each["amount"]) for each in one.pop("unallocated")) for one in (again, written)]
    assert sums == [Decimal(FOCUS_TOTALS["unallocated"])] * 2
    assert again == written


def test_every_driver_and_every_rule_is_understood() -> None:
    usage = ("--usage", STORED / "usage" / "every-driver.csv")
    rules = ("--rulebook", STORED / "rulebook", *BILLED)
    told = as_json("allocate", "--bill", MONTH / "bill.csv", *usage, *rules)
    costs = {line["tenant"]: line["total"] for line in told["tenants"]}
    assert costs == {"acme": "335.5997981732", "borealis": "537.3550091438", "cygnus": "230.0501926831"}
    assert len(rows(STORED / "usage" / "every-driver.csv")) == 17 * 3 + 3


@pytest.mark.sample(1)
@pytest.mark.parametrize(("name", "taken"), [("every-driver", 54), ("prometheus", 90), ("opencost", 90)])
def test_every_row_of_usage_is_taken(name: str, taken: int, tmp_path: Path) -> None:
    files = ("--bill", MONTH / "bill.csv", "--usage", STORED / "usage" / f"{name}.csv")
    costack("allocate", *files, *BILLED, "--out", tmp_path / "run")
    usage = json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))["usage"]
    assert (usage["taken"], usage["refused"]) == (taken, {})


def test_prices_are_read_with_all_that_is_known_of_them() -> None:
    item = ("AmazonRDS", "db.t4g.medium Multi-AZ", "--region", "us-east-1")
    told = as_json("prices", "explain", *item, "--directory", STORED / "prices")
    assert list(differences(stored("outputs/price.json"), told)) == []


@pytest.fixture
def portfolio(tmp_path: Path) -> Path:
    """The stored portfolio in a folder of its name, as every portfolio is."""
    return Path(shutil.copytree(STORED / "portfolio", tmp_path / "stored"))


def test_a_portfolio_is_valid_and_means_what_it_meant(portfolio: Path) -> None:
    folder = portfolio
    assert ": valid, 5 tenants, " in costack("validate", folder).output
    due = as_json("expire", "--portfolio", folder, "--on", "2027-04-01")
    before = stored("outputs/expire.json")
    for each in (*due, *before):
        each.pop("where")
        each.pop("cost_per_month")
    assert list(differences(before, due)) == []


# Estimates and previews: prices may change, what they say and what it is called may not.


def test_an_estimate_says_what_it_said() -> None:
    before = stored("local/statement.json")
    now = as_json("allocate", "--inventory", STORED / "local" / "inventory.json", "--period", "2026-11")
    assert shape(before) - shape(now) == set()
    assert list(differences(before["pools"], now["pools"])) == []
    terms = ("tenant", "client", "environment", "tier", "fee")
    for old, new in zip(before["tenants"], now["tenants"], strict=True):
        assert {name: old[name] for name in terms} == {name: new[name] for name in terms}
    assert {each["reason"] for each in before["unpriced"]} >= {each["reason"] for each in now["unpriced"]}


def test_a_preview_says_what_it_said(portfolio: Path) -> None:
    folder = portfolio
    taken_out = ("--set", "warm_standby=", "--set", "dr_region=", "--set", "resilience_class=")
    change = ("--tenant", "meridian", "--tier", "ha-postgresql", *taken_out, "--more", "1:shared-namespace")
    options = ("--prices", STORED / "prices", "--margin-floor", "99%", "--period", "2026-11", "-o", "json")
    said = costack(
        "preview", "--base-folder", folder, "--portfolio", folder, *change, *options, code=Exit.POLICY
    )
    before, now = stored("outputs/preview.json"), json.loads(said.stdout)
    # What has no price yet may have one by now.
    assert {key for key in shape(before) - shape(now) if not key.startswith(".unpriced.before[]")} == set()
    for key in ("kind", "environment", "category", "known_by"):
        assert words(before, key) <= words(now, key)


def test_every_line_of_a_fact_can_still_be_said(portfolio: Path) -> None:
    sides = ("--inventory", STORED / "local" / "inventory.json", "--portfolio", portfolio)
    usage = ("--usage", STORED / "usage" / "quantities.yaml", "--period", "2026-11")
    said = costack("preview", *sides, *usage, code=Exit.POLICY)  # 31 hours of support are dear
    assert "acme: costs " in said.stderr
    assert "more than its budget_per_month of 900" in said.stderr

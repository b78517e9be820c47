from __future__ import annotations

import csv
import hashlib
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from typer.testing import CliRunner

from allocation.billed.state import MonthState, state_of
from allocation.charges import ChargePeriod
from allocation.engine.rulebook import DIRECTORY
from allocation.money import units_of
from cli.console.exit_codes import Exit
from cli.main import app
from tests.allocation.adapters.bill.written import bill as written_bill
from tests.allocation.adapters.deliveries.delivered import azure_run, focus
from tests.allocation.test_golden import AFTERWARDS, GOLDEN

SMALL = GOLDEN / "small-firm-shared"


def costack(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def bills(folder: Path, *more: object, bill: Path | None = None) -> Any:
    return costack(
        "allocate", "--bill", bill or folder / "bill.csv", "--usage", folder / "usage.csv",
        "--inventory", folder / "inventory.json", "--period", "2026-11", *more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "2026-11"
    said = bills(SMALL, "--out", out, "--focus", "1.3")
    assert said.exit_code == Exit.OK, said.output
    return out


def test_a_run_is_proved_by_its_manifest(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256((SMALL / "bill.csv").read_bytes()).hexdigest()
    (file,) = manifest["bill"]["files"]
    assert (file["sha256"], file["rows"], file["charged"], file["refused"]) == (digest, 39, 39, {})
    assert manifest["versions"] == {"catalog": "2026-11", "rulebook": "2026-11"}
    assert {gate["gate"] for gate in manifest["readiness"] if not gate["passed"]} == set()


def test_every_row_that_is_not_a_tenants_is_counted_by_its_rule(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert bills(GOLDEN / "untagged-charge", "--out", out).exit_code == Exit.OK
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    (file,) = manifest["bill"]["files"]
    assert file["refused"] == {"not-a-number": 1, "other-currency": 1, "outside-period": 1}
    assert {reason.split(":")[0]: rows for reason, rows in manifest["unallocated"].items()} == {
        "no-rule": 1,
        "unknown-tenant": 1,
    }
    refused = duckdb.execute("SELECT rule, row_number FROM read_parquet(?)", [str(out / "refused.parquet")])
    assert {rule for rule, _ in refused.fetchall()} == set(file["refused"])


@pytest.mark.whole("golden statements are compared to the last byte")
def test_a_rerun_is_the_same_to_the_last_byte(run: Path, tmp_path: Path) -> None:
    assert bills(SMALL, "--out", tmp_path / "again", "--focus", "1.3").exit_code == Exit.OK
    files = sorted(path.relative_to(run) for path in run.rglob("*") if path.is_file())
    assert len(files) > 10
    for name in files:
        assert (tmp_path / "again" / name).read_bytes() == (run / name).read_bytes(), name


@pytest.mark.whole("tests/allocation/adapters/deliveries has daily runs")
def test_daily_deliveries_are_charged_once(run: Path, tmp_path: Path) -> None:
    """The same statement as of the newest one alone, and the run says what was left out."""
    with (SMALL / "bill.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    bills_of = tmp_path / "bills"
    restated = [{**row, "cost": "1.00"} for row in rows[:20]]
    azure_run(bills_of / "day-20", restated, "2026-11-20T06:00:00Z", "2026-11-19T00:00:00Z")
    newest = azure_run(bills_of / "day-30", rows, "2026-11-30T06:00:00Z", "2026-11-30T00:00:00Z")
    out = tmp_path / "run"
    said = bills(SMALL, "--out", out, bill=bills_of)
    assert said.exit_code == Exit.OK, said.output
    for name in ("statement.json", "statement.csv"):
        assert (out / name).read_bytes() == (run / name).read_bytes()
    older = bills_of / "day-20" / "manifest.json"
    assert f"left out {older}: {newest} is newer\n" in said.stderr
    bill = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["bill"]
    assert [(each["manifest"], each["files"]) for each in bill["deliveries"]] == [(str(newest), 1)]
    assert bill["left_out"] == [{"name": str(older), "reason": f"{newest} is newer"}]


@pytest.mark.whole("tests/allocation/adapters/deliveries/test_overlap refuses them")
def test_two_deliveries_without_a_manifest_need_a_word(tmp_path: Path) -> None:
    for day, name in ((1, "a.csv"), (1, "b.csv")):
        written_bill(tmp_path / "bills" / name, [focus(day, name=name)])
    said = bills(SMALL, bill=tmp_path / "bills")
    assert said.exit_code == Exit.CONFIGURATION
    assert said.stderr == (
        "a.csv and b.csv have 1 line about the same account, service, resource, SKU and time: "
        "name the newer one of two deliveries, or say with --parts that both belong to the bill\n"
    )
    assert bills(SMALL, "--parts", bill=tmp_path / "bills").exit_code == Exit.OK
    assert "--parts" in costack("allocate", "--inventory", SMALL / "inventory.json", "--parts").stderr


def test_what_is_explained_adds_up_to_the_statement(run: Path) -> None:
    statement = json.loads((run / "statement.json").read_text(encoding="utf-8"))
    for line in statement["tenants"]:
        told = json.loads(costack("explain", line["tenant"], "--run", run, "-o", "json").stdout)
        parts = [Decimal(part["amount"]) for part in (*told["direct"], *told["pooled"])]
        assert sum(parts) == Decimal(told["amount"]) == Decimal(line["total"])


def test_a_shared_charge_is_explained_down_to_the_unit(run: Path) -> None:
    told = json.loads(costack("explain", "acme", "--run", run, "--charge", "line-3", "-o", "json").stdout)
    (charge,) = told["charges"]
    assert (charge["rule"], charge["pool"], charge["amount"]) == ("ec2", "nodes", "28.80")
    shares = charge["origin"]["shares"]
    assert [share["via"] for share in shares] == ["nodes", "platform"]
    for share in shares:
        exact = Decimal(share["divided"]) * int(share["weight"]) / int(share["total_weight"])
        assert abs(exact - Decimal(share["amount"])) <= Decimal("1E-10") * (1 + abs(share["settled_units"]))
        down = units_of(Decimal(share["rounded_down"]))
        moved = share["remainder_unit"] + share["settled_units"]
        assert units_of(Decimal(share["amount"])) == down + moved
    assert {use["driver"]: use["quantity"] for use in charge["origin"]["use"]} == {
        "cpu-requests": "8.5",
        "memory-requests": "36.25",
        "users": "5760",
    }


def test_what_a_tenant_used_is_said_as_people_think_of_it(run: Path) -> None:
    told = costack("explain", "acme", "--run", run, "--charge", "line-3").stdout
    said = [line.strip() for line in told.splitlines() if "quantity:" in line]
    assert "quantity: 8 users on average" in said
    assert any(re.fullmatch(r"quantity: [0-9.]+ vCPU on average", line) for line in said)
    assert any(re.fullmatch(r"quantity: [0-9.]+ GiB on average", line) for line in said)
    assert not any("5760" in line for line in said)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nobody",), "tenant 'nobody': this run has no cost of a tenant with that name\n"),
        (("acme", "--charge", "line-99"), "charge 'line-99': the bill has no such line\n"),
        (
            ("acme", "--shared-charge", "999"),
            "shared charge 999: this run has no shared charge with that number\n",
        ),
    ],
)
def test_what_cannot_be_explained(run: Path, arguments: tuple[str, ...], sentence: str) -> None:
    said = costack("explain", *arguments, "--run", run)
    assert (said.exit_code, said.stdout, said.stderr) == (Exit.ERROR, "", sentence)


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    said = costack("explain", "acme", "--run", tmp_path)
    assert (said.exit_code, said.stdout) == (Exit.ERROR, "")
    assert said.stderr.startswith(f"{tmp_path}: holds no run; create one with `costack allocate")


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("three years", encoding="utf-8")
    said = bills(SMALL, "--out", tmp_path)
    assert said.exit_code == Exit.ERROR
    assert (
        said.stderr
        == f"{tmp_path}: exists and was not written by costack; name another folder, or remove it\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_run_that_fails_leaves_the_one_before(run: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    broken = tmp_path / "bill.csv"
    broken.write_text("id,start,end\n1,2,3\n", encoding="utf-8")
    said = bills(SMALL, "--out", run, bill=broken)
    assert (said.exit_code, said.stdout) == (Exit.CONFIGURATION, "")
    assert said.stderr.startswith("bill.csv: ")
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    assert [path.name for path in run.parent.iterdir()] == [run.name]


def test_an_open_month_cannot_be_closed(tmp_path: Path) -> None:
    said = bills(SMALL, "--history", tmp_path / "history", "--close")
    # The tests may run when November is long over: then it closes.
    if said.exit_code != Exit.OK:
        assert "2026-11 runs until 2026-12-01: close it after its last day" in said.stderr
        assert not (tmp_path / "history").exists()


@pytest.mark.parametrize(
    ("day", "statements", "state"),
    [
        ((2026, 11, 30), 0, MonthState.OPEN),
        ((2026, 12, 1), 0, MonthState.PROVISIONAL),
        ((2026, 12, 3), 1, MonthState.CLOSED),
        ((2026, 12, 9), 2, MonthState.RESTATED),
    ],
)
def test_the_states_of_a_month(day: tuple[int, int, int], statements: int, state: MonthState) -> None:
    now = AFTERWARDS.replace(year=day[0], month=day[1], day=day[2])
    assert state_of(ChargePeriod.month("2026-11"), now, statements) is state


def test_chargeback_waits_for_the_gates(tmp_path: Path) -> None:
    rules = yaml.safe_load((DIRECTORY / "2026-11.yaml").read_text(encoding="utf-8"))
    rules |= {"chargeback": ["acme"], "readiness": {"driver_coverage_percent": "99.5"}}
    (tmp_path / "2026-11.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    said = bills(SMALL, "--rulebook", tmp_path, "-o", "csv")
    assert said.exit_code == Exit.POLICY
    assert said.stdout.startswith("tenant,client,")
    assert said.stderr.splitlines()[-1].startswith(
        "not ready for chargeback of acme: driver coverage (percent of"
    )


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("output", "total"), [("json", "1103.0050000001"), ("csv", "1103.01"), ("markdown", "1103.01")]
)
def test_every_form_has_the_same_total(output: str, total: str) -> None:
    """Data are exact; what people read has the settled cents of it."""
    said = bills(SMALL, "-o", output)
    assert said.exit_code == Exit.OK
    assert total in said.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("--usage", "u.csv", "--focus-csv", "--stack", "local"),
            "--usage, --focus-csv: expected a bill, found none: add --bill FILE\n",
        ),
        (("--bill", "b.csv"), "a bill needs its tenants: name them with --inventory FILE, not with --stack"),
        (("--bill", "b.csv", "--inventory", "i.json", "--close"), "--close and --restate need --history"),
        (
            ("--bill", "b.csv", "--inventory", "i.json", "--despite", "why"),
            "--despite needs a REASON, and --close",
        ),
        (("--bill", "b.csv", "--inventory", "i.json", "--focus", "9"), "expected 1.2, 1.3 or 1.4"),
        (("--bill", "b.csv", "--inventory", "i.json", "--focus", "1.3"), "--focus needs --out"),
        (("--bill", "b.csv", "--inventory", "x=i.json"), "expected FILE or YYYY-MM-DD=FILE"),
        (("--inventory", "a.json", "--inventory", "b.json"), "an estimate is made of one inventory"),
    ],
)
def test_options_that_do_not_belong_together(arguments: tuple[str, ...], sentence: str) -> None:
    said = costack("allocate", "--period", "2026-11", *arguments)
    assert (said.exit_code, said.stdout) == (Exit.CONFIGURATION, "")
    assert sentence in said.stderr
    assert said.stderr.count("\n") == 1


def test_sql_is_printed_for_an_engine() -> None:
    said = costack("sql", "--dialect", "bigquery")
    assert said.exit_code == Exit.OK
    assert "BIGNUMERIC" in said.stdout
    wrong = costack("sql", "--dialect", "cobol")
    assert wrong.exit_code == Exit.CONFIGURATION
    assert wrong.stderr.startswith("--dialect 'cobol': expected one of duckdb, spark, athena")

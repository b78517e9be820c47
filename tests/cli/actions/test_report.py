from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from cli.console.exit_codes import Exit
from lifecycle import evidence
from tests.allocation.previews import changed
from tests.allocation.test_golden import GOLDEN
from tests.cli.reporting import billed_report, costack
from tests.portfolios import ROOT, local_plan
from tiers.inventory import exported

PAGES = {"index", "engineering", "finance", "quarterly"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two months: acme moved to another tier between them, and a restore of it was tried."""
    folder = tmp_path_factory.mktemp("reports")
    for name, plan in (("2026-11", local_plan()), ("2026-12", changed("acme", "dedicated-db"))):
        (folder / f"{name}.json").write_text(json.dumps(exported(plan, {})), encoding="utf-8")
    tried = {
        "at": "2026-12-05T03:00:00Z", "tenant": "acme", "step": "restore-test", "result": "ok",
        "restore_seconds": 125, "taken_at": "2026-12-05T01:15:00Z",
        "portfolio": "local", "client": "acme-consulting",
    }  # fmt: skip
    evidence.append(folder / "acme.jsonl", tried)
    for name, more in (("2026-11", ()), ("2026-12", ("--evidence", folder / "acme.jsonl"))):
        said = costack(
            "report", "--inventory", folder / f"{name}.json", "--period", name, "--history", folder,
            "--portfolio", ROOT / "portfolios" / "local", "--previews", 2, "--out", folder / name, *more,
        )  # fmt: skip
        assert said.exit_code == Exit.OK, said.output
        assert said.stdout == f"9 pages; open {folder / name / 'index.html'}\n"
    return folder


def table(path: Path, name: str) -> list[list[str]]:
    tables = json.loads(path.read_text(encoding="utf-8"))["tables"]
    rows: list[list[str]] = next(each["rows"] for each in tables if each["name"] == name)
    return rows


@pytest.mark.whole("a browser and an oracle read these pages in tests/cli")
def test_every_page_has_its_data_beside_it(made: Path) -> None:
    out = made / "2026-12"
    names = {path.stem for path in out.glob("*.html")}
    accounts = {path.stem for path in (out / "account").glob("*.html")}
    assert names == PAGES
    assert accounts == {each.client for each in local_plan().tenants}
    for page in out.rglob("*.html"):
        assert page.with_suffix(".json").is_file()
        assert page.with_suffix(".csv").is_file()


def test_the_month_before_is_found_and_explained(made: Path) -> None:
    rows = dict(table(made / "2026-12" / "index.json", "why"))
    whole = Decimal(rows.pop("change of the bill"))
    assert sum(map(Decimal, rows.values())) == whole
    assert Decimal(rows["another tier"]) > 0


def test_a_restore_that_was_tried_is_told(made: Path) -> None:
    rows = {row[0]: row for row in table(made / "2026-12" / "engineering.json", "restores")}
    assert rows["acme"] == ["acme", "2026-12-05", "good", "26", "35"]
    (own, *_) = table(made / "2026-12" / "account" / "acme-consulting.json", "recovery")
    assert own[2:] == ["2026-12-05", "2026-12-05", "restored in 3 minutes"]
    assert rows["cobalt"][2] == "no test on file"
    assert rows["borealis-migration"][1:] == ["", "no dumps", "", ""]


def test_the_weightiest_options_are_priced_by_a_preview(made: Path) -> None:
    priced = table(made / "2026-12" / "quarterly.json", "options")
    assert len(priced) == 2
    told = costack(
        "preview", "--portfolio", ROOT / "portfolios" / "local", "--period", "2026-12", "-o", "json",
        "--tenant", priced[0][0], "--tier", priced[0][1],
    )  # fmt: skip
    changes = {each["tenant"]: each for each in json.loads(told.stdout)["tenants"]}
    assert Decimal(priced[0][3]) == Decimal(changes[priced[0][0]]["cost"]["difference"])


@pytest.mark.parametrize("has_browser", [True, False])
def test_the_first_page_is_opened_where_there_is_a_browser(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_browser: bool
) -> None:
    opened: list[str] = []

    def open_new_tab(address: str) -> bool:
        opened.append(address)
        return has_browser

    monkeypatch.setattr("webbrowser.open_new_tab", open_new_tab)
    said = costack(
        "report", "--inventory", made / "2026-12.json", "--period", "2026-12", "--out", tmp_path / "out",
        "--previews", 0, "--open",
    )  # fmt: skip
    assert opened == [(tmp_path / "out" / "index.html").as_uri()]
    assert said.exit_code == (Exit.OK if has_browser else Exit.CONFIGURATION)
    assert has_browser or "no browser that can be opened" in said.stderr


@pytest.mark.whole("test_report_against_the_statement reads a month that was signed")
def test_a_decision_that_was_signed_stands_in_the_review(made: Path, tmp_path: Path) -> None:
    out = made / "2026-12"
    unsigned = yaml.safe_load((out / "quarterly.sign-off.yaml").read_text(encoding="utf-8"))
    key = next(iter(unsigned["decisions"]))
    unsigned["decisions"][key] = {"decision": "keep it", "by": "cfo", "on": "2027-01-05"}
    signed = tmp_path / "signed.yaml"
    signed.write_text(yaml.safe_dump(unsigned), encoding="utf-8")
    again = tmp_path / "again"
    said = costack(
        "report", "--inventory", made / "2026-12.json", "--period", "2026-12", "--out", again,
        "--sign-off", signed, "--previews", 0,
    )  # fmt: skip
    assert said.exit_code == Exit.OK, said.output
    assert [row for row in table(again / "quarterly.json", "signed") if row[2] == "keep it"] == [
        [key, *table(out / "quarterly.json", "signed")[0][1:2], "keep it", "cfo 2027-01-05"]
    ]
    assert "keep it" in (again / "quarterly.sign-off.yaml").read_text(encoding="utf-8")


@pytest.mark.whole("tests/cli/test_report_against_the_statement asks every figure of a billed month")
def test_a_billed_month_is_reported_from_its_run_with_its_gates(tmp_path: Path) -> None:
    out = billed_report("small-firm-shared", tmp_path)
    statement = json.loads((tmp_path / "run" / "statement.json").read_text(encoding="utf-8"))
    bill = next(row for row in table(out / "finance.json", "waterfall") if row[0] == "bill")
    assert Decimal(bill[1]) == Decimal(statement["totals"]["charged"])
    assert {row[3] for row in table(out / "finance.json", "readiness")} == {"yes"}


@pytest.mark.whole("tests/allocation/adapters/test_rates converts such bills")
def test_a_bill_in_a_currency_without_list_prices_is_reported_all_the_same(tmp_path: Path) -> None:
    scenario = GOLDEN / "small-firm-shared"
    for name in ("bill.csv", "usage.csv", "inventory.json"):
        text = (scenario / name).read_text(encoding="utf-8").replace("USD", "EUR")
        (tmp_path / name).write_text(text, encoding="utf-8")
    inventory = ("--inventory", tmp_path / "inventory.json", "--period", "2026-11")
    run, out = tmp_path / "run", tmp_path / "out"
    files = ("--bill", tmp_path / "bill.csv", "--usage", tmp_path / "usage.csv")
    said = costack("allocate", *files, *inventory, "--out", run)
    assert said.exit_code == Exit.OK, said.output
    said = costack("report", *inventory, "--run", run, "--out", out)
    assert said.exit_code == Exit.OK, said.output
    assert "without an estimate the report has no off-hours savings" in said.stderr
    assert "prices are in USD, the portfolio is in EUR" in said.stderr
    assert " EUR billed, " in json.loads((out / "index.json").read_text(encoding="utf-8"))["headline"]
    said = costack("report", *inventory, "--out", tmp_path / "estimate")
    assert said.exit_code == Exit.CONFIGURATION
    assert not (tmp_path / "estimate").exists()


def test_the_first_report_of_a_folder_has_no_history_there(made: Path, tmp_path: Path) -> None:
    command = ("report", "--inventory", made / "2026-11.json", "--period", "2026-11", "--previews", 0)
    folder = tmp_path / "reports"
    said = costack(*command, "--history", folder, "--out", folder / "2026-11")
    assert said.exit_code == Exit.OK, said.output
    index = json.loads((folder / "2026-11" / "index.json").read_text(encoding="utf-8"))
    assert "No earlier month is known to compare with" in index["answer"][0]
    said = costack(*command, "--history", tmp_path / "report", "--out", folder / "2026-11")
    assert said.exit_code == Exit.ERROR
    assert "report: expected a folder with a folder for each month, found none" in said.stderr


def test_an_earlier_report_is_replaced_and_nothing_else(made: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", encoding="utf-8")
    command = ("report", "--inventory", made / "2026-11.json", "--period", "2026-11", "--previews", 0)
    said = costack(*command, "--out", tmp_path / "mine")
    assert said.exit_code == Exit.ERROR
    assert "exists and was not written by costack" in said.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "name what was deployed: either --stack NAME or --inventory FILE"),
        (("--inventory", "nowhere.json"), "nowhere.json"),
        (
            ("--inventory", "INVENTORY", "--history", "nowhere"),
            "nowhere: expected a folder with a folder for each month",
        ),
        (("--inventory", "INVENTORY", "--run", "nowhere"), "nowhere"),
        (("--inventory", "INVENTORY", "--period", "2026-13"), "no such month exists"),
        (("--inventory", "INVENTORY", "--sign-off", "nowhere.yaml"), "nowhere.yaml"),
        (("--inventory", "INVENTORY", "--usage", "nowhere.csv"), "nowhere.csv"),
        (("--inventory", "INVENTORY", "--portfolio", "nowhere"), "nowhere"),
        (("--inventory", "INVENTORY", "--run", "OTHER"), "its month is 2026-12, expected 2026-11"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence_and_nothing_is_written(
    options: tuple[str, ...], told: str, made: Path, tmp_path: Path
) -> None:
    known = {"INVENTORY": str(made / "2026-11.json"), "OTHER": str(made / "2026-12")}
    period = () if "--period" in options else ("--period", "2026-11")
    given = [known.get(each, each) for each in options]
    said = costack("report", *given, *period, "--out", tmp_path / "out")
    assert said.exit_code in (Exit.ERROR, Exit.CONFIGURATION)
    assert told in said.stderr
    assert "Traceback" not in said.output
    assert not (tmp_path / "out").exists()

"""`costack track`: a month so far through the command that people type."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from cli.console.exit_codes import Exit
from tests.allocation.track.months import FIRM, filed, rows_of, rules, track, written
from tests.cli.reporting import costack, said
from tests.portfolios import LOCAL, ROOT

EVERY_OPTION = ROOT / "examples" / "every-option"
MONTHS = ("2026-08", "2026-09", "2026-10")


def with_budgets(folder: Path, budgets: str) -> Path:
    """The local portfolio's platform with *budgets*, and no tenants."""
    here = folder / "portfolios" / "local"
    here.mkdir(parents=True)
    text = (LOCAL / "platform.yaml").read_text(encoding="utf-8")
    (here / "platform.yaml").write_text(f"{text}budgets: {budgets}\n", encoding="utf-8")
    return here


def test_the_month_so_far_is_that_of_an_allocation_and_ends_with_5_over_budget(tmp_path: Path) -> None:
    rows = rows_of("2026-11", 22, {("acme", 9): 3000})
    portfolio = with_budgets(
        tmp_path, "{portfolio: 1200.00, clients: {left-ltd: 1.00}, spent_percent: [80, 100]}"
    )
    files = {name: tmp_path / name for name in ("costs.prom", "slack.json", "mail.txt", "month.html")}
    done = track(
        written(tmp_path / "bill.csv", rows), "--portfolio", portfolio, "--out", tmp_path / "run",
        "-o", "json", "--openmetrics", files["costs.prom"], "--webhook-json", files["slack.json"],
        "--mail", files["mail.txt"], "--page", files["month.html"], "--history", tmp_path,
    )  # fmt: skip
    assert done.exit_code == Exit.POLICY, done.output
    made = json.loads(done.stdout)
    assert done.stderr.strip().splitlines()[-1].startswith("portfolio local: 1,0")
    assert [(each["of"], each["percent"]) for each in made["crossed"]] == [("spent", 80), ("forecast", 100)]
    statement = json.loads((tmp_path / "run" / "statement.json").read_text(encoding="utf-8"))
    lines = {(each["scope"], each["name"]): each for each in made["lines"]}
    assert lines["portfolio", "local"]["spent"] == statement["totals"]["charged"]
    for tenant in statement["tenants"]:
        assert lines["tenant", tenant["tenant"]]["spent"] == tenant["total"]
    idle = Decimal(statement["totals"]["idle"]) + Decimal(statement["totals"]["unallocated"])
    assert Decimal(lines["tenant", "(no tenant)"]["spent"]) == idle
    (unlike,) = made["anomalies"]
    assert (unlike["tenant"], unlike["first_day"]) == ("acme", "2026-11-09")
    assert unlike["charges"][0]["resource"] == "restore-acme"
    assert {"budget of client 'left-ltd': the month has no cost of it, so nothing is compared"} <= set(
        made["notes"]
    )
    nothing = f"{tmp_path}: no month before this one: nothing was tried on filed months"
    assert [note for note in made["notes"] if note.startswith(nothing)]
    assert all(path.stat().st_size for path in files.values())


@pytest.mark.whole("closes three months; the pure parts are tried in tests/allocation/track")
def test_filed_months_say_the_method_and_its_error(tmp_path: Path) -> None:
    history = filed(tmp_path, MONTHS)
    assert [path.name for path in sorted(history.glob("*/daily-000.json"))] == ["daily-000.json"] * 3
    bill = written(tmp_path / "bill.csv", rows_of("2026-11", 12))
    made = json.loads(track(bill, "--history", history, "-o", "json").stdout)
    whole = json.loads(
        track(written(tmp_path / "all.csv", rows_of("2026-11")), "--history", history, "-o", "json").stdout
    )
    forecast, was = Decimal(made["lines"][0]["forecast"]), Decimal(whole["lines"][0]["spent"])
    assert abs(forecast - was) < was / 100
    assert whole["lines"][0]["forecast"] == whole["lines"][0]["spent"]
    acme = next(each for each in made["lines"] if each["name"] == "acme")
    assert (acme["tried_months"], acme["method"] is not None, acme["error_percent"]) == (2, True, "0.0")
    (history / "2026-10" / "daily-000.json").unlink()
    notes = json.loads(track(bill, "--history", history, "-o", "json").stdout)["notes"]
    assert f"2026-10 in {history}: filed without daily charges, and not looked at" in notes


@pytest.mark.whole("allocates two months")
def test_a_run_of_an_earlier_month_serves_as_well(tmp_path: Path) -> None:
    october = written(tmp_path / "october.csv", rows_of("2026-10"))
    said(
        "allocate", "--bill", october, "--inventory", FIRM / "inventory.json", "--period", "2026-10",
        "--rulebook", rules(tmp_path), "--out", tmp_path / "runs" / "2026-10",
    )  # fmt: skip
    done = track(
        written(tmp_path / "bill.csv", rows_of("2026-11", 12)), "--history", tmp_path / "runs", "-o", "json"
    )
    notes = json.loads(done.stdout)["notes"]
    assert any("of fees and taxes is expected as in 2026-10" in note for note in notes)


def test_without_a_bill_nothing_is_tracked(tmp_path: Path) -> None:
    done = costack("track", "--inventory", FIRM / "inventory.json")
    assert done.exit_code == Exit.CONFIGURATION
    assert "--bill-so-far" in done.stderr
    done = track(tmp_path / "none.csv")
    assert done.exit_code == Exit.CONFIGURATION
    assert "none.csv" in done.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--through", "2026-11-31"), "--through '2026-11-31': expected a day such as 2026-11-10"),
        (("--anomaly-over", "1.001"), "--anomaly-over '1.001': expected an amount such as 5.00"),
        (
            ("--portfolio", str(EVERY_OPTION)),
            f"{EVERY_OPTION / 'platform.yaml'}: is of portfolio every-option, deployed is local",
        ),
        (("--stack", "local"), "name what was deployed: either --stack NAME or --inventory FILE"),
    ],
)
def test_what_is_asked_for_badly_is_one_sentence(tmp_path: Path, more: tuple[str, ...], said: str) -> None:
    done = track(tmp_path / "none.csv", *more)
    assert (done.exit_code, done.stderr.strip()) == (Exit.CONFIGURATION, said)


@pytest.mark.whole("allocates three bills")
def test_a_bill_of_another_month_or_past_it_is_not_this_months(tmp_path: Path) -> None:
    other = track(written(tmp_path / "other.csv", rows_of("2026-10")))
    assert other.exit_code == Exit.CONFIGURATION
    assert "the bill has rows of other months: 2026-10" in other.stderr
    assert "the bill has no charge of a single day of 2026-11" in other.stderr
    rows = rows_of("2026-11", 12)
    alone = track(written(tmp_path / "alone.csv", rows), "-o", "csv")
    past = track(written(tmp_path / "past.csv", [*rows, *rows_of("2026-12", 2)]), "-o", "csv")
    assert "2026-12" in past.stderr
    assert past.stdout == alone.stdout


@pytest.mark.whole("allocates two bills")
def test_rows_in_another_order_and_a_day_that_is_missing(tmp_path: Path) -> None:
    rows = rows_of("2026-11", 12)
    one = track(written(tmp_path / "one.csv", rows), "-o", "csv")
    other = track(written(tmp_path / "other.csv", rows[::-1]), "-o", "csv")
    assert one.stdout == other.stdout
    without = [row for row in rows if row["start"] != "2026-11-05"]
    gap = track(written(tmp_path / "gap.csv", without))
    assert "no charge on 2026-11-05: the bill has not come, and these days are forecast" in gap.stdout

"""A month is closed on what was read and charged, or held open: exit code 5, and nothing is filed."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from allocation.billed.state import ClosedMonthError
from allocation.engine.rulebook import DIRECTORY
from allocation.errors import NotReadyError
from cli.actions.costs.allocate import print_allocation
from tests.allocation.test_golden import AFTERWARDS, GOLDEN, request
from tiers.errors import CatalogError

SMALL = "small-firm-shared"


def lines() -> list[dict[str, str]]:
    """The rows of a small firm's bill."""
    with (GOLDEN / SMALL / "bill.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def added(cost: str, number: int, **values: str) -> dict[str, str]:
    """One more row."""
    row = dict.fromkeys(lines()[0], "") | {"id": f"more-{number}", "cost": cost}
    return (
        row | {"start": "2026-11-01", "end": "2026-11-02", "service": "AmazonEC2", "currency": "USD"} | values
    )


def wanted(tmp_path: Path, rows: Sequence[dict[str, str]], **changes: Any) -> Any:
    """The request that closes the month of *rows*."""
    bill = tmp_path / "bill.csv"
    with bill.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(lines()[0]))
        writer.writeheader()
        writer.writerows(rows)
    options: dict[str, Any] = {"bills": (bill,), "history": tmp_path / "history", "close": True}
    return request(SMALL, **(options | changes))


def held(tmp_path: Path, rows: Sequence[dict[str, str]], **changes: Any) -> str:
    """Why the month of *rows* is not closed."""
    with pytest.raises(NotReadyError) as caught:
        print_allocation(wanted(tmp_path, rows, **changes), AFTERWARDS)
    assert not list(tmp_path.glob("history/*/*"))
    return str(caught.value)


def test_a_bill_whose_every_row_is_refused_closes_no_month(tmp_path: Path) -> None:
    rows = [added("1010", number, currency="EUR") for number in range(3)]
    said = held(tmp_path, rows)
    assert said.startswith(
        "2026-11 is not closed, nothing was filed: tag coverage (percent of cost) is nothing to "
    )
    assert "reconciliation error (percent) is nothing charged of 3 rows, must be at most 0.1" in said
    assert said.endswith("; mend what was read, or file it with --despite REASON")


def test_nor_does_it_charge_anybody_back(tmp_path: Path) -> None:
    rules = yaml.safe_load((DIRECTORY / "2026-11.yaml").read_text(encoding="utf-8"))
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "2026-11.yaml").write_text(yaml.safe_dump(rules | {"chargeback": ["acme"]}), encoding="utf-8")
    rows = [added("1010", number, start="2026-10-01") for number in range(3)]
    with pytest.raises(
        NotReadyError, match=r"^not ready for chargeback of acme: .*nothing charged of 3 rows"
    ):
        print_allocation(wanted(tmp_path, rows, close=False, rulebook=folder), AFTERWARDS)


def test_a_bill_of_no_rows_is_no_month_without_cost(tmp_path: Path) -> None:
    assert "reconciliation error (percent) is no rows, must be" in held(tmp_path, [])


def test_refused_rows_do_not_cancel(tmp_path: Path) -> None:
    rows = [*lines(), added("40", 1, start="2026-10-01"), added("-40", 2, start="2026-10-01")]
    said = held(tmp_path, rows)
    # 80 of 1,103.01 and 80.
    assert "nothing was filed: reconciliation error (percent) is 6.7624, must be at most 0.1;" in said


@pytest.mark.whole("refused rows do not cancel in the test above")
def test_credits_do_not_hide_what_was_refused(tmp_path: Path) -> None:
    credit = added("-1100", 1, charge_category="Credit")
    rows = [*lines(), credit, added("500", 2, start="2026-10-01")]
    # 500 of 1,103.01, 1,100 and 500.
    assert "reconciliation error (percent) is 18.4979, must be" in held(tmp_path, rows)


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "row", [added("1,5", 1), added("0.01", 1, currency="EUR"), added("", 1)], ids=["unread", "EUR", "empty"]
)
def test_an_amount_that_is_unknown_is_not_nothing(row: dict[str, str], tmp_path: Path) -> None:
    said = held(tmp_path, [*lines(), row])
    assert "reconciliation error (percent) is unknown: refused rows without a known amount: 1," in said


def test_what_is_unallocated_does_not_cancel(tmp_path: Path) -> None:
    rows = [*lines(), added("40", 1, service="Amazon Braket"), added("-40", 2, service="Amazon Braket")]
    assert "unallocated (percent) is 6.7624, must be at most 1" in held(tmp_path, rows)


def test_a_held_run_is_written_and_still_provisional(tmp_path: Path) -> None:
    rows = [*lines(), added("1,5", 1)]
    held(tmp_path, rows, out=tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["state"], manifest["bill"]["unknown_amounts"]) == ("provisional", 1)
    assert manifest["bill"]["costs"]["billed"]["gross_read"] == "1103.0050000001"


def test_a_month_is_filed_despite_a_gate_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [*lines(), added("1,5", 1)]
    print_allocation(wanted(tmp_path, rows, despite="AWS wrote 1.50, ticket 71"), AFTERWARDS)
    assert "state: closed" in capsys.readouterr().err
    (path,) = tmp_path.glob("history/2026-11/statement-*.json")
    filed = json.loads(path.read_text(encoding="utf-8"))["despite"]
    assert filed["reason"] == "AWS wrote 1.50, ticket 71"
    assert [gate["gate"] for gate in filed["gates"]] == ["reconciliation error (percent)"]


def test_a_month_that_is_ready_is_closed_without_a_reason(tmp_path: Path) -> None:
    print_allocation(wanted(tmp_path, lines(), despite="just in case"), AFTERWARDS)
    (path,) = tmp_path.glob("history/2026-11/statement-*.json")
    assert "despite" not in json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.whole("a first closing passes them in the tests above")
def test_a_restatement_has_to_pass_the_same_gates(tmp_path: Path) -> None:
    print_allocation(wanted(tmp_path, lines()), AFTERWARDS)
    worse = [*lines(), added("7", 1), added("1,5", 2)]
    with pytest.raises(ClosedMonthError):
        print_allocation(wanted(tmp_path, worse), AFTERWARDS)
    with pytest.raises(NotReadyError, match="2026-11 is not restated, nothing was filed"):
        print_allocation(wanted(tmp_path, worse, close=False, restate="a late row"), AFTERWARDS)
    assert len(list(tmp_path.glob("history/2026-11/statement-*.json"))) == 1
    print_allocation(wanted(tmp_path, worse, close=False, restate="a late row", despite="known"), AFTERWARDS)
    assert len(list(tmp_path.glob("history/2026-11/statement-*.json"))) == 2


@pytest.mark.whole("tests/allocation/adapters/focus refuses what was written by Costack")
def test_what_costack_wrote_closes_no_month(tmp_path: Path) -> None:
    """What was refused is not in a FOCUS file: its gates would pass where those of the bill failed."""
    out = tmp_path / "run"
    print_allocation(request(SMALL, out=out, focus=("1.3",)), AFTERWARDS)
    (focus,) = (out / "focus").rglob("*.parquet")
    closing = request(SMALL, bills=(focus,), history=tmp_path / "history", close=True)
    with pytest.raises(NotReadyError, match=r"read from bills is rows that run [0-9a-f]+ wrote"):
        print_allocation(closing, AFTERWARDS)
    assert not list(tmp_path.glob("history/*/*"))


def test_a_restatement_without_a_reason_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="--restate needs a REASON"):
        print_allocation(wanted(tmp_path, lines(), close=False, restate=" "), AFTERWARDS)


def test_a_closed_month_stays_closed_whatever_the_gates_find(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_allocation(wanted(tmp_path, lines()), AFTERWARDS)
    capsys.readouterr()
    worse = [*lines(), added("1,5", 2)]
    for restate in (None, "nothing changed"):
        print_allocation(wanted(tmp_path, worse, close=False, restate=restate), AFTERWARDS)
        assert "state: closed" in capsys.readouterr().err
    assert len(list(tmp_path.glob("history/2026-11/statement-*.json"))) == 1

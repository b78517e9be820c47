"""Statement -> FOCUS -> statement: whole months, every version, Parquet and CSV; equal to the unit."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from allocation.adapters.focus.run import FocusVersion
from allocation.charges import ChargePeriod
from allocation.errors import AllocationError
from allocation.money import units_of
from allocation.runs.bill import Outcome, Request, allocate_bills
from allocation.runs.messages import Messages
from tests.allocation.billed.test_portfolios import inventory
from tests.allocation.bills import RULES, month_of, row, whole
from tests.allocation.bills import written as written_bill
from tests.allocation.test_golden import AFTERWARDS, GOLDEN, SCENARIOS, request
from tests.sampling import chosen

# Written by the run, and nothing of the allocation: the hash of what was read, and the order of keys.
_ALL_BUT_RUN = "SELECT * EXCLUDE (x_RunId, Tags) FROM read_parquet(?, hive_partitioning = false)"


def allocated(scenario: str, bills: tuple[Path, ...], **changes: Any) -> Outcome:
    """The month of a scenario, of these bills."""
    golden = request(scenario)
    wanted = Request(bills, golden.usage, golden.inventories, ChargePeriod.month(golden.period), **changes)
    return allocate_bills(wanted, AFTERWARDS, Messages())


def written(scenario: str, out: Path) -> tuple[Outcome, list[Path]]:
    """The month of a scenario, and all FOCUS files of it."""
    bill = GOLDEN / scenario / "bill.csv"
    first = allocated(scenario, (bill,), out=out, focus=tuple(FocusVersion), focus_csv=True)
    return first, sorted((out / "focus").rglob("focus-*"))


@pytest.fixture(scope="module")
def small_firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FOCUS 1.3 of a month, as Parquet."""
    _, files = written("small-firm-shared", tmp_path_factory.mktemp("focus") / "run")
    return next(file for file in files if file.name == "focus-1.3.parquet")


@pytest.mark.sample(1)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_month_is_read_back_to_the_unit(scenario: str, tmp_path: Path) -> None:
    """Cells hold tenant, pool, part, domain, category and behaviour; all of a statement but its items."""
    first, files = written(scenario, tmp_path / "run")
    assert len(files) == 2 * len(FocusVersion)
    for file in chosen(files, SCENARIOS.index(scenario), one_in=3):
        again = allocated(scenario, (file,))
        # Items are lines of the bill: a shared charge has its lines no more.
        assert replace(again.statement, items=()) == replace(first.statement, items=()), file.name


@pytest.mark.whole("a month is read back to the unit above")
def test_what_is_read_back_is_written_again_as_it_was(small_firm: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"
    allocated("small-firm-shared", (small_firm,), out=out, focus=(FocusVersion.V1_3,))
    (again,) = (out / "focus").rglob("focus-1.3.parquet")
    rows = [duckdb.execute(_ALL_BUT_RUN, [str(file)]).fetchall() for file in (small_firm, again)]
    assert rows[0] == rows[1] != []


@pytest.mark.whole("what is carried is no charge, and only charges are read back")
def test_a_month_settled_with_what_was_carried_is_read_back_without_it(tmp_path: Path) -> None:
    """Remainders moved units between tenants; the file says the result, and nothing is moved again."""
    scenario, history = "small-firm-shared", tmp_path / "history"
    bill = GOLDEN / scenario / "bill.csv"
    golden = request(scenario)
    for month in ("2026-11", "2026-12"):
        moved = tmp_path / f"{month}.csv"
        text = bill.read_text(encoding="utf-8")
        if month == "2026-12":
            text = text.replace("2026-12-01", "2027-01-01").replace("2026-11-", "2026-12-")
        moved.write_text(text, encoding="utf-8")
        wanted = Request(
            (moved,),
            (),
            golden.inventories,
            ChargePeriod.month(month),
            out=tmp_path / f"run-{month}",
            focus=(FocusVersion.V1_4,),
            history=history,
            close=True,
        )
        last = allocate_bills(wanted, AFTERWARDS.replace(year=2027, month=2), Messages())
    (file,) = (tmp_path / "run-2026-12").rglob("focus-1.4.parquet")
    plain = replace(wanted, out=None, focus=(), history=None, close=False)
    again = allocate_bills(replace(plain, bills=(file,)), AFTERWARDS, Messages()).statement
    fresh = allocate_bills(plain, AFTERWARDS, Messages()).statement
    assert again.tenants == last.statement.tenants
    assert fresh.tenants != last.statement.tenants, "nothing was carried: the test shows nothing"


@pytest.mark.whole("a month is read back to the unit above")
def test_what_no_tenant_used_is_unallocated_to_the_gate_again(tmp_path: Path) -> None:
    month, out = "2026-10", tmp_path / "run"
    rows = [row("7", whole(month), whole(month)), row("3", whole(month), whole(month), tenant="acme")]
    first = month_of(tmp_path, month, rows, {"acme": 0}, out=out, focus=(FocusVersion.V1_3,))
    (file,) = (out / "focus").rglob("focus-1.3.parquet")
    here = tmp_path / month
    again = allocate_bills(
        Request(
            (file,),
            (here / "usage.csv",),
            [str(here / "inventory.json")],
            ChargePeriod.month(month),
            rulebook=tmp_path / "rules",
        ),
        AFTERWARDS,
        Messages(),
    )
    found = [
        gate.found for run in (first, again) for gate in run.gates if gate.gate == "unallocated (percent)"
    ]
    assert found == ["70.0000", "70.0000"]


@pytest.mark.whole("portfolios are told apart in tests/allocation/billed/test_portfolios")
def test_what_is_nobodys_stays_in_its_portfolio(tmp_path: Path) -> None:
    """Of two portfolios: rows that no rule gives to a tenant belong to the portfolio of their account."""
    inventories = []
    for name, tenants, account in (("here", ("acme",), "111122223333"), ("there", ("bolt",), "444455556666")):
        found = inventory(name, *tenants, account=account).model_dump(mode="json")
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({"schema_version": 1} | found), encoding="utf-8")
        inventories.append(str(path))
    month = ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")
    rows = [
        row("7", month, month, SubAccountId="111122223333", ChargeCategory="Odd"),
        row("9", month, month, SubAccountId="444455556666", ChargeCategory="Odd"),
        row("11", month, month, SubAccountId="", ChargeCategory="Odd"),
        row("3", month, month, SubAccountId="444455556666", tenant="bolt"),
    ]
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "test.yaml").write_text(json.dumps(RULES), encoding="utf-8")
    bills, out = (written_bill(tmp_path / "bill.csv", rows),), tmp_path / "run"
    wanted = Request(
        bills, (), inventories, ChargePeriod.month("2026-10"), out=out, rulebook=tmp_path / "rules"
    )
    first = allocate_bills(replace(wanted, focus=tuple(FocusVersion)), AFTERWARDS, Messages()).statement
    assert [(part.portfolio, part.charged) for part in first.parts] == [
        ("here", units_of(Decimal(7))),
        ("there", units_of(Decimal(12))),
    ]
    files = sorted((out / "focus").rglob("focus-*.parquet"))
    assert len(files) == len(FocusVersion)
    for file in files:
        again = allocate_bills(replace(wanted, bills=(file,), out=None), AFTERWARDS, Messages()).statement
        assert replace(again, items=()) == replace(first, items=()), file.name


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT * EXCLUDE (x_Via) FROM file", "costack wrote it; expected its columns .* found no x_Via"),
        (
            "SELECT * FROM file WHERE x_Tenant = 'acme'",
            "expected the shares of shared charge origin-1 of run [0-9a-f]+ to add up to",
        ),
        (
            "SELECT * REPLACE (IF(x_Part IS NULL, 'ghost', x_Tenant) AS x_Tenant) FROM file",
            r"bill\.parquet, row 1: expected a tenant of the inventory in x_Tenant, found 'ghost'; costack",
        ),
        (
            "SELECT * REPLACE (CASE WHEN x_Via = 'platform' THEN 'stage' ELSE x_Via END AS x_Via) FROM file",
            r"row \d+: expected a pool of rulebook 2026-11 in x_Via, found 'stage'",
        ),
        (
            "SELECT * REPLACE (replace(x_Part, 'use', 'used') AS x_Part) FROM file",
            "expected use, idle or unallocated in x_Part, found 'used'",
        ),
        (
            "SELECT * REPLACE (NULL::VARCHAR AS x_CostCategory) FROM file",
            "expected a cost category in x_CostCategory, found ''",
        ),
        (
            "SELECT * EXCLUDE (x_Behaviour) REPLACE ('old' AS x_Rule) FROM file",
            "expected a rule of rulebook 2026-11 in x_Rule, found 'old'",
        ),
    ],
)
def test_a_file_that_is_not_what_was_written_is_refused(
    sql: str, message: str, small_firm: Path, tmp_path: Path
) -> None:
    bill = tmp_path / "bill.parquet"
    source = f"read_parquet('{small_firm}', hive_partitioning = false)"
    duckdb.execute(f"COPY ({sql.replace('FROM file', f'FROM {source}')}) TO '{bill}'")
    with pytest.raises(AllocationError, match=message):
        allocated("small-firm-shared", (bill,))


@pytest.mark.whole("parts and spellings of columns are read in tests/allocation/adapters/bill")
def test_a_warehouse_may_split_the_file_and_change_the_case_of_its_columns(
    small_firm: Path, tmp_path: Path
) -> None:
    source = f"read_parquet('{small_firm}', hive_partitioning = false)"
    names = [name for name, *_ in duckdb.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]  # noqa: S608 - our own file
    lower = ", ".join(f'"{name}" AS "{name.lower()}"' for name in names)
    parts = [tmp_path / "part-0.csv", tmp_path / "part-1.csv"]
    for file, which in zip(parts, ("LIMIT 100", "OFFSET 100"), strict=True):
        duckdb.execute(f"COPY (SELECT {lower} FROM {source} {which}) TO '{file}'")  # noqa: S608 - our own file
    whole = allocated("small-firm-shared", (GOLDEN / "small-firm-shared" / "bill.csv",)).statement
    assert allocated("small-firm-shared", tuple(parts)).statement.tenants == whole.tenants

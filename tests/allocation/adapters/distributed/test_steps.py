"""Whatever engine groups a bill: what comes of it is what the bill itself gives, to the unit and the row."""

# ruff: noqa: S608 - paths of the test

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from allocation.adapters.focus.run import FocusVersion
from allocation.report.statement.document import document, items_document
from allocation.runs.bill import Outcome, allocate_bills
from allocation.runs.messages import Messages
from tests.allocation.adapters.distributed.engines import ENGINES, ON_DUCKDB, InProcess
from tests.allocation.adapters.distributed.months import CUR, FOCUS, ROWS, month
from tests.allocation.bills import AFTERWARDS

_COMPARED = ("origin", "share", "settlement", "slot", "usage")


def results(outcome: Outcome, run: Path, *, named: bool = True) -> dict[str, Any]:
    """Everything that a run says of money: documents, gates, and every row of the tables that explain it.

    *named* is whether lines are called by their rows, which not every engine knows.
    """
    place = "source, row_number, " if named else ""
    with duckdb.connect() as connection:
        tables = {
            name: sorted(map(str, connection.execute(f"SELECT * FROM '{run / name}.parquet'").fetchall()))
            for name in _COMPARED
        }
        refused = connection.execute(
            f"""SELECT {place}rule, found, amount FROM '{run}/refused.parquet'
            WHERE source <> 'groups.parquet'"""
        ).fetchall()
    bill, statement = outcome.manifest["bill"], document(outcome.statement)
    if not named:
        statement["unallocated"] = [{**each, "example": ""} for each in statement["unallocated"]]
    return {
        **tables,
        "refused": sorted(map(str, refused)),
        "statement": statement,
        "items": items_document(outcome.statement),
        "gates": outcome.gates,
        "attribution": outcome.manifest["attribution"],
        "costs": bill["costs"],
        "charges": bill["charges"],
        "rules": sum((Counter(file["refused"]) for file in bill["files"]), Counter()),
        "cost views": (run / "costs.csv").read_text(encoding="utf-8"),
    }


def test_an_engine_writes_every_line_of_a_focus_file_as_duckdb_does(tmp_path: Path) -> None:
    asked = replace(month(tmp_path), focus=(FocusVersion.V1_3,))
    allocate_bills(asked, AFTERWARDS, Messages())
    allocate_bills(replace(asked, engine=ON_DUCKDB, out=tmp_path / "engine"), AFTERWARDS, Messages())
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = "SELECT * EXCLUDE (x_RunId) FROM '{}/focus/*/*.parquet'"
        one, other = (rows.format(tmp_path / run) for run in ("run", "engine"))
        missing = connection.execute(f"FROM ({one}) EXCEPT ALL FROM ({other})").fetchall()
        made_up = connection.execute(f"FROM ({other}) EXCEPT ALL FROM ({one})").fetchall()
        ((count,),) = connection.execute(f"SELECT count(*) FROM ({one})").fetchall()
    assert (missing, made_up) == ([], [])
    assert count > ROWS


# DataFusion has no function that makes JSON of the maps of CUR 2.0.
@pytest.mark.parametrize(
    ("sql", "engines"),
    [
        pytest.param(FOCUS, ENGINES, id="FOCUS"),
        pytest.param(CUR, (ON_DUCKDB,), id="CUR", marks=pytest.mark.whole("FOCUS has more kinds of lines")),
    ],
)
def test_every_result_of_an_engine_is_that_of_the_bill_itself(
    tmp_path: Path, sql: str, engines: tuple[InProcess, ...]
) -> None:
    asked = month(tmp_path, sql)
    plain = results(allocate_bills(asked, AFTERWARDS, Messages()), tmp_path / "run")
    assert plain["statement"]["tenants"]
    for engine in engines:
        out = tmp_path / engine.name
        outcome = allocate_bills(replace(asked, engine=engine, out=out), AFTERWARDS, Messages())
        found = results(outcome, out)
        assert found == plain
        told = outcome.manifest["engine"]
        assert told["lines"] == ROWS
        assert 0 < told["rows_by_themselves"] < told["groups"] < ROWS

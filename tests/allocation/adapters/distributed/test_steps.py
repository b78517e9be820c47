"""Whatever engine groups a bill: what comes of it is what the bill itself gives, to the unit and the row."""

# ruff: noqa: S608 - paths of the test

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from allocation.report.statement.document import document, items_document
from allocation.runs.bill import Outcome, allocate_bills
from allocation.runs.messages import Messages
from tests.allocation.adapters.distributed.engines import ENGINES, ON_DUCKDB, InProcess
from tests.allocation.adapters.distributed.months import CUR, FOCUS, ROWS, month
from tests.allocation.bills import AFTERWARDS

_COMPARED = ("origin", "share", "settlement", "slot", "usage")


def results(outcome: Outcome, run: Path) -> dict[str, Any]:
    """Everything that a run says of money: documents, gates, and every row of the tables that explain it."""
    with duckdb.connect() as connection:
        tables = {
            name: sorted(map(str, connection.execute(f"SELECT * FROM '{run / name}.parquet'").fetchall()))
            for name in _COMPARED
        }
        refused = connection.execute(
            f"""SELECT source, row_number, rule, found, amount FROM '{run}/refused.parquet'
            WHERE source <> 'groups.parquet'"""
        ).fetchall()
    bill = outcome.manifest["bill"]
    return {
        **tables,
        "refused": sorted(map(str, refused)),
        "statement": document(outcome.statement),
        "items": items_document(outcome.statement),
        "gates": outcome.gates,
        "attribution": outcome.manifest["attribution"],
        "costs": bill["costs"],
        "charges": bill["charges"],
        "rules": sum((Counter(file["refused"]) for file in bill["files"]), Counter()),
        "cost views": (run / "costs.csv").read_text(encoding="utf-8"),
    }


# DataFusion has no function that makes JSON of the maps of CUR 2.0.
@pytest.mark.parametrize(("sql", "engines"), [(FOCUS, ENGINES), (CUR, (ON_DUCKDB,))], ids=["FOCUS", "CUR"])
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

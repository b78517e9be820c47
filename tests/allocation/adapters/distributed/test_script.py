"""The printed script: an engine that runs it answers as one that costack asks itself."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import sqlglot

from allocation.adapters.bill import BillError
from allocation.adapters.distributed.read_back import ReadBack
from allocation.adapters.distributed.script import Places
from allocation.engine.division_sql import Dialect
from allocation.errors import InputError
from allocation.runs.bill import allocate_bills
from allocation.runs.distributed.script import script_for
from allocation.runs.messages import Messages
from tests.allocation.adapters.distributed.months import CUR, FOCUS, month
from tests.allocation.adapters.distributed.test_steps import results
from tests.allocation.bills import AFTERWARDS


def printed(folder: Path, dialect: Dialect, sql: str = FOCUS) -> str:
    """The script for the month of *sql*, whose bill the engine finds where it lies."""
    asked = month(folder, sql)
    places = Places(str(folder / "bill"), str(folder / "answer"))
    return script_for(dialect, str(folder / "bill"), asked.inventories, asked.period, places, None, folder)


def statements(script: str) -> list[str]:
    """The statements of *script*, without its last remark."""
    return [each.strip() for each in script.split(";\n") if each.strip()]


def test_an_answer_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    asked = month(tmp_path, rows=40)
    (tmp_path / "answer").mkdir()
    places = Places(str(tmp_path / "bill"), str(tmp_path / "answer"))
    bill = str(tmp_path / "bill")
    script = script_for(Dialect.DUCKDB, bill, asked.inventories, asked.period, places, None, tmp_path)
    with duckdb.connect() as connection:
        for statement in statements(script):
            connection.execute(statement)
    again = replace(asked, engine=ReadBack(str(tmp_path / "answer")), out=None)
    shutil.rmtree(tmp_path / "answer" / "rows")
    with pytest.raises(BillError, match=r"the engine has read 40 lines, [0-9]+ are in its answer"):
        allocate_bills(again, AFTERWARDS, Messages())
    shutil.rmtree(tmp_path / "answer" / "counted")
    with pytest.raises(BillError, match="counted/: expected the number of lines"):
        allocate_bills(again, AFTERWARDS, Messages())


@pytest.mark.whole("an engine in this process is asked the same queries in test_steps")
def test_a_script_that_was_run_by_hand_gives_the_same_month(tmp_path: Path) -> None:
    script = printed(tmp_path, Dialect.DUCKDB)
    asked = month(tmp_path)
    plain = results(allocate_bills(asked, AFTERWARDS, Messages()), tmp_path / "run")
    (tmp_path / "answer").mkdir()
    with duckdb.connect() as connection:
        for statement in statements(script):
            connection.execute(statement)
    again = replace(asked, engine=ReadBack(str(tmp_path / "answer")), out=tmp_path / "again")
    assert results(allocate_bills(again, AFTERWARDS, Messages()), tmp_path / "again") == plain


@pytest.mark.parametrize("dialect", [Dialect.TRINO, Dialect.ATHENA])
def test_every_statement_is_of_its_dialect(tmp_path: Path, dialect: Dialect) -> None:
    script = printed(tmp_path, dialect, CUR)
    for statement in statements(script):
        assert sqlglot.parse_one(statement, read=str(dialect)) is not None
    assert str(tmp_path / "answer") in script
    assert 'JSON_FORMAT(CAST("resource_tags" AS JSON))' in script
    assert "TO_JSON" not in script


def test_an_engine_without_a_script_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a script is written for duckdb, spark, trino, athena"):
        printed(tmp_path, Dialect.BIGQUERY)


def test_a_folder_without_an_answer_is_refused(tmp_path: Path) -> None:
    asked = replace(month(tmp_path), engine=ReadBack(str(tmp_path / "nothing")), out=None)
    with pytest.raises(InputError, match="expected Parquet files in groups/ or rows/"):
        allocate_bills(asked, AFTERWARDS, Messages())

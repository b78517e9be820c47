"""Stages the CSV files of a bill as Parquet of text; a month of a thousand small files becomes one."""

# ruff: noqa: S608 - SQL is assembled from our own names and quoted text
from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import duckdb

from allocation.adapters.bill.failures import explained
from allocation.adapters.bill.files.bill_file import PART, BillFile
from allocation.engine.tables import literal

_SMALL: Final = 1_000_000
"""Bytes of a file that takes longer to open than to read."""
# RFC 4180: commas, quotes doubled, every row as wide as the header. DuckDB still takes one comma too many at
# the end of a row, spaces around a quoted value and quotes inside an unquoted one; no value is lost by it.
_DIALECT: Final = (
    "header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', comment = '', "
    "strict_mode = true, null_padding = false, ignore_errors = false, encoding = 'utf-8'"
)


def staged(connection: duckdb.DuckDBPyConnection, bills: Sequence[BillFile], folder: Path) -> list[BillFile]:
    """*bills* with every CSV as Parquet in *folder*: all columns, all text, in the order of its rows.

    Raises:
        BillError: When one cannot be read.
    """
    done: list[BillFile] = []
    for form, group in itertools.groupby(bills, key=lambda bill: (bill.csv, bill.header.columns)):
        members = list(group)
        if not form[0]:
            done += members
            continue
        target = folder / f"staged-{len(done):06d}.parquet"
        together = _together(connection, members, target) if len(members) > 1 else []
        done += together or [
            _alone(connection, bill, target.with_suffix(f".{number}.parquet"))
            for number, bill in enumerate(members)
        ]
    return done


def _together(
    connection: duckdb.DuckDBPyConnection, bills: Sequence[BillFile], target: Path
) -> list[BillFile]:
    """All of them in one file; none when one of them cannot be read: alone, it is found which.

    To open a file takes as long as to read a thousand rows of it, and every pass would open all of them.
    """
    with contextlib.suppress(duckdb.Error, UnicodeError, MemoryError, RuntimeError):
        rows = f"SELECT *, file_index::INTEGER AS {PART} FROM {_rows(bills)}"
        with _one_thread(connection, bills):
            connection.execute(f"COPY ({rows}) TO {literal(target)} (FORMAT parquet)")
        counted = connection.execute(
            f"SELECT {PART}, min(file_row_number), count(*), max(file_row_number)"
            f" FROM read_parquet({literal(target)}, hive_partitioning = false) GROUP BY {PART}"
        ).fetchall()
        first = {part: start for part, start, count, last in counted if last - start + 1 == count}
        if len(first) == len(counted):
            return [
                replace(bill, path=target, part=part, before=first.get(part, 0))
                for part, bill in enumerate(bills)
            ]
    target.unlink(missing_ok=True)
    return []


@contextlib.contextmanager
def _one_thread(connection: duckdb.DuckDBPyConnection, bills: Sequence[BillFile]) -> Iterator[None]:
    """Small files are read by one thread: several wait for each other longer than they read."""
    if sum(bill.path.stat().st_size for bill in bills) > _SMALL * len(bills):
        yield
        return
    (threads,) = connection.execute("SELECT current_setting('threads')").fetchall()[0]
    connection.execute("SET threads = 1")
    try:
        yield
    finally:
        connection.execute(f"SET threads = {threads}")


def _alone(connection: duckdb.DuckDBPyConnection, bill: BillFile, target: Path) -> BillFile:
    with explained(bill.name):
        connection.execute(f"COPY (SELECT * FROM {_rows([bill])}) TO {literal(target)} (FORMAT parquet)")
    return replace(bill, path=target)


def _rows(bills: Sequence[BillFile]) -> str:
    columns = ", ".join(f"{column.sql}: 'VARCHAR'" for column in bills[0].header.columns)
    paths = ", ".join(literal(bill.path) for bill in bills)
    return (
        f"read_csv([{paths}], columns = {{{columns}}}, compression = '{bills[0].csv}', "
        f"hive_partitioning = false, {_DIALECT})"
    )

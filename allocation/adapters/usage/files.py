"""Loads usage files as text, row by row, without checking their values."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb

from allocation.adapters.usage.rows import COLUMNS, UsageFileError
from allocation.engine.tables import literal

_LONGEST_HEADER: Final = 100_000
_TEXT: Final = """
CREATE OR REPLACE TEMP TABLE usage_text (
    file INTEGER, source VARCHAR, row_number BIGINT,
    tenant VARCHAR, driver VARCHAR, period_start VARCHAR, period_end VARCHAR, quantity VARCHAR
)"""
_REMEDY: Final = f"it needs the columns {', '.join(COLUMNS)}"


def load_text(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> int:
    """Load *files* into the temporary table `usage_text`; returns the number of rows.

    Raises:
        UsageFileError: When a file does not exist, is neither CSV nor Parquet, or lacks a column.
    """
    connection.execute(_TEXT)
    for number, path in enumerate(files):
        readers = {".csv": _csv_rows, ".parquet": _parquet_rows}
        reader = readers.get(path.suffix)
        if reader is None:
            raise UsageFileError(f"{path}: is neither .csv nor .parquet")
        if not path.is_file():
            raise UsageFileError(f"{path}: no such file")
        try:
            # The file's own row numbers; scans of one file keep its order.
            rows = f"SELECT $file, $source, ROW_NUMBER() OVER (), * FROM ({reader(path)})"  # noqa: S608 - names are quoted
            connection.execute(f"INSERT INTO usage_text {rows}", {"file": number, "source": path.name})
        except duckdb.Error as error:
            first = str(error).partition("\n")[0]
            raise UsageFileError(f"{path}: cannot be read: {first}") from None
        if path.suffix == ".csv":
            _refuse_lost_rows(connection, number, path)
    counted = connection.execute("SELECT COUNT(*) FROM usage_text").fetchone()
    return int(counted[0]) if counted else 0


def _csv_rows(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header = next(csv.reader([stream.readline(_LONGEST_HEADER)], strict=True), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageFileError(f"{path}: cannot be read: {error}; expected a CSV in UTF-8") from None
    _need_columns(path, header)
    named = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in _unique(header))
    wanted = ", ".join(f'"{name}"' for name in COLUMNS)
    # Nothing is guessed: a file that does not match its header is refused.
    return (
        f"SELECT {wanted} FROM read_csv({_exactly(path)}, columns = {{{named}}}, header = true, "  # noqa: S608 - names are quoted
        "auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '', strict_mode = true)"
    )


def _refuse_lost_rows(connection: duckdb.DuckDBPyConnection, number: int, path: Path) -> None:
    """Count the records again: an unclosed quote can silently swallow the rest of a file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            records = sum(1 for record in csv.reader(stream, strict=True) if record) - 1
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageFileError(f"{path}: cannot be read: {error}; expected a CSV in UTF-8") from None
    found = connection.execute("SELECT COUNT(*) FROM usage_text WHERE file = ?", [number]).fetchone()
    if found != (records,):
        raise UsageFileError(
            f"{path}: has {records} records, of which {found and found[0]} could be read; check its quotes"
        )


def _parquet_rows(path: Path) -> str:
    file = f"read_parquet({_exactly(path)}, hive_partitioning = false)"
    try:
        described = duckdb.execute(f"SELECT column_name, column_type FROM (DESCRIBE FROM {file})").fetchall()  # noqa: S608 - the name is quoted
    except duckdb.Error as error:
        first = str(error).partition("\n")[0]
        raise UsageFileError(f"{path}: cannot be read: {first}; expected a Parquet file") from None
    types = dict(described)
    _need_columns(path, list(types))
    texts = ", ".join(_as_text(name, types[name]) for name in COLUMNS)
    return f"SELECT {texts} FROM {file}"  # noqa: S608 - the name is quoted


def _as_text(name: str, kind: str) -> str:
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"CAST(timezone('UTC', \"{name}\") AS VARCHAR)"
    return f'CAST("{name}" AS VARCHAR)'


def _need_columns(path: Path, header: Sequence[str]) -> None:
    for name in COLUMNS:
        if header.count(name) != 1:
            how = "no column" if name not in header else "more than one column"
            raise UsageFileError(f"{path}: has {how} '{name}'; {_REMEDY}")


def _unique(header: Sequence[str]) -> list[str]:
    """*header* with a unique name for each unused column, which may be empty or repeated."""
    return [name if name in COLUMNS else f"column {index}" for index, name in enumerate(header)]


def _exactly(path: Path) -> str:
    """The name of *path* for DuckDB, which would take `a[1].csv` for a pattern and read `a1.csv`."""
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path)))

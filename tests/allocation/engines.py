"""The division on two engines that share no code: DuckDB, and DataFusion by way of SQLGlot."""

from __future__ import annotations

from typing import Any

import datafusion
import duckdb
import pyarrow as pa

from allocation.engine.division_sql import Dialect, division_sql, in_dialect
from tests.allocation.oracle import Problem, Rows

_INTEGER = pa.decimal128(38, 0)
_TABLES = {
    "amount": (("origin", pa.int64()), ("pool", pa.string()), ("slot", pa.int64()), ("amount", _INTEGER)),
    "route": (
        ("pool", pa.string()),
        ("slot", pa.int64()),
        ("via", pa.string()),
        ("part", pa.string()),
        ("weight", _INTEGER),
    ),
    "weight": (
        ("via", pa.string()),
        ("part", pa.string()),
        ("slot", pa.int64()),
        ("tenant", pa.string()),
        ("weight", _INTEGER),
    ),
}
_DATAFUSION_SQL = in_dialect(division_sql(), Dialect.DATAFUSION)


def arrow_tables(problem: Problem) -> dict[str, pa.Table]:
    """The problem as columns."""
    made = {}
    for (name, columns), rows in zip(_TABLES.items(), problem, strict=True):
        cells: list[Any] = list(zip(*rows, strict=True)) or [[] for _ in columns]
        arrays = [pa.array(column, kind) for column, (_, kind) in zip(cells, columns, strict=True)]
        made[name] = pa.table(arrays, names=[column for column, _ in columns])
    return made


def on_duckdb(problem: Problem) -> Rows:
    """DuckDB's answer."""
    with duckdb.connect() as connection:
        for name, table in arrow_tables(problem).items():
            connection.register(f"given_{name}", table)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given_{name}")  # noqa: S608
        return _rows(connection.sql(division_sql()).to_arrow_table())


def on_datafusion(problem: Problem) -> Rows:
    """DataFusion's answer."""
    context = datafusion.SessionContext()
    for name, table in arrow_tables(problem).items():
        context.register_record_batches(name, [table.to_batches() or [_empty(table)]])
    batches = context.sql(_DATAFUSION_SQL).collect()
    return _rows(pa.Table.from_batches(batches)) if batches else set()


def _empty(table: pa.Table) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=table.schema)


def _rows(table: pa.Table) -> Rows:
    columns = ("origin", "amount", "via", "part", "tenant", "units")
    cells = [table.column(name).to_pylist() for name in columns]
    rows = [
        (int(origin), int(amount), via, part, tenant, int(units))
        for origin, amount, via, part, tenant, units in zip(*cells, strict=True)
    ]
    assert len(rows) == len(set(rows)), "a share appears twice"
    return set(rows)

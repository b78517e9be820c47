"""Engines that do the steps in this process: DuckDB, and DataFusion by way of SQLGlot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import datafusion
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from allocation.adapters.deliveries.collection import LocatedFile
from allocation.adapters.distributed.columns import Columns
from allocation.adapters.distributed.dialects import for_engine
from allocation.adapters.distributed.focus_lines import lines_sql
from allocation.adapters.distributed.steps import FILE, GROUPS, ROW, Asked, steps_of
from allocation.adapters.focus.run import FocusVersion
from allocation.engine.division_sql import Dialect
from allocation.engine.tables import literal

Steps = Mapping[str, str]


@dataclass(frozen=True)
class InProcess:
    """An engine: *name* of it, and what runs its SQL over *files* and writes the answers into a folder."""

    name: str
    run: Callable[[pa.Table, Sequence[str], Columns, Asked, Path], None]

    def answer(  # noqa: PLR0917 - as `runs.distributed.reading.Engine`
        self,
        files: Sequence[LocatedFile],
        columns: Columns,
        asked: Asked,
        resources: Sequence[str],
        into: Path,
        progress: Callable[[str], None],
    ) -> Path:
        """The answer for *files*, which are local."""
        progress(self.name)
        self.run(_rows(files), resources, columns, asked, into)
        return into

    def lines(  # noqa: PLR0917 - as `runs.distributed.reading.Engine`
        self,
        files: Sequence[LocatedFile],
        columns: Columns,
        asked: Asked,
        resources: Sequence[str],
        answered: Path,
        template: Path,
        version: FocusVersion,
        into: Path,
        progress: Callable[[str], None],
    ) -> None:
        """The lines of a FOCUS file, by DuckDB: DataFusion 55 joins no rows on many keys that may be NULL."""
        progress(self.name)
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.register("bill", _rows(files))
            connection.register("known_resource", _known(resources))
            for name, path in (("answered", f"{answered / GROUPS}/*.parquet"), ("template", str(template))):
                connection.execute(f"CREATE VIEW {name} AS FROM read_parquet({literal(path)})")
            sql = for_engine(lines_sql(columns, asked, version), Dialect.DUCKDB)
            connection.execute(f"COPY ({sql}) TO {literal(into / 'part-0.parquet')} (FORMAT parquet)")


def _rows(files: Sequence[LocatedFile]) -> pa.Table:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        parts = " UNION ALL BY NAME ".join(
            f"SELECT *, {literal(each.name)} AS {FILE}, file_row_number + 1 AS {ROW} "  # noqa: S608
            f"FROM read_parquet({literal(each.address.removeprefix('file://'))}, file_row_number = true)"
            for each in files
        )
        return connection.sql(parts).to_arrow_table()


def _steps(columns: Columns, asked: Asked, dialect: Dialect) -> Steps:
    return {name: for_engine(sql, dialect) for name, sql in steps_of(columns, asked).items()}


def _on_duckdb(rows: pa.Table, resources: Sequence[str], columns: Columns, asked: Asked, into: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("bill", rows)
        connection.register("known_resource", _known(resources))
        for name, sql in _steps(columns, asked, Dialect.DUCKDB).items():
            (into / name).mkdir(parents=True)
            connection.execute(f"COPY ({sql}) TO {literal(into / name / 'part-0.parquet')} (FORMAT parquet)")


def _on_datafusion(
    rows: pa.Table, resources: Sequence[str], columns: Columns, asked: Asked, into: Path
) -> None:
    context = datafusion.SessionContext()
    context.register_record_batches("bill", [_batches(rows)])
    context.register_record_batches("known_resource", [_batches(_known(resources))])
    for name, sql in _steps(columns, asked, Dialect.DATAFUSION).items():
        batches = context.sql(sql).collect()
        (into / name).mkdir(parents=True)
        if batches:  # in two files, as of two tasks
            for number, part in enumerate((batches[::2], batches[1::2])):
                table = pa.Table.from_batches(part, batches[0].schema)
                pq.write_table(table, into / name / f"part-{number}.parquet")


def _batches(table: pa.Table) -> list[pa.RecordBatch]:
    """The batches of *table*; one without rows if it has none."""
    return table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]


def _known(resources: Sequence[str]) -> pa.Table:
    return pa.table({"resource_id": pa.array(list(resources), pa.string())})


ON_DUCKDB = InProcess("duckdb", _on_duckdb)
ON_DATAFUSION = InProcess("datafusion", _on_datafusion)
ENGINES = (ON_DUCKDB, ON_DATAFUSION)

"""The steps as a script for an engine of one's own: its tables, and every step with where its answer goes."""

# ruff: noqa: S608 - SQL is assembled from our own names and quoted text
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from allocation.adapters.bill.formats.detection import Column
from allocation.adapters.distributed.columns import Columns
from allocation.adapters.distributed.dialects import for_engine
from allocation.adapters.distributed.steps import COUNTED, FILE, GROUPS, ROW, ROWS, Asked, steps_of
from allocation.engine.division_sql import Dialect
from allocation.engine.tables import literal
from allocation.errors import InputError

_LONGEST: Final = 100_000
"""Characters of the ids in one statement: Athena takes statements of 262,144 bytes."""
_TYPES: Final[Mapping[str, str]] = {
    "VARCHAR": "STRING",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    "HUGEINT": "DECIMAL(38, 0)",
    "INTEGER": "INT",
}
"""DuckDB's types that Hive calls otherwise."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where an engine finds the bill, and where it writes: folders, or addresses as the engine has them."""

    bill: str
    answer: str

    @property
    def inside(self) -> tuple[str, str]:
        """Both without a last slash."""
        return self.bill.rstrip("/"), self.answer.rstrip("/")


def script(columns: Columns, asked: Asked, resources: Sequence[str], places: Places, dialect: Dialect) -> str:
    """The whole script in *dialect*; each statement ends with a semicolon.

    Raises:
        InputError: When no script is known for the engine.
    """
    makers = {
        Dialect.DUCKDB: _on_duckdb,
        Dialect.SPARK: _on_spark,
        Dialect.TRINO: _on_trino,
        Dialect.ATHENA: _on_athena,
    }
    if dialect not in makers:
        raise InputError(
            f"--dialect {dialect}: a script is written for {', '.join(makers)}; for {dialect} `costack sql` "
            "prints the division alone"
        )
    steps = {name: for_engine(sql, dialect) for name, sql in steps_of(columns, asked).items()}
    statements = (
        *makers[dialect](columns, places),
        *_resources(resources, dialect),
        *_written(steps, places, dialect),
    )
    return "\n\n".join(f"{each};" for each in statements)


def _on_duckdb(columns: Columns, places: Places) -> Iterator[str]:
    bill, _ = places.inside
    read = f"read_parquet({literal(f'{bill}/**/*.parquet')}, filename = true, file_row_number = true)"
    names = _names(columns, '"')
    yield "-- the bill, in UTC\nSET TimeZone = 'UTC'"
    file = f"replace(filename, {literal(bill + '/')}, '') AS {FILE}"
    yield f"CREATE OR REPLACE VIEW bill AS SELECT {names}, {file}, file_row_number + 1 AS {ROW} FROM {read}"


def _on_spark(columns: Columns, places: Places) -> Iterator[str]:
    bill, _ = places.inside
    yield "-- the bill, in UTC; what overflows fails\nSET spark.sql.session.timeZone = UTC"
    yield "SET spark.sql.ansi.enabled = true"
    yield "SET spark.sql.parquet.inferTimestampNTZ.enabled = false"
    yield "SET spark.sql.parquet.outputTimestampType = TIMESTAMP_MICROS"
    yield (
        f"CREATE OR REPLACE TEMPORARY VIEW delivered USING parquet "
        f"OPTIONS (path {literal(bill)}, recursiveFileLookup 'true')"
    )
    file = f"replace(_metadata.file_path, {literal(bill + '/')}, '') AS {FILE}"
    row = f"_metadata.row_index + 1 AS {ROW}"
    names = _names(columns, "`")
    yield f"CREATE OR REPLACE TEMPORARY VIEW bill AS SELECT {names}, {file}, {row} FROM delivered"


def _on_trino(columns: Columns, places: Places) -> Iterator[str]:
    bill, answer = places.inside
    yield (
        "-- the bill; run it in a catalog of the Hive connector\n"
        f"CREATE SCHEMA IF NOT EXISTS costack WITH (location = {literal(answer)})"
    )
    yield "USE costack"
    yield (
        f"CREATE TABLE delivered (\n{_declared(columns, Dialect.TRINO)}\n) "
        f"WITH (format = 'PARQUET', external_location = {literal(bill)})"
    )
    yield _presto_bill(columns, bill)


def _on_athena(columns: Columns, places: Places) -> Iterator[str]:
    bill, _ = places.inside
    yield "-- the bill\nCREATE DATABASE IF NOT EXISTS costack"
    yield (
        f"CREATE EXTERNAL TABLE costack.delivered (\n{_declared(columns, Dialect.ATHENA)}\n)\n"
        f"STORED AS PARQUET\nLOCATION {literal(bill + '/')}"
    )
    yield (
        _presto_bill(columns, bill)
        .replace("VIEW bill", "VIEW costack.bill")
        .replace("delivered", "costack.delivered")
    )


def _presto_bill(columns: Columns, bill: str) -> str:
    """The view `bill`; neither Trino nor Athena counts the rows of a file, so a line is named by its file."""
    file = f"replace(\"$path\", {literal(bill + '/')}, '') AS {FILE}"
    names = _names(columns, '"')
    return (
        f"CREATE OR REPLACE VIEW bill AS SELECT {names}, {file}, CAST(NULL AS BIGINT) AS {ROW} FROM delivered"
    )


def _resources(resources: Sequence[str], dialect: Dialect) -> Iterator[str]:
    """The table `known_resource`, a part at a time."""
    table = "costack.known_resource" if dialect is Dialect.ATHENA else "known_resource"
    make = "CREATE OR REPLACE TEMPORARY VIEW" if dialect is Dialect.SPARK else "CREATE TABLE"
    said = "-- the ids of the resources that the inventories list\n"
    none = "SELECT CAST(NULL AS VARCHAR(2048)) AS resource_id"
    parts = list(_parts(resources))
    if dialect is Dialect.SPARK:  # it takes them at once
        rows = ", ".join(f"({literal(each)})" for each in resources) or "(CAST(NULL AS STRING))"
        yield f"{said}{make} {table} AS SELECT * FROM VALUES {rows} AS known (resource_id)"
        return
    yield f"{said}{make} {table} AS {none if dialect is not Dialect.DUCKDB else none.replace('(2048)', '')}"
    for part in parts:
        yield f"INSERT INTO {table} VALUES {', '.join(f'({literal(each)})' for each in part)}"


def _parts(resources: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for each in resources:
        if part and size + len(each) > _LONGEST:
            yield part
            part, size = [], 0
        part.append(each)
        size += len(each) + 6
    if part:
        yield part


def _written(steps: Mapping[str, str], places: Places, dialect: Dialect) -> Iterator[str]:
    """Each step, with its answer written as Parquet to a folder of its name."""
    _, answer = places.inside
    said = {
        GROUPS: "-- lines that say the same, summed",
        ROWS: "-- lines that may not be summed, as they are",
        COUNTED: "-- how many lines there are",
    }
    for name, sql in steps.items():
        yield f"{said[name]}\n{_copied(name, sql, f'{answer}/{name}', dialect)}"


def _copied(name: str, sql: str, to: str, dialect: Dialect) -> str:
    """The statement that writes the answer of *sql* as Parquet to the folder *to*."""
    if dialect is Dialect.DUCKDB:
        return f"COPY (\n{sql}\n) TO {literal(to)} (FORMAT parquet, PER_THREAD_OUTPUT true, OVERWRITE true)"
    if dialect is Dialect.SPARK:
        return f"INSERT OVERWRITE DIRECTORY {literal(to)} USING parquet\n{sql}"
    if dialect is Dialect.ATHENA:
        return f"UNLOAD (\n{_in_database(sql)}\n) TO {literal(to + '/')} WITH (format = 'PARQUET')"
    return f"CREATE TABLE {name} WITH (format = 'PARQUET') AS\n{sql}"


def _in_database(sql: str) -> str:
    return re.sub(r'(FROM|JOIN) "(bill|known_resource)"', r'\1 "costack"."\2"', sql)


def _names(columns: Columns, quote: str) -> str:
    return ", ".join(f"{quote}{each.name}{quote}" for each in columns.delivered)


def _declared(columns: Columns, dialect: Dialect) -> str:
    quote = '"' if dialect is Dialect.TRINO else "`"
    return ",\n".join(f"  {quote}{each.name}{quote} {_type(each, dialect)}" for each in columns.delivered)


def _type(column: Column, dialect: Dialect) -> str:
    """Its type in Hive or Trino."""
    found = _TYPES.get(column.type, column.type)
    if column.type.startswith("MAP("):
        key, value = column.type[4:-1].split(", ")
        names = [_TYPES.get(each, each) for each in (key, value)]
        found = f"MAP<{', '.join(names)}>"
    if dialect is Dialect.TRINO:
        found = found.replace("STRING", "VARCHAR").replace("<", "(").replace(">", ")")
        return "TIMESTAMP(3)" if found == "TIMESTAMP" else "INTEGER" if found == "INT" else found
    return found

"""Writes charges and refused rows, numbered in the order of the input."""

# ruff: noqa: S608 - SQL is assembled from our own names and quoted text
from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb

from allocation.adapters.bill.batches import Batch, ask
from allocation.adapters.bill.failures import BillError
from allocation.adapters.bill.files.bill_file import literal
from allocation.adapters.bill.kinds import NEW_KINDS, make_charge_kinds
from allocation.adapters.bill.numbers import exact_of
from allocation.adapters.bill.reading import as_charge, listed
from allocation.adapters.bill.tally import Tally
from allocation.engine.kinds import KINDS
from allocation.engine.tables import CHARGE, REFUSED, columns_of, in_order

WRITTEN: Final = "bill_charge"
"""The table of charges before they are checked to add up."""

_REFUSED: Final = "bill_refused"
_GAPS: Final = "bill_gaps"
_CHARGES: Final = "charges.parquet"
_BLOCK: Final = 64  # rows whose refusals are the bits of one UBIGINT
_SHOWN: Final = 200  # characters of a value that was refused


def write(
    connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch], tally: Tally, folder: Path | None
) -> str:
    """Write the rows of *batches* into a table or a file in *folder*; returns SQL of the charges.

    Raises:
        BillError: When a file cannot be read.
    """
    names = [file.name for batch in batches for file in batch.files]
    refusing = [batch for batch in batches if any(tally.refused[n] for n in _numbers(batch))]
    _write_refused(connection, refusing, names)
    if refusing:
        ask(connection, [], _gaps([tally.rows(number) for number in range(len(names))]))
    before = list(itertools.accumulate((tally.charged[n] for n in range(len(names))), initial=0))
    by_kind = make_charge_kinds(connection, batches) if folder is not None and batches else []
    kind = ", rows.kind" if by_kind else ""
    charges = " UNION ALL ".join(
        f"SELECT {as_charge(names, _number(before, gaps=batch in refusing), by_kind)}{kind}"
        f" FROM {batch.judged} AS rows {_join(gaps=batch in refusing, kinds=bool(by_kind))}"
        " WHERE verdict IS NULL"
        for batch in batches
    )
    if folder is not None and batches:
        target = literal(folder / _CHARGES)
        with in_order(connection):
            ask(connection, batches, f"COPY ({charges}) TO {target} (FORMAT parquet, COMPRESSION zstd)")
        return f"read_parquet({target})"
    ask(connection, [], f"CREATE OR REPLACE TABLE {WRITTEN} ({CHARGE})")
    if batches:
        ask(connection, batches, f"INSERT INTO {WRITTEN} {charges}")
    return WRITTEN


def publish(
    connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch], folder: Path, into: Path | None
) -> None:
    """Publish the result as `charge` and `refused`, and as the file in *into*.

    Raises:
        BillError: When the file cannot be put there.
    """
    if into is not None and not batches:
        target = literal(folder / _CHARGES)
        ask(connection, [], f"COPY {WRITTEN} TO {target} (FORMAT parquet, COMPRESSION zstd)")
    if into is not None:
        _move(folder / _CHARGES, into / _CHARGES)
    _drop(connection, "charge")
    _drop(connection, "refused")
    if into is None:
        ask(connection, [], f"ALTER TABLE {WRITTEN} RENAME TO charge")
    else:
        _publish_file(connection, (into / _CHARGES).resolve())
    ask(connection, [], f"CREATE TABLE refused ({REFUSED})")
    ask(
        connection,
        [],
        f"INSERT INTO refused SELECT {', '.join(columns_of(REFUSED))} FROM {_REFUSED}",
    )


def _publish_file(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Make the view `charge` of *file* and the table of kinds, which has what their rows have alike."""
    rows = f"read_parquet({literal(file)}, hive_partitioning = false)"
    _drop(connection, KINDS)
    alike = _columns(connection, NEW_KINDS) - {"kind"}
    if not alike:
        ask(connection, [], f"CREATE VIEW charge AS SELECT * FROM {rows}")
        return
    ask(connection, [], f"ALTER TABLE {NEW_KINDS} RENAME TO {KINDS}")
    columns = ", ".join(f"{'kinds' if name in alike else 'rows'}.{name}" for name in columns_of(CHARGE))
    join = f"{rows} AS rows JOIN {KINDS} AS kinds ON kinds.kind = rows.kind"
    ask(connection, [], f"CREATE VIEW charge AS SELECT {columns}, rows.kind FROM {join}")


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    """The columns of *table*; none if it is not there."""
    sql = f"SELECT column_name FROM duckdb_columns() WHERE table_name = {literal(table)}"
    return {name for (name,) in ask(connection, [], sql)}


def _write_refused(
    connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch], names: Sequence[str]
) -> None:
    columns = f"file INTEGER, {REFUSED}"
    ask(connection, [], f"CREATE OR REPLACE TEMP TABLE {_REFUSED} ({columns})")
    for batch in batches:
        rules = listed(check.rule for check in batch.checks)
        titles = listed(check.column for check in batch.checks)
        found = " ".join(f"WHEN {number} THEN {check.found}" for number, check in enumerate(batch.checks))
        rows = f"""SELECT file, {listed(names)}[file + 1], row_number,
            {rules}[verdict + 1], {titles}[verdict + 1], left(CASE verdict {found} END, {_SHOWN}),
            coalesce(billed, {exact_of("billed_units")}),
            invoice_id
            FROM {batch.judged} WHERE verdict IS NOT NULL ORDER BY file, row_number"""
        ask(connection, [batch], f"INSERT INTO {_REFUSED} {rows}")


def _gaps(rows: Sequence[int]) -> str:
    """SQL of a table with the refusals of each block of 64 rows: how many before it, and which inside it.

    Charges are numbered without gaps. With this the number of a row follows from the row alone, on any
    thread; a window function over ten million rows would take one thread, or sort them.
    """
    files = ", ".join(f"({file}, {(count + _BLOCK - 1) // _BLOCK})" for file, count in enumerate(rows))
    return f"""
        CREATE OR REPLACE TEMP TABLE {_GAPS} AS
        WITH held AS (
            SELECT file, (row_number - 1) // {_BLOCK} AS block, count(*) AS refused,
                bit_or(1::UBIGINT << ((row_number - 1) % {_BLOCK})::UBIGINT) AS bits
            FROM {_REFUSED} GROUP BY ALL
        ), blocks AS (
            SELECT file, unnest(range(0, count)) AS block FROM (VALUES {files}) AS files (file, count)
        )
        SELECT file AS gap_file, block, coalesce(bits, 0::UBIGINT) AS bits, coalesce(sum(refused) OVER (
            PARTITION BY file ORDER BY block ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
        FROM blocks LEFT JOIN held USING (file, block)"""


def _number(before: Sequence[int], *, gaps: bool) -> str:
    """SQL of a charge's number; *before* it, by file, are the charges of earlier files."""
    number = f"([{', '.join(map(str, before))}])[file + 1] + row_number"
    if not gaps:
        return number
    earlier = f"((1::UBIGINT << ((row_number - 1) % {_BLOCK})::UBIGINT) - 1)"
    return f"{number} - gaps.before - bit_count(gaps.bits & {earlier})"


def _join(*, gaps: bool, kinds: bool) -> str:
    block = f"(rows.row_number - 1) // {_BLOCK}"
    return (
        f"JOIN {_GAPS} AS gaps ON gaps.gap_file = rows.file AND gaps.block = {block} " if gaps else ""
    ) + (f"JOIN {NEW_KINDS} AS kinds ON kinds.kind = rows.kind" if kinds else "")


def _numbers(batch: Batch) -> range:
    return range(batch.first, batch.first + len(batch.files))


def _move(file: Path, target: Path) -> None:
    try:
        file.replace(target)
    except OSError as error:
        raise BillError(f"{target}: cannot be written: {error.strerror}") from None


def _drop(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Drop the table or view with that name; DuckDB needs to know which of them it is."""
    kinds = connection.execute(
        "SELECT table_type FROM information_schema.tables WHERE table_name = ? "
        "AND table_catalog = current_database() AND table_schema = current_schema()",
        [name],
    ).fetchall()
    for (kind,) in kinds:
        connection.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {name}")

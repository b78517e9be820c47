"""Writes charges and refused rows, numbered in the order of the input."""

# ruff: noqa: S608 - SQL is assembled from our own names and quoted text
from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import duckdb

from allocation.adapters.bill.batches import Batch, ask, told
from allocation.adapters.bill.failures import BillError
from allocation.adapters.bill.files.bill_file import place_of
from allocation.adapters.bill.kinds import NEW_KINDS, make_charge_kinds
from allocation.adapters.bill.numbers import exact_of
from allocation.adapters.bill.reading import as_charge, listed
from allocation.adapters.bill.tally import Tally
from allocation.adapters.folders.charges import CHARGES, charge_files, charge_rows, charges_in
from allocation.engine.kinds import KINDS
from allocation.engine.tables import (
    CHARGE,
    LARGEST_PART,
    PARQUET,
    REFUSED,
    columns_of,
    copy_all,
    in_order,
    literal,
)

WRITTEN: Final = "bill_charge"
"""The table of charges before they are checked to add up."""

_REFUSED: Final = "bill_refused"
_GAPS: Final = "bill_gaps"
_BLOCK: Final = 64  # rows whose refusals are the bits of one UBIGINT
_SHOWN: Final = 200  # characters of a value that was refused


def write(
    connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch], tally: Tally, folder: Path | None
) -> str:
    """Write the rows of *batches* into a table or into files in *folder*; returns SQL of the charges.

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
    charges = [
        f"SELECT {as_charge(names, _number(before, gaps=batch in refusing), by_kind, is_file=bool(folder))}"
        f" FROM {batch.judged} AS rows {_join(gaps=batch in refusing, kinds=bool(by_kind))}"
        # Where no row was refused, no rule is asked again.
        f" WHERE {'verdict IS NULL' if batch in refusing else 'true'}"
        for batch in batches
    ]
    if folder is not None and batches:
        return _write_files(connection, batches, charges, tally, folder)
    ask(connection, [], f"CREATE OR REPLACE TABLE {WRITTEN} ({CHARGE})")
    if batches:
        ask(connection, batches, f"INSERT INTO {WRITTEN} {' UNION ALL '.join(charges)}")
    return WRITTEN


def _write_files(
    connection: duckdb.DuckDBPyConnection,
    batches: Sequence[Batch],
    charges: Sequence[str],
    tally: Tally,
    folder: Path,
) -> str:
    """Write *charges*, SQL for each of *batches*, into one file, or several that are written side by side."""
    parts = [" UNION ALL ".join(charges)]
    if sum(tally.charged.values()) > LARGEST_PART:
        each = zip(batches, charges, strict=True)
        parts = [f"{sql} AND {rows}" for batch, sql in each for rows in _ranges(batch, tally)]
    paths = [folder / name for name in charge_files(len(parts))]
    copies = {path: f"({part}) TO {{path}} ({PARQUET})" for path, part in zip(paths, parts, strict=True)}
    with in_order(connection) as threads, told(connection, batches):
        copy_all(connection, copies, threads)
    return f"({charge_rows(paths)})"


def _ranges(batch: Batch, tally: Tally) -> Iterator[str]:
    """SQL of the conditions that cut the rows of *batch* into parts, in their order.

    Small files stay whole, so that a thousand of them are a few parts.
    """
    first, held = batch.first, 0
    for number, file in zip(_numbers(batch), batch.files, strict=True):
        rows = tally.rows(number)
        if held and held + rows > LARGEST_PART:
            yield f"file BETWEEN {first} AND {number - 1}"
            first, held = number, 0
        held += rows
        if held > LARGEST_PART:
            for row in range(1, rows + 1, LARGEST_PART):
                yield place_of(batch.files, file, (row, min(row + LARGEST_PART - 1, rows)))
            first, held = number + 1, 0
    if held:
        yield f"file BETWEEN {first} AND {_numbers(batch)[-1]}"


def publish(
    connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch], folder: Path, into: Path | None
) -> None:
    """Publish the result as `charge` and `refused`, and as the file in *into*.

    Raises:
        BillError: When the file cannot be put there.
    """
    if into is not None and not batches:
        target = literal(folder / CHARGES)
        ask(connection, [], f"COPY {WRITTEN} TO {target} ({PARQUET})")
    files = [] if into is None else _moved(folder, into)
    _drop(connection, "charge")
    _drop(connection, "refused")
    if into is None:
        ask(connection, [], f"ALTER TABLE {WRITTEN} RENAME TO charge")
    else:
        _publish_files(connection, files)
    ask(connection, [], f"CREATE TABLE refused ({REFUSED})")
    ask(
        connection,
        [],
        f"INSERT INTO refused SELECT {', '.join(columns_of(REFUSED))} FROM {_REFUSED}",
    )


def _publish_files(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    """Make the view `charge` of *files* and the table of kinds, which has what their rows have alike."""
    rows = charge_rows([file.resolve() for file in files])
    _drop(connection, KINDS)
    alike = _columns(connection, NEW_KINDS) - {"kind"}
    if not alike:
        ask(connection, [], f"CREATE VIEW charge AS {rows}")
        return
    ask(connection, [], f"ALTER TABLE {NEW_KINDS} RENAME TO {KINDS}")
    columns = ", ".join(f"{'kinds' if name in alike else 'rows'}.{name}" for name in columns_of(CHARGE))
    join = f"({rows}) AS rows JOIN {KINDS} AS kinds ON kinds.kind = rows.kind"
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
        CREATE OR REPLACE TABLE {_GAPS} AS
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


def _moved(folder: Path, into: Path) -> list[Path]:
    """The files of charges in *folder*, moved *into* another, where they take the place of earlier ones."""
    found = charges_in(folder)
    try:
        for file in found:
            file.replace(into / file.name)
        names = {file.name for file in found}
        for file in charges_in(into):
            if file.name not in names:
                file.unlink()
    except OSError as error:
        raise BillError(f"{into / CHARGES}: cannot be written: {error.strerror}") from None
    return [into / file.name for file in found]


def _drop(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Drop the table or view with that name; DuckDB needs to know which of them it is."""
    kinds = connection.execute(
        "SELECT table_type FROM information_schema.tables WHERE table_name = ? "
        "AND table_catalog = current_database() AND table_schema = current_schema()",
        [name],
    ).fetchall()
    for (kind,) in kinds:
        connection.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {name}")

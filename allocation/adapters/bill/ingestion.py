"""Reads bills into the tables `charge` and `refused`; every row and every unit is accounted for."""

# ruff: noqa: S608 - SQL is assembled from our own names
from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb

from allocation.adapters.bill.batches import Batch, ask, batches_of
from allocation.adapters.bill.conversion import make_rates, refuse_missing_days
from allocation.adapters.bill.failures import BillError
from allocation.adapters.bill.files.bill_file import BillFile, is_bill, opened
from allocation.adapters.bill.files.staging import staged
from allocation.adapters.bill.formats.columns import FOCUS, PLAIN
from allocation.adapters.bill.intake import Intake
from allocation.adapters.bill.kinds import found_by_kind
from allocation.adapters.bill.net_costs import with_discounts
from allocation.adapters.bill.numbers import exact_of
from allocation.adapters.bill.reading import (
    REPEATED,
    as_meant,
    found_columns,
    judged,
    kind_columns,
    own_columns,
)
from allocation.adapters.bill.tags import TAGS, known_tags, sources_of
from allocation.adapters.bill.tally import Tally, tally_of
from allocation.adapters.bill.writing import publish, write
from allocation.adapters.deliveries import Collected, collect
from allocation.adapters.deliveries.overlap import Rows, overlap_of
from allocation.adapters.focus.allocated_columns import is_ours
from allocation.adapters.focus.double_charges import Columns, has_allocated, refuse_cut, refuse_double
from allocation.adapters.rates import Rate
from allocation.charges import ChargePeriod
from allocation.engine.tables import COSTS
from allocation.errors import AllocationError

# What several threads read at once may not be temporary: each has a connection of its own.
_OURS: Final = r"""
    SELECT table_name, table_type FROM information_schema.tables WHERE starts_with(table_name, 'bill_')
        AND (table_catalog = 'temp' OR regexp_full_match(table_name,
            'bill_(charge|rate|tags|repeated|gaps|charge_kind|(found|kind)_[0-9]+)'))
    UNION ALL SELECT type_name, 'TYPE' FROM duckdb_types() WHERE starts_with(type_name, 'bill_word_')"""


def ingest(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[str | Path],
    period: ChargePeriod,
    currency: str,
    *,
    into: Path | None = None,
    rates: Sequence[Rate] = (),
    parts: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Intake:
    """Read *files* whole into the relation `charge` and the table `refused` of *connection*.

    Amounts become whole units of 1e-10, rounded once, half away from zero. A row is refused if its charge
    starts outside *period*, is not in *currency*, or breaks another of `row_rules.RULES`. With *rates* into
    *currency* rows of other currencies are converted, each at the rate of the day on which it starts; both
    amounts are kept. A folder, or an address in S3, stands for all bills below it; of what has a manifest the
    newest delivery is read (`deliveries.collect`). Files with lines about the same are refused unless they
    are *parts* of a bill. With *into* the charges are written to `charges.parquet` there, and `charge` is a
    view of it that needs no memory. When this raises, folder and connection stay unchanged.

    No setting of the connection is changed. For large bills set `memory_limit` (1 GB does for ten million
    rows) and `temp_directory`; `preserve_insertion_order` must be on, as it is by default.

    Raises:
        BillError: When a file cannot be read as a bill, or the rate of a day is missing.
        AllocationError: When *currency* is no ISO 4217 code, or the connection is set up otherwise.
    """
    period = _checked(connection, period, currency)
    report = progress or (lambda _: None)
    with _workplace(connection, into) as folder:
        found = collect(files, period, folder / "fetched", is_bill, report)
        bills = _opened(connection, found, folder, report)
        refuse_cut(connection, [_columns_of(bill) for bill in bills if bill.layout is FOCUS])
        report("checking rows")
        bills, findings = with_discounts(connection, bills)
        make_rates(connection, rates)
        batches = _judged(connection, batches_of(bills, period, currency), rates=bool(rates))
        refuse_missing_days(connection, batches, rates, period, currency)
        tally = _tally(connection, batches, currency)
        _refuse_twins(bills, tally)
        report("writing charges")
        written = write(connection, batches, tally, None if into is None else folder)
        if any(has_allocated(bill.header.names) for bill in bills):
            refuse_double(lambda sql: ask(connection, batches, sql), written)
        if not parts:
            _refuse_overlap(connection, batches, found)
        sums = ", ".join(f"coalesce(sum({cost}), 0)" for cost in COSTS)
        charges, *units = ask(connection, [], f"SELECT count(*), {sums} FROM {written}")[0]
        intake = replace(tally.intake(bills, charges, units), findings=findings)
        publish(connection, batches, folder, into)
    return replace(intake, deliveries=found.deliveries, left_out=found.left_out)


def _opened(
    connection: duckdb.DuckDBPyConnection, found: Collected, folder: Path, report: Callable[[str], None]
) -> list[BillFile]:
    bills = []
    for number, file in enumerate(found.files):
        report(f"opening {file.name}")
        bills.append(opened(connection, file.name, file.path, folder / f"{number:06d}"))
    return staged(connection, bills, folder)


def _checked(connection: duckdb.DuckDBPyConnection, period: ChargePeriod, currency: str) -> ChargePeriod:
    if not re.fullmatch("[A-Z]{3}", currency):
        raise AllocationError(f"currency '{currency}': expected three letters of ISO 4217, such as USD")
    ordered = connection.execute("SELECT current_setting('preserve_insertion_order')").fetchall()
    if not ordered[0][0]:
        raise AllocationError(
            "expected a connection with preserve_insertion_order on: rows are numbered by it"
        )
    return ChargePeriod(period.start.astimezone(UTC), period.end.astimezone(UTC))


@contextlib.contextmanager
def _workplace(connection: duckdb.DuckDBPyConnection, into: Path | None) -> Iterator[Path]:
    """A folder for staged files on the disk of the charges; afterwards it and our own tables are removed."""
    try:
        if into is not None:
            into.mkdir(parents=True, exist_ok=True)
        holder = TemporaryDirectory(prefix=".bill-", dir=into)
    except OSError as error:
        raise AllocationError(f"{into or 'temporary folder'}: cannot be written: {error.strerror}") from None
    with holder as folder:
        try:
            yield Path(folder)
        finally:
            _forget(connection)


def _forget(connection: duckdb.DuckDBPyConnection) -> None:
    with contextlib.suppress(duckdb.Error):
        for name, kind in connection.execute(_OURS).fetchall():
            what = {"VIEW": "VIEW", "TYPE": "TYPE"}.get(kind, "TABLE")
            connection.execute(f"DROP {what} IF EXISTS {name}")


def _judged(connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch], *, rates: bool) -> list[Batch]:
    """The batches with the SQL of their kinds, verdicts, tags and repeated lines."""
    read = [_found(connection, batch, rates=rates) for batch in batches]
    if read:
        tagged = {
            batch.kind if "tags_text" in batch.by_kind else batch.found: sources_of(
                batch.files[0].layout, batch.files[0].header
            )
            for batch in read
        }
        ask(connection, read, known_tags(tagged))
    once = [_with_verdicts(batch, repeated=False, rates=rates) for batch in read]
    if _has_repeated(connection, [batch for batch in once if batch.files[0].layout.line]):
        return [_with_verdicts(batch, repeated=True, rates=rates) for batch in read]
    return once


def _found(connection: duckdb.DuckDBPyConnection, batch: Batch, *, rates: bool) -> Batch:
    layout, header = batch.files[0].layout, batch.files[0].header
    columns = found_columns(layout, header, batch.first, rates=rates)
    found, by_kind = found_by_kind(connection, batch, columns, own_columns(layout))
    ask(connection, [batch], f"CREATE OR REPLACE VIEW {batch.found} AS {found}")
    join = f"LEFT JOIN {TAGS} AS known ON known.tags_text = rows.tags_text" if "tags_text" in by_kind else ""
    return replace(batch, by_kind=by_kind, kind_columns=kind_columns(layout, by_kind), kind_join=join)


def _with_verdicts(batch: Batch, *, repeated: bool, rates: bool) -> Batch:
    sql = judged(batch.found, batch.files[0].layout, batch.checks, repeated=repeated, rates=rates)
    return replace(batch, judged=f"({sql})")


def _columns_of(bill: BillFile) -> Columns:
    # What was staged from CSV says nothing in its metadata.
    parquet = bill.path if bill.format.endswith("Parquet") else None
    return Columns(bill.name, bill.header.names, parquet)


def _tally(connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch], currency: str) -> Tally:
    tally = Tally()
    for batch in batches:
        for row in ask(connection, [batch], tally_of(batch.judged, batch.files[0].layout, currency)):
            tally.add(row, batch.checks)
    return tally


def _has_repeated(connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch]) -> bool:
    """Make the table of rows that repeat a line, among those that no other rule refuses.

    First by a hash of 64 bits, so that ten million rows need little memory; then, for rows with the same
    hash, by the names.
    """
    if not batches:
        return False
    keys = " UNION ALL ".join(
        f"SELECT hash(line_key) AS hashed FROM {batch.found} WHERE line_key IS NOT NULL" for batch in batches
    )
    shared = f"SELECT hashed FROM ({keys}) GROUP BY hashed HAVING count(*) > 1"
    ask(connection, batches, f"CREATE OR REPLACE TEMP TABLE bill_shared AS {shared}")
    if not ask(connection, [], "SELECT count(*) FROM bill_shared")[0][0]:
        return False
    rows = " UNION ALL ".join(
        f"SELECT file, row_number, line_key, coalesce(billed, {exact_of('billed_units')}) AS billed "
        f"FROM {batch.judged} WHERE verdict IS NULL "
        "AND line_key IS NOT NULL AND hash(line_key) IN (SELECT hashed FROM bill_shared)"
        for batch in batches
    )
    ask(connection, batches, f"CREATE OR REPLACE TEMP TABLE bill_rivals AS {rows}")
    _refuse_restated(connection, [file for batch in batches for file in batch.files])
    later = """SELECT file, row_number, line_key FROM bill_rivals
        QUALIFY row_number() OVER (PARTITION BY line_key ORDER BY file, row_number) > 1"""
    ask(connection, batches, f"CREATE OR REPLACE TABLE {REPEATED} AS {later}")
    return True


def _refuse_restated(connection: duckdb.DuckDBPyConnection, files: Sequence[BillFile]) -> None:
    """A line that is there twice with two amounts: which of them is right, only its deliverer knows.

    Raises:
        BillError: When there is one.
    """
    found = ask(
        connection,
        [],
        """SELECT one.file, one.row_number, one.billed, other.file, other.row_number, other.billed
        FROM bill_rivals AS one JOIN bill_rivals AS other USING (line_key)
        WHERE one.billed <> other.billed
            AND (one.file < other.file OR (one.file = other.file AND one.row_number < other.row_number))
        ORDER BY ALL LIMIT 1""",
    )
    for file, row, billed, other, again, rebilled in found:
        raise BillError(
            f"{files[other].name}, row {again}: expected {billed.normalize():f}, as the same line has in row "
            f"{row} of {files[file].name}, found {rebilled.normalize():f}: keep the newer one only"
        )


def _refuse_overlap(
    connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch], found: Collected
) -> None:
    """Refuse two deliveries of one bill that do not say of themselves that they are.

    Lines of a plain bill are named once and for all, and those that costack wrote once in a run, so that they
    cannot be added up by mistake.

    Raises:
        BillError: When two have lines about the same.
    """
    asked = [batch for batch in batches if not _names_its_lines(batch.files[0])]
    rows = [Rows(each.files[0].layout.name, as_meant(each.found, each.files[0].layout)) for each in asked]
    both = overlap_of(lambda sql: ask(connection, asked, sql), rows, [file.delivery for file in found.files])
    if both is None:
        return
    first, second = found.files[both.first].name, found.files[both.second].name
    if both.lines is None:
        raise BillError(
            f"{first} and {second} have the same days of one account in two formats: name one of them"
        )
    lines = "1 line" if both.lines == 1 else f"{both.lines} lines"
    raise BillError(
        f"{first} and {second} have {lines} about the same account, service, resource, SKU and time: "
        "name the newer one of two deliveries, or say with --parts that both belong to the bill"
    )


def _names_its_lines(bill: BillFile) -> bool:
    return bill.layout is PLAIN or (bill.layout is FOCUS and is_ours(bill.header.names))


def _refuse_twins(bills: Sequence[BillFile], tally: Tally) -> None:
    """Refuse a file that is given twice: FOCUS has no line ids, so it would be charged twice.

    Raises:
        BillError: When two files with rows have the same content.
    """
    seen: dict[str, str] = {}
    for number, bill in enumerate(bills):
        if bill.sha256 in seen and tally.rows(number):
            raise BillError(f"{bill.name}: has the same content as {seen[bill.sha256]}; name every bill once")
        seen.setdefault(bill.sha256, bill.name)

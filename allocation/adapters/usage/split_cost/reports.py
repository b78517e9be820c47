"""Loads the rows of pods and tasks from Cost and Usage Reports, checks them, and says what they lack."""

# ruff: noqa: S608 - assembled from our own names and quoted ones
from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import duckdb

from allocation.adapters.bill.failures import explained
from allocation.adapters.bill.files.bill_file import BillFile, is_bill, opened, relation
from allocation.adapters.bill.files.staging import staged
from allocation.adapters.bill.reading import text_of
from allocation.adapters.bill.tags import TAGS, known_tags, sources_of, tags_text
from allocation.adapters.deliveries import Collected, collect
from allocation.adapters.usage.rows import UsageFileError, days_of
from allocation.charges import ChargePeriod
from allocation.engine.tables import literal
from allocation.errors import InputError
from tiers.escapes import shortened

# Of the legacy report, and of CUR 2.0.
COLUMNS: Final = {
    "split": ("splitLineItem/SplitUsage", "split_line_item_split_usage"),
    "reserved": ("splitLineItem/ReservedUsage", "split_line_item_reserved_usage"),
    "actual": ("splitLineItem/ActualUsage", "split_line_item_actual_usage"),
    "type": ("lineItem/UsageType", "line_item_usage_type"),
    "resource": ("lineItem/ResourceId", "line_item_resource_id"),
    "parent": ("splitLineItem/ParentResourceId", "split_line_item_parent_resource_id"),
    "cost": ("lineItem/UnblendedCost", "line_item_unblended_cost"),
}
"""Column of the table `split_rows` -> its names in the reports."""
_QUANTITIES: Final = ("split", "reserved", "actual")

_ROWS: Final = """
CREATE OR REPLACE TEMP TABLE split_rows (
    file VARCHAR, row_number BIGINT, line VARCHAR, tags VARCHAR, type VARCHAR,
    resource VARCHAR, starts TIMESTAMP, ends TIMESTAMP, split VARCHAR, reserved VARCHAR, actual VARCHAR,
    parent VARCHAR, cost VARCHAR)"""
MEASURE: Final = """
CASE WHEN regexp_matches(type, '-vCPU-Hours(:perCPU)?$') THEN 'cpu'
     WHEN regexp_matches(type, '-GB-Hours$') AND NOT contains(type, 'EphemeralStorage') THEN 'memory' END"""
_WRONG: Final = """
SELECT file, row_number, CASE
    WHEN starts IS NULL OR ends IS NULL OR ends <= starts THEN 'a usage interval'
    WHEN resource IS NULL THEN 'a resource id'
    ELSE 'usage of 0 or more' END
FROM split_rows
WHERE starts IS NULL OR ends IS NULL OR ends <= starts OR resource IS NULL OR NOT ({numbers})
ORDER BY file, row_number LIMIT 1"""
_TWICE: Final = """
SELECT line, COUNT(*) FROM split_rows WHERE line IS NOT NULL
GROUP BY line HAVING COUNT(*) > 1 ORDER BY line LIMIT 1"""
_COSTLY: Final = """
SELECT COUNT(*) FROM split_rows
WHERE parent IS NOT NULL AND coalesce(TRY_CAST(cost AS DECIMAL(38, 12)), 0) <> 0"""


# Of a legacy report the tags are columns of their own; the reader of bills makes one object of them.
_READ_TAGS: Final = f"""
UPDATE split_rows SET tags = coalesce(filled_tags, tags) FROM {TAGS}
WHERE file = {{file}} AND tags_text = tags"""


def load(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[str], period: ChargePeriod, folder: Path
) -> tuple[dict[str, Any], ...]:
    """Make the table `split_rows` of all rows of pods and tasks in *sources*; *folder* is for copies.

    The files are those that would be read as the bill of *period*. Returns what was left out, and why.

    Raises:
        UsageFileError: When a file cannot be read, none has such rows, a row cannot be read, or a line is
            there twice.
    """
    connection.execute(_ROWS)
    try:
        found = collect(sources, period, folder / "fetched", is_bill, lambda _: None)
        lacking = _load(connection, found, folder)
    except InputError as error:
        raise UsageFileError(str(error)) from None
    (count,) = connection.execute("SELECT COUNT(*) FROM split_rows").fetchone() or (0,)
    if not count:
        where = ", ".join((lacking or [file.name for file in found.files])[:3])
        raise UsageFileError(
            f"{where}: has no split cost allocation data; switch it on in the cost management preferences "
            f"and in the export (INCLUDE_SPLIT_COST_ALLOCATION_DATA), so that it has {COLUMNS['split'][1]}"
        )
    _refuse_wrong_rows(connection)
    return found.left_out


def _load(connection: duckdb.DuckDBPyConnection, found: Collected, folder: Path) -> list[str]:
    """Add the rows of every file; returns the names of files that have no such columns."""
    lacking = []
    for number, file in enumerate(found.files):
        place = folder / f"{number}"
        place.mkdir()
        (bill,) = staged(connection, [opened(connection, file.name, file.path, place / "bill")], place)
        if not bill.layout.name.startswith("CUR") or _column(bill, COLUMNS["split"]) is None:
            lacking.append(file.name)
            continue
        with explained(file.name):
            connection.execute(_insert(bill))
            connection.execute(known_tags({_tags_in(bill): sources_of(bill.layout, bill.header)}))
            connection.execute(_READ_TAGS.format(file=literal(file.name)))
    return lacking


def _tags_in(bill: BillFile) -> str:
    return f"(SELECT tags AS tags_text FROM split_rows WHERE file = {literal(bill.name)})"


def _column(bill: BillFile, names: tuple[str, str]) -> str | None:
    found = [column for name in names if (column := bill.header.find(name))]
    return text_of(found[0]) if found else None


def _insert(bill: BillFile) -> str:
    texts = {name: _column(bill, names) or "NULL::VARCHAR" for name, names in COLUMNS.items()}
    line = [text_of(bill.header.find(part)) for part in bill.layout.line]
    key = f"{line[0]} || chr(31) || coalesce({line[1]}, '')"
    moments = [
        f"TRY_CAST(regexp_replace({text_of(bill.header.find(name))}, '(Z|\\+00(:?00)?)$', '') AS TIMESTAMP)"
        for name in (bill.layout.start, bill.layout.end)
    ]
    return (
        f"INSERT INTO split_rows SELECT {literal(bill.name)}, file_row_number + 1, {key}, "
        f"{tags_text(sources_of(bill.layout, bill.header), text_of)}, {texts['type']}, {texts['resource']}, "
        f"{moments[0]}, {moments[1]}, {texts['split']}, {texts['reserved']}, {texts['actual']}, "
        f"{texts['parent']}, {texts['cost']} "
        f"FROM {relation([bill])} WHERE {texts['split']} IS NOT NULL"
    )


def _refuse_wrong_rows(connection: duckdb.DuckDBPyConnection) -> None:
    numbers = " AND ".join(
        f"({column} IS NULL OR coalesce(TRY_CAST({column} AS DECIMAL(38, 12)) >= 0, false))"
        for column in _QUANTITIES
    )
    if wrong := connection.execute(_WRONG.format(numbers=numbers)).fetchone():
        file, row, expected = wrong
        raise UsageFileError(
            f"{file}, row {row}: expected {expected} of a pod or task, found none that can be read"
        )
    if twice := connection.execute(_TWICE).fetchone():
        line = shortened(str(twice[0]).partition("\x1f")[0])
        raise UsageFileError(
            f"line {line}: expected once, found {twice[1]} times: give the files of one delivery, the newest"
        )


def uncovered(connection: duckdb.DuckDBPyConnection, period: ChargePeriod) -> Iterator[str]:
    """A sentence about first days without rows: perhaps the data was not switched on yet.

    Raises:
        UsageFileError: When there are no rows at all, or none of a later day.
    """
    spans = connection.execute("SELECT DISTINCT starts, ends FROM split_rows").fetchall()
    utc = [(one.replace(tzinfo=UTC), other.replace(tzinfo=UTC)) for one, other in spans]
    if not utc:
        raise UsageFileError(f"the reports have no split cost allocation data of {period.start:%Y-%m}")
    first = min(one for one, _ in utc)
    without = [
        day.start
        for day in days_of(period)
        if not any(one < day.end and day.start < other for one, other in utc)
    ]
    lost: list[datetime] = [day for day in without if day > first]
    if lost:
        raise UsageFileError(
            f"the reports have split cost allocation data from {first:%Y-%m-%d} on and none of "
            f"{lost[0]:%Y-%m-%d}; give all files of the month"
        )
    if without:
        yield f"no split cost allocation data before {first:%Y-%m-%d}: {len(without)} days have no row"


def other_measures(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """A sentence about each usage type that is of no driver, such as accelerators."""
    others = f"SELECT type, COUNT(*) FROM split_rows WHERE {MEASURE} IS NULL GROUP BY type ORDER BY type"
    for kind, count in connection.execute(others).fetchall():
        yield f"{count} rows of usage type {shortened(str(kind))} are left out: neither vCPU nor memory"


def costs(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """A sentence if rows of pods on an instance have a cost: a bill would count it besides the instance's.

    Tasks on Fargate have no instance, and their cost is their own.
    """
    counted = connection.execute(_COSTLY).fetchone()
    if counted and counted[0]:
        yield (
            f"{counted[0]} rows of pods or tasks on an instance have an unblended cost of their own, "
            "which a bill counts besides the instance's"
        )

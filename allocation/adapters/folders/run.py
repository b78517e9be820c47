"""The folder of a run: statement, manifest and the tables for `costack explain`, complete or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb

from allocation.adapters.folders.charges import CHARGES, charge_rows, charges_in
from allocation.billed.availability.itemised import AVAILABILITY, AVAILABILITY_COLUMNS, divide_lines
from allocation.engine import tables
from allocation.engine.earlier.filed_shares import FILED_SHARE
from allocation.engine.shapes import make_charged
from allocation.errors import AllocationError
from tiers import files as given

MANIFEST: Final = "manifest.json"
# The tables that explain a figure, in an order set by their content, so that a rerun writes the same bytes.
_KEPT: Final[Mapping[str, str]] = {
    "shape": "shape",
    "decision": "shape",
    "known_resource": "resource_id, fact",
    "driver_part": "pool, purpose, driver",
    "origin": "origin",
    "slot": "slot",
    "share": "tenant, origin, via, part",
    "settlement": "origin, via, part, tenant",
    "usage": "tenant, driver, period_start, period_end, quantity",
    "refused": "source, row_number, rule",
    "usage_refused": "source, row_number, rule",
    "filed_share": "month, pool, part, tenant",
    AVAILABILITY: "charge",
}
# What later versions know of a row, and a run of an earlier one does not say.
_COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "charge": tables.columns_of(tables.CHARGE),
    "origin": tables.columns_of(tables.ORIGIN) | {"slot": "BIGINT"},
    "slot": {"other_month": "VARCHAR"},
}
_LATER_TABLES: Final = {"filed_share": FILED_SHARE, AVAILABILITY: AVAILABILITY_COLUMNS}


@contextmanager
def new_run(target: Path) -> Iterator[Path]:
    """A folder to write a run into; it replaces *target* only if everything succeeds.

    Raises:
        AllocationError: When *target* exists and is no earlier run or report.
    """
    if target.exists() and not (target / MANIFEST).is_file():
        raise AllocationError(
            f"{target}: exists and was not written by costack; name another folder, or remove it"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    working, old = (target.with_name(f".{target.name}.{word}") for word in ("writing", "replaced"))
    for leftover in (working, old):
        shutil.rmtree(leftover, ignore_errors=True)
    working.mkdir()
    try:
        yield working
        if target.exists():
            target.rename(old)
        working.rename(target)
    finally:
        for leftover in (working, old):
            shutil.rmtree(leftover, ignore_errors=True)


def keep_tables(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Write the tables that explain the statement; the charges are written before."""
    for name, order in _KEPT.items():
        path = tables.literal(folder / f"{name}.parquet")
        connection.execute(
            f"COPY (SELECT * FROM {name} ORDER BY {order}) TO {path} ({tables.PARQUET})"  # noqa: S608 - names of our own
        )


def write_json(path: Path, document: Mapping[str, Any], *, indent: int | None = 2) -> None:
    """Write *document* so that equal documents are equal bytes.

    Without *indent* a document of hundreds of thousands of lines takes a tenth of the time.
    """
    path.write_text(json_text(document, indent=indent), encoding="utf-8")


def json_text(document: Mapping[str, Any], *, indent: int | None = 2) -> str:
    """*document* as JSON: equal documents are equal text."""
    return json.dumps(document, indent=indent, sort_keys=True) + "\n"


def read_json(path: Path) -> dict[str, Any]:
    """The document in *path*.

    Raises:
        AllocationError: When it does not exist or is no JSON object.
    """
    try:
        document = given.read_json(path)
    except given.UnreadableError as error:
        raise AllocationError(str(error)) from None
    if not isinstance(document, dict):
        raise AllocationError(f"{path}: expected a JSON object, found {type(document).__name__}")
    return document


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def opened_run(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables of an earlier run, read in place.

    Raises:
        AllocationError: When *folder* holds none.
    """
    if not (folder / MANIFEST).is_file():
        raise AllocationError(
            f"{folder}: holds no run; create one with `costack allocate --bill BILL --out {folder}`"
        )
    connection = duckdb.connect()
    try:
        for name in ("charge", *_KEPT):
            _open_table(connection, name, folder)
        divide_lines(connection)
        make_charged(connection)
        yield connection
    except duckdb.IOException as error:
        raise AllocationError(f"{folder}: is incomplete: {str(error).splitlines()[0]}") from None
    finally:
        connection.close()


def _open_table(connection: duckdb.DuckDBPyConnection, name: str, folder: Path) -> None:
    file = folder / f"{name}.parquet"
    if name in _LATER_TABLES and not file.is_file():
        tables.create(connection, name, _LATER_TABLES[name])
        return
    rows = f"SELECT * FROM read_parquet({tables.literal(file)})"  # noqa: S608 - a path, quoted
    if name == "charge":
        rows = charge_rows(charges_in(folder) or [folder / CHARGES])
    found = {row[0] for row in connection.execute(f"DESCRIBE {rows}").fetchall()}
    later = "".join(
        f", CAST(NULL AS {kind}) AS {column}"
        for column, kind in _COLUMNS.get(name, {}).items()
        if column not in found
    )
    connection.execute(f"CREATE VIEW {name} AS SELECT *{later} FROM ({rows})")  # noqa: S608 - names of our own

"""Writes a FOCUS file, streamed by DuckDB; the file appears only when it is complete."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

import duckdb

from allocation.adapters.focus.context import prepared, refuse_what_does_not_add_up
from allocation.adapters.focus.lines import OF_A_KIND
from allocation.adapters.focus.rows import kinds_sql, part_sql, rows_sql, shares_sql
from allocation.adapters.focus.run import FocusError, FocusRun, FocusVersion
from allocation.engine.attribution import Decision
from allocation.engine.kinds import columns_by_kind, make_enumerated
from allocation.engine.tables import LARGEST_PART, PARQUET, copy_all, in_order, literal

_PARTIAL: Final = ".partial"
_CSV: Final = "FORMAT csv, HEADER, DELIMITER ',', QUOTE '\"', ESCAPE '\"', NULLSTR ''"


def write_focus(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    version: FocusVersion,
    run: FocusRun,
    *,
    csv: bool = False,
) -> Path:
    """Write the allocation on *connection* to *folder*/billing_period=YYYY-MM/focus-VERSION.parquet.

    Costs are DECIMAL(38, 10), moments UTC. Rows stream through DuckDB, which spills to disk past its memory
    limit. With *csv* the same rows also go to a `.csv` beside it.

    Args:
        connection: Holds `charge`, `charged` (charges with their assignment), `origin`, `share`,
            `tenant_tags(tenant, name, tags)` with the cost tags of each tenant as a JSON object, and
            `rulebook_pool(pool, driver, driver_unit, method_id)`.
        folder: Is made when it is not there; a file of an earlier run is replaced.
        version: Of FOCUS.
        run: What the rows have in common.
        csv: Whether to write a CSV, too.

    Returns:
        Where the Parquet file is; of a large month the first of several, which have a million charges each
        and the shares in the last.

    Raises:
        FocusError: When rows and charges do not add up to the same, or the file cannot be written; what was
            there before stays as it was.
    """
    partition = folder / f"billing_period={run.month}"
    target = partition / f"focus-{version}.parquet"
    copies: dict[Path, str] = {}
    try:
        partition.mkdir(parents=True, exist_ok=True)
        with prepared(connection, run):
            refuse_what_does_not_add_up(connection)
            copies = _rows(connection, target, version, run)
            if csv:
                rows = rows_sql(version, as_text=True, converts=run.converts)
                copies[target.with_suffix(".csv")] = f"({rows}) TO {{path}} ({_CSV})"
            with in_order(connection) as threads:
                copy_all(connection, {_partial(path): copy for path, copy in copies.items()}, threads)
        for path in (*partition.glob(f"focus-{version}*"),):
            if path not in copies and not path.name.endswith(_PARTIAL):
                path.unlink()
        for path in copies:
            _partial(path).replace(path)
    except (duckdb.Error, OSError) as error:
        raise FocusError(f"{target}: cannot be written: {error}") from error
    finally:
        for path in copies:
            with suppress(OSError):
                _partial(path).unlink()
    return next(iter(copies))


def _rows(
    connection: duckdb.DuckDBPyConnection, target: Path, version: FocusVersion, run: FocusRun
) -> dict[Path, str]:
    """What to copy into each file: one has all rows, or several have the charges and the last the shares."""
    form = _parquet(version, run)
    (charges,) = connection.execute("SELECT COALESCE(MAX(charge), 0) FROM charge").fetchall()[0]
    if charges <= LARGEST_PART or not columns_by_kind(connection) >= OF_A_KIND.difference(Decision._fields):
        rows = rows_sql(version, converts=run.converts)
        return {target: f"({rows}) TO {{path}} ({form})"}
    make_enumerated(connection, "focus_kind", kinds_sql(version, converts=run.converts))
    parts = [
        part_sql(version, first, first + LARGEST_PART - 1, converts=run.converts)
        for first in range(1, charges + 1, LARGEST_PART)
    ]
    if connection.execute("SELECT 1 FROM share LIMIT 1").fetchall():
        parts.append(shares_sql(version, converts=run.converts))
    return {
        target.with_name(f"{target.stem}-{number:05}.parquet"): f"({part}) TO {{path}} ({form})"
        for number, part in enumerate(parts, 1)
    }


def _partial(path: Path) -> Path:
    return path.with_name(path.name + _PARTIAL)


def _parquet(version: FocusVersion, run: FocusRun) -> str:
    said = f"{{focus_version: {literal(version)}, costack_run: {literal(run.run_id)}}}"
    return f"{PARQUET}, KV_METADATA {said}"

"""Writes a FOCUS file, streamed by DuckDB; the file appears only when it is complete."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

import duckdb

from allocation.adapters.focus.context import prepared, refuse_what_does_not_add_up
from allocation.adapters.focus.rows import rows_sql
from allocation.adapters.focus.run import FocusError, FocusRun, FocusVersion
from allocation.engine.tables import in_order

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
        Where the Parquet file is.

    Raises:
        FocusError: When rows and charges do not add up to the same, or the file cannot be written; what was
            there before stays as it was.
    """
    partition = folder / f"billing_period={run.month}"
    target = partition / f"focus-{version}.parquet"
    options = {target: _parquet(version, run)}
    if csv:
        options[target.with_suffix(".csv")] = _CSV
    try:
        partition.mkdir(parents=True, exist_ok=True)
        with prepared(connection, run), in_order(connection):
            refuse_what_does_not_add_up(connection)
            for path, form in options.items():
                rows = rows_sql(version, as_text=path.suffix == ".csv", converts=run.converts)
                connection.execute(f"COPY ({rows}) TO {_quoted(str(_partial(path)))} ({form})")
        for path in options:
            _partial(path).replace(path)
    except (duckdb.Error, OSError) as error:
        raise FocusError(f"{target}: cannot be written: {error}") from error
    finally:
        for path in options:
            with suppress(OSError):
                _partial(path).unlink()
    return target


def _partial(path: Path) -> Path:
    return path.with_name(path.name + _PARTIAL)


def _parquet(version: FocusVersion, run: FocusRun) -> str:
    said = f"{{focus_version: {_quoted(version)}, costack_run: {_quoted(run.run_id)}}}"
    return f"FORMAT parquet, COMPRESSION zstd, KV_METADATA {said}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

"""Writes a FOCUS file of which an engine writes the lines of groups; the driver writes the rest."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb

from allocation.adapters.distributed.answer import answer_files
from allocation.adapters.distributed.focus_lines import GROUPED, templates_sql
from allocation.adapters.focus.context import prepared, refuse_what_does_not_add_up
from allocation.adapters.focus.rows import rows_sql
from allocation.adapters.focus.run import FocusError, FocusRun, FocusVersion
from allocation.engine.tables import PARQUET, literal

Lines = Callable[[Path, FocusVersion, Path], None]
"""Writes the lines by the template in the first path as Parquet files into the folder of the second."""
_PARTIAL: Final = ".partial"


def write_grouped(  # noqa: PLR0917 - as `write_focus`, and who writes the lines
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    version: FocusVersion,
    run: FocusRun,
    lines: Lines,
    workplace: Path,
) -> list[Path]:
    """Write the allocation to *folder*/billing_period=YYYY-MM/focus-VERSION-NNNNN.parquet.

    The first file has what the driver knows line by line, and all shares; the others are the engine's.

    Raises:
        FocusError: When rows and charges do not add up, or a file cannot be written; what was there before
            stays as it was.
    """
    partition = folder / f"billing_period={run.month}"
    made = workplace / f"focus-{version}{_PARTIAL}"
    try:
        partition.mkdir(parents=True, exist_ok=True)
        (made / "lines").mkdir(parents=True)
        with prepared(connection, run):
            refuse_what_does_not_add_up(connection)
            rest = rows_sql(version, only=f"NOT ({GROUPED})")
            for name, sql in (("rest", rest), ("template", templates_sql(version))):
                connection.execute(f"COPY ({sql}) TO {literal(made / f'{name}.parquet')} ({PARQUET})")
        lines(made / "template.parquet", version, made / "lines")
        for old in partition.glob(f"focus-{version}*"):
            old.unlink()
        files = [made / "rest.parquet", *answer_files(made / "lines")]
        paths = [partition / f"focus-{version}-{number:05}.parquet" for number in range(1, len(files) + 1)]
        for file, path in zip(files, paths, strict=True):
            shutil.move(file, path)
    except (duckdb.Error, OSError) as error:
        raise FocusError(f"{partition}: cannot be written: {error}") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return paths

"""The folder and the database that a run works in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb

from allocation.adapters.folders.run import new_run
from allocation.engine import tables

_MEMORY: Final = "1200MB"


@contextmanager
def workplace(out: Path | None) -> Iterator[Path]:
    """The folder *out*, written completely or not at all; without one a folder that is removed."""
    with new_run(out) if out else TemporaryDirectory(prefix="costack-") as folder:
        Path(folder).chmod(0o700)  # it holds every row of the bill
        yield Path(folder)


@contextmanager
def connected(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A temporary database on disk beside the run, for data larger than memory.

    It is read by this connection only and removed with it. So it keeps no log for a crash and is not made
    whole in the end: sixty small tables take half of the processor's time, and no wait for the disk.
    """
    with TemporaryDirectory(prefix=".work-", dir=folder) as work:
        connection = duckdb.connect(config={"fsync_mode": "NONE"})
        try:
            file = tables.literal(Path(work) / "run.duckdb")
            connection.execute(f"ATTACH {file} AS work (RECOVERY_MODE no_wal_writes)")
            connection.execute("USE work")
            connection.execute("PRAGMA disable_checkpoint_on_shutdown")
            connection.execute(f"SET memory_limit = '{_MEMORY}'")
            connection.execute("SET temp_directory = ?", [str(Path(work) / "spill")])
            yield connection
        finally:
            connection.close()


def text_table(
    connection: duckdb.DuckDBPyConnection, name: str, columns: str, rows: Sequence[Sequence[object]]
) -> None:
    """Make the table *name* of text, with *columns* separated by spaces."""
    table = ", ".join(f"{column} VARCHAR" for column in columns.split())
    tables.create(connection, name, table)
    tables.insert(connection, name, table, rows)

"""The files of a run's charges: one, or of a large month several, which are written side by side."""

# ruff: noqa: S608 - SQL is assembled from quoted paths
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from allocation.engine.tables import literal

CHARGES: Final = "charges.parquet"


def charge_files(count: int) -> list[str]:
    """The names of *count* files: `charges.parquet` alone, or `charges-00001.parquet` and so on."""
    return [CHARGES] if count == 1 else [f"charges-{number:05}.parquet" for number in range(1, count + 1)]


def charges_in(folder: Path) -> list[Path]:
    """The files of charges in *folder*, in the order of their charges."""
    return sorted(folder.glob("charges*.parquet"))


def charge_rows(files: Sequence[Path]) -> str:
    """SQL of the rows of *files*, which have the columns of `tables.CHARGE`, or of an earlier version.

    A line that the bill does not name is named here: to write ten million made names takes a second.
    """
    rows = f"read_parquet([{', '.join(map(literal, files))}], hive_partitioning = false)"
    return f"SELECT * REPLACE ({line_name('source')} AS line_id) FROM {rows}"


def line_name(source: str) -> str:
    """SQL of the name of a line of the file *source*, which is SQL too."""
    return f"coalesce(line_id, {source} || ':' || row_number)"

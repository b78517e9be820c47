from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from allocation.adapters.bill import BillError
from allocation.adapters.bill.batches import ask, batches_of
from allocation.adapters.bill.files.bill_file import BillFile, opened
from tests.allocation.adapters.bill.written import FOCUS, NOVEMBER, PLAIN, bill


def bills(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[BillFile]:
    """Two of one shape, one of another, and one of the first again."""
    files = [
        bill(folder / "a.csv", [FOCUS]),
        bill(folder / "b.csv", [FOCUS, FOCUS]),
        bill(folder / "c.csv", [PLAIN]),
        bill(folder / "d.csv", [FOCUS, FOCUS, FOCUS]),
    ]
    return [opened(connection, file.name, file, folder / f"staged-{file.stem}") for file in files]


def parquet_bills(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[BillFile]:
    made = []
    for name in "ab":
        file = folder / f"{name}.parquet"
        rows = f"read_csv('{bill(folder / f'{name}.csv', [FOCUS])}', all_varchar = true)"
        connection.execute(f"COPY (FROM {rows}) TO '{file}' (FORMAT parquet)")
        made.append(opened(connection, file.name, file, folder / f"staged-{name}"))
    return made


def test_files_of_one_shape_that_follow_each_other_are_read_together(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        batches = batches_of(bills(connection, tmp_path), NOVEMBER, "USD")
    assert [(batch.first, [file.name for file in batch.files]) for batch in batches] == [
        (0, ["a.csv", "b.csv"]),
        (2, ["c.csv"]),
        (3, ["d.csv"]),
    ]


def test_of_many_files_the_damaged_one_is_named(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        batches = batches_of(parquet_bills(connection, tmp_path), NOVEMBER, "USD")
        assert [len(batch.files) for batch in batches] == [2]
        damaged = batches[0].files[1].path
        damaged.write_bytes(damaged.read_bytes()[:-20])
        with pytest.raises(BillError, match=r"^b\.parquet: is not a whole Parquet file"):
            ask(connection, batches, "SELECT error('something')")

"""FOCUS of a large month: several files that hold what one file would, row for row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from allocation.adapters.bill import kinds
from allocation.adapters.focus import writer
from allocation.adapters.focus.run import FocusVersion
from tests.allocation.test_focus_read_back import allocated
from tests.allocation.test_golden import GOLDEN

SCENARIO = "small-firm-shared"
BILL = GOLDEN / SCENARIO / "bill.csv"


def written(out: Path, version: FocusVersion) -> list[Path]:
    allocated(SCENARIO, (BILL,), out=out, focus=(version,))
    return sorted((out / "focus").rglob("focus-*.parquet"))


def rows(files: list[Path]) -> list[tuple[Any, ...]]:
    read = "SELECT * FROM read_parquet(?, hive_partitioning = false) ORDER BY ALL"
    return duckdb.execute(read, [[str(file) for file in files]]).fetchall()


@pytest.mark.whole("they are read back as one bill below")
@pytest.mark.sample(1)
@pytest.mark.parametrize("version", list(FocusVersion))
def test_parts_hold_what_one_file_holds(
    version: FocusVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (whole,) = written(tmp_path / "whole", version)
    monkeypatch.setattr(kinds, "_FEW_ROWS", 0)
    monkeypatch.setattr(writer, "LARGEST_PART", 10)
    parts = written(tmp_path / "parts", version)
    assert [part.name for part in parts] == [
        f"focus-{version}-{number:05}.parquet" for number in range(1, len(parts) + 1)
    ]
    assert len(parts) > 2
    assert rows(parts) == rows([whole]) != []
    describe = "DESCRIBE SELECT * FROM read_parquet(?)"
    described = [duckdb.execute(describe, [str(part)]).fetchall() for part in parts]
    assert {str(one) for one in described} == {str(described[0])}
    before = [part.read_bytes() for part in parts]
    assert [part.read_bytes() for part in written(tmp_path / "parts", version)] == before


def test_parts_are_read_back_as_one_bill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = allocated(SCENARIO, (BILL,))
    monkeypatch.setattr(kinds, "_FEW_ROWS", 0)
    monkeypatch.setattr(writer, "LARGEST_PART", 10)
    parts = written(tmp_path / "run", FocusVersion.V1_3)
    again = allocated(SCENARIO, (parts[0].parent,))
    assert replace(again.statement, items=()) == replace(first.statement, items=())


@pytest.mark.whole("the same writer is tried in tests/allocation/adapters/bill/test_charge_parts")
def test_one_file_takes_the_place_of_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_FEW_ROWS", 0)
    with monkeypatch.context() as small:
        small.setattr(writer, "LARGEST_PART", 10)
        assert len(written(tmp_path / "run", FocusVersion.V1_3)) > 2
    assert [file.name for file in written(tmp_path / "run", FocusVersion.V1_3)] == ["focus-1.3.parquet"]

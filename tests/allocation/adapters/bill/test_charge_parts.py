"""Charges of a large month: several files that hold what one would, row for row."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import duckdb
import pytest

from allocation.adapters.bill import BillError, ingest, kinds, writing
from allocation.adapters.folders.charges import charges_in
from allocation.adapters.folders.run import opened_run
from allocation.engine.tables import copy_all
from tests.allocation.adapters.bill.written import FOCUS, NOVEMBER, PLAIN, bill, fetched, parquet
from tests.allocation.test_focus_read_back import allocated
from tests.allocation.test_golden import GOLDEN


def bills(folder: Path, form: str) -> list[Path]:
    """Files of 7, 40, 0, 3 and 25 rows in two formats; every third row of the second is refused."""
    focus = [
        bill(
            folder / f"{number}.csv",
            [
                FOCUS
                | {"ServiceName": f"service {row % 4}", "ChargeDescription": f"{number} {row}"}
                | {"BillingCurrency": "EUR" if refused and row % 3 == 0 else "USD"}
                for row in range(rows)
            ],
        )
        for number, rows, refused in ((0, 7, False), (1, 40, True), (2, 3, False))
    ]
    plain = bill(folder / "3.csv", [PLAIN | {"id": str(row)} for row in range(25)])
    empty = folder / "9.csv"
    empty.write_text(focus[0].read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    files = [*focus[:2], empty, focus[2], plain]
    return files if form == "csv" else [parquet(file) for file in files]


def charges(files: list[Path], into: Path) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        ingest(connection, files, NOVEMBER, "USD", into=into, parts=True)
        left = connection.execute("SELECT table_name FROM information_schema.tables ORDER BY 1").fetchall()
        assert left == [("charge",), ("charge_kind",), ("refused",)]
        return fetched(connection, "SELECT * EXCLUDE (kind) FROM charge ORDER BY charge")


@pytest.mark.sample(1)
@pytest.mark.parametrize("few_rows", [0, 10_000])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_parts_hold_what_one_file_holds(
    form: str, few_rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = bills(tmp_path / "bills", form)
    monkeypatch.setattr(kinds, "_FEW_ROWS", few_rows)
    whole = charges(files, tmp_path / "whole")
    monkeypatch.setattr(writing, "LARGEST_PART", 10)
    assert charges(files, tmp_path / "parts") == whole != []
    parts = charges_in(tmp_path / "parts")
    # 7 rows, four of the 40, the 3 of the next file, three of the 25.
    assert [part.name for part in parts] == [f"charges-{number:05}.parquet" for number in range(1, 10)]
    sizes = [duckdb.execute("SELECT count(*) FROM read_parquet(?)", [str(part)]).fetchall() for part in parts]
    assert sum(size for ((size,),) in sizes) == len(whole)
    assert max(size for ((size,),) in sizes) <= 10
    before = [part.read_bytes() for part in parts]
    charges(files, tmp_path / "parts")
    assert [part.read_bytes() for part in charges_in(tmp_path / "parts")] == before


@pytest.mark.whole("test_writing writes a second time into the place of the first")
def test_one_file_takes_the_place_of_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = bills(tmp_path / "bills", "csv")
    with monkeypatch.context() as small:
        small.setattr(writing, "LARGEST_PART", 10)
        charges(files, tmp_path / "run")
    assert len(charges_in(tmp_path / "run")) == 9
    charges(files, tmp_path / "run")
    assert [file.name for file in charges_in(tmp_path / "run")] == ["charges.parquet"]


@pytest.mark.whole("test_files names each file that is no bill")
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is opened for every part; here it disappears before the first is written."""
    files = bills(tmp_path / "bills", "parquet")
    monkeypatch.setattr(writing, "LARGEST_PART", 10)

    def cut(*given: Any) -> None:
        files[1].write_bytes(files[1].read_bytes()[:200])
        copy_all(*given)

    monkeypatch.setattr(writing, "copy_all", cut)
    with pytest.raises(BillError, match=r"^1\.parquet: "):
        charges(files, tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.whole("parts are read as one file in each test here")
def test_a_run_with_parts_is_explained_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = GOLDEN / "small-firm-shared"
    monkeypatch.setattr(writing, "LARGEST_PART", 10)
    allocated("small-firm-shared", (scenario / "bill.csv",), out=tmp_path / "run")
    assert len(charges_in(tmp_path / "run")) > 2
    with opened_run(tmp_path / "run") as connection:
        rows = fetched(connection, "SELECT charge, line_id, source, row_number FROM charged ORDER BY charge")
    assert [row["charge"] for row in rows] == list(range(1, len(rows) + 1))
    assert all(row["line_id"] for row in rows)


def test_what_a_bill_does_not_name_is_named_where_it_is_read(tmp_path: Path) -> None:
    files = [bill(tmp_path / "focus.csv", [FOCUS, FOCUS]), bill(tmp_path / "own.csv", [PLAIN])]
    read = charges(files, tmp_path / "run")
    assert [charge["line_id"] for charge in read] == ["focus.csv:1", "focus.csv:2", "1"]
    (file,) = charges_in(tmp_path / "run")
    stored = duckdb.execute("SELECT line_id FROM read_parquet(?) ORDER BY charge", [str(file)]).fetchall()
    assert stored == [(None,), (None,), ("1",)]


def test_files_staged_alone_and_together_are_one_batch(tmp_path: Path) -> None:
    """A compressed file between plain ones of the same columns is staged alone."""
    rows = [[FOCUS | {"ServiceName": f"service {number}"}] * (number + 1) for number in range(5)]
    files = [bill(tmp_path / f"{number}.csv", each) for number, each in enumerate(rows)]
    packed = tmp_path / "2.csv.gz"
    packed.write_bytes(gzip.compress(files[2].read_bytes()))
    read = charges([files[0], files[1], packed, files[3], files[4]], tmp_path / "run")
    assert [(charge["source"], charge["row_number"], charge["service"]) for charge in read] == [
        (packed.name if number == 2 else f"{number}.csv", row + 1, f"service {number}")
        for number in range(5)
        for row in range(number + 1)
    ]

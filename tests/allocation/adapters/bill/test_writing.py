from __future__ import annotations

import random
import re
from pathlib import Path

import duckdb
import pytest

from allocation.adapters.bill import BillError, ingest
from allocation.engine.tables import CHARGE, columns_of
from tests.allocation.adapters.bill.written import FOCUS, NOVEMBER, PLAIN, bill, read


def test_charges_are_numbered_without_gaps_in_the_order_of_the_input(tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311
    files, expected = [], []
    for number, share in enumerate((0, 0.5, 1, 0.02)):
        refused = [chance.random() < share for _ in range(300)]
        rows = [{**FOCUS, "BillingCurrency": "EUR" if wrong else "USD"} for wrong in refused]
        files.append(bill(tmp_path / f"{number}.csv", [*rows, {**FOCUS, "ChargePeriodEnd": f"day {number}"}]))
        expected += [(f"{number}.csv", row + 1) for row, wrong in enumerate(refused) if not wrong]
    files.insert(2, bill(tmp_path / "plain.csv", [PLAIN]))
    expected.insert([name for name, _ in expected].index("3.csv"), ("plain.csv", 1))
    expected.sort(key=lambda each: [file.name for file in files].index(each[0]))
    done = read(*files, parts=True)
    assert [charge["charge"] for charge in done.charges] == list(range(1, len(expected) + 1))
    assert [(charge["source"], charge["row_number"]) for charge in done.charges] == expected
    assert len(done.refused) == done.intake.rows - len(expected)


def test_a_file_of_charges_and_a_table_hold_the_same(tmp_path: Path) -> None:
    file = bill(tmp_path / "bill.csv", [FOCUS, {**FOCUS, "BilledCost": "-1"}])
    kept = [{**charge} for charge in read(file, into=tmp_path / "out").charges]
    assert {charge.pop("kind") for charge in kept} == {1}
    assert kept == read(file).charges
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["charges.parquet"]


def test_charge_has_the_columns_of_the_contract(tmp_path: Path) -> None:
    file = bill(tmp_path / "bill.csv", [FOCUS])
    for into in (None, tmp_path / "out"):
        with duckdb.connect() as connection:
            ingest(connection, [file], NOVEMBER, "USD", into=into)
            described = connection.execute("DESCRIBE charge").fetchall()
            # Texts with few values may be of an enumerated type; charges in a file have kinds.
            columns = {row[0]: re.sub(r"ENUM.*", "VARCHAR", row[1]).replace(",", ", ") for row in described}
            assert columns.pop("kind", None) == (None if into is None else "BIGINT")
            assert columns == columns_of(CHARGE)
            assert list(columns) == list(columns_of(CHARGE))


def test_a_second_ingestion_takes_the_place_of_the_first(tmp_path: Path) -> None:
    one, two = bill(tmp_path / "a.csv", [FOCUS]), bill(tmp_path / "b.csv", [FOCUS, FOCUS])
    with duckdb.connect() as connection:
        for file, into, rows in (
            (one, None, 1),
            (two, tmp_path / "x", 2),
            (one, tmp_path / "x", 1),
            (two, None, 2),
        ):
            ingest(connection, [file], NOVEMBER, "USD", into=into)
            assert connection.execute("SELECT count(*) FROM charge").fetchall() == [(rows,)]
        connection.execute("DROP TABLE charge_kind")
        tables = connection.execute("SELECT table_name FROM information_schema.tables ORDER BY 1").fetchall()
        assert tables == [("charge",), ("refused",)]


def test_no_files_make_no_charges(tmp_path: Path) -> None:
    for into in (None, tmp_path / "out"):
        with duckdb.connect() as connection:
            assert ingest(connection, [], NOVEMBER, "USD", into=into).charges == 0
            assert connection.execute("SELECT count(*) FROM charge").fetchall() == [(0,)]


def test_a_place_that_is_taken_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out" / "charges.parquet" / "x").mkdir(parents=True)
    with pytest.raises(BillError, match=r"charges\.parquet: cannot be written"):
        read(bill(tmp_path / "bill.csv", [FOCUS]), into=tmp_path / "out")

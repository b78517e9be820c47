from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from allocation.adapters.focus import writer
from allocation.adapters.focus.run import FocusError, FocusVersion
from allocation.adapters.focus.writer import write_focus
from tests.allocation.adapters.focus.sample import RUN, allocated

V = FocusVersion.V1_3


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    fresh = duckdb.connect()
    allocated(fresh)
    return fresh


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_every_version_has_a_file_in_the_partition_of_its_month(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for version in FocusVersion:
        write_focus(connection, tmp_path / "out", version, RUN)
    assert files(tmp_path) == [f"out/billing_period=2026-10/focus-1.{each}.parquet" for each in (2, 3, 4)]


def test_money_is_exact_and_moments_are_utc(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write_focus(connection, tmp_path, V, RUN)
    types = dict(
        duckdb.execute(
            "SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet(?))", [str(path)]
        ).fetchall()
    )
    assert {types[cost] for cost in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")} == {
        "DECIMAL(38,10)"
    }
    assert types["ChargePeriodStart"] == types["BillingPeriodEnd"] == "TIMESTAMP WITH TIME ZONE"
    assert "DOUBLE" not in types.values()


def test_parquet_and_csv_say_the_same(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write_focus(connection, tmp_path, V, RUN, csv=True)
    with path.with_suffix(".csv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    table = duckdb.execute("SELECT * FROM read_parquet(?, hive_partitioning = false)", [str(path)])
    names = [column[0] for column in table.description or ()]
    assert list(lines[0]) == names
    for line, row in zip(lines, table.fetchall(), strict=True):
        for name, value in zip(names, row, strict=True):
            text = line[name]
            if value is None:
                assert text == ""
            elif isinstance(value, Decimal | int):
                assert Decimal(text) == value
                assert "E" not in text.upper()
            elif isinstance(value, str):
                assert text == value
            else:
                assert text == f"{value:%Y-%m-%dT%H:%M:%SZ}"


def test_the_same_run_writes_the_same_bytes(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    first = write_focus(connection, tmp_path / "a", V, RUN, csv=True)
    second = write_focus(connection, tmp_path / "b", V, RUN, csv=True)
    assert first.read_bytes() == second.read_bytes()
    assert first.with_suffix(".csv").read_bytes() == second.with_suffix(".csv").read_bytes()


def test_the_file_says_its_version_and_its_run(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write_focus(connection, tmp_path, V, RUN)
    said = duckdb.execute("SELECT key, value FROM parquet_kv_metadata(?)", [str(path)]).fetchall()
    assert dict(said) == {b"focus_version": b"1.3", b"costack_run": b"2026-10-a1b2"}


def test_a_folder_with_a_quote_in_its_name_is_a_folder(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    assert write_focus(connection, tmp_path / "o'neill; DROP", V, RUN).is_file()


def test_an_allocation_that_does_not_add_up_leaves_the_old_file_alone(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = write_focus(connection, tmp_path, V, RUN)
    before = path.read_bytes()
    connection.execute("UPDATE share SET billed = billed + 1 WHERE origin = 1")
    with pytest.raises(FocusError, match="shared charge 1"):
        write_focus(connection, tmp_path, V, RUN, csv=True)
    assert files(tmp_path) == ["billing_period=2026-10/focus-1.3.parquet"]
    assert path.read_bytes() == before


def test_a_failure_half_way_leaves_nothing(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_CSV", "FORMAT csv, NO_SUCH_OPTION")
    with pytest.raises(FocusError, match=r"focus-1\.3\.parquet: cannot be written: .*no_such_option"):
        write_focus(connection, tmp_path, V, RUN, csv=True)
    assert files(tmp_path) == []
    assert {name for (name,) in connection.execute("SHOW TABLES").fetchall()} == {
        "assignment",
        "charge",
        "charged",
        "origin",
        "rulebook_pool",
        "share",
        "tenant_tags",
    }


def test_a_folder_that_is_a_file_is_one_sentence(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("here first", encoding="utf-8")
    with pytest.raises(FocusError, match="cannot be written"):
        write_focus(connection, tmp_path / "file", V, RUN)
    assert files(tmp_path) == ["file"]


def test_a_run_without_any_charge_is_an_empty_file(tmp_path: Path) -> None:
    connection = duckdb.connect()
    allocated(connection)
    for table in ("charge", "assignment", "origin", "share"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
    path = write_focus(connection, tmp_path, V, RUN)
    assert duckdb.execute("SELECT COUNT(*) FROM read_parquet(?)", [str(path)]).fetchone() == (0,)

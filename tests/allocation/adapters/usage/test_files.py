from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from allocation.adapters.usage.files import load_text
from allocation.adapters.usage.rows import UsageError

HEADER = "tenant,driver,start,end,quantity"
ROW = "acme,users,2026-10-01,2026-10-02,1"


def written(folder: Path, data: bytes | str, name: str = "usage.csv") -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def loaded(*files: Path) -> list[tuple[object, ...]]:
    connection = duckdb.connect()
    count = load_text(connection, files)
    rows = connection.execute("FROM usage_text").fetchall()
    assert len(rows) == count
    return rows


def test_rows_keep_the_order_of_files_and_their_numbers(tmp_path: Path) -> None:
    one = written(tmp_path, f"{HEADER}\n{ROW}\n{ROW}\n", "b.csv")
    two = written(tmp_path, f"{HEADER}\r\n{ROW}", "a.csv")
    text = ("acme", "users", "2026-10-01", "2026-10-02", "1")
    assert loaded(one, two) == [(0, "b.csv", 1, *text), (0, "b.csv", 2, *text), (1, "a.csv", 1, *text)]


def test_columns_are_found_by_name_and_others_do_not_matter(tmp_path: Path) -> None:
    text = (
        f"\ufeffquantity,,end,start,note,note,driver,tenant\n1,x,2026-10-02,2026-10-01,,,users,{'é' * 300}\n"
    )
    (row,) = loaded(written(tmp_path, text))
    assert row[3:] == ("é" * 300, "users", "2026-10-01", "2026-10-02", "1")


def test_a_name_with_glob_signs_is_that_file_only(tmp_path: Path) -> None:
    written(tmp_path, f"{HEADER}\nother,users,2026-10-01,2026-10-02,1\n", "a1.csv")
    star = written(tmp_path, f"{HEADER}\n{ROW}\n", "a[1].csv")
    assert [row[3] for row in loaded(star)] == ["acme"]


def test_parquet_is_read_whatever_its_types(tmp_path: Path) -> None:
    path = tmp_path / "usage.parquet"
    duckdb.execute(
        f"""COPY (SELECT 'acme' AS tenant, 'users' AS driver, TIMESTAMPTZ '2026-10-01 02:00:00+02' AS start,
        DATE '2026-10-02' AS "end", q AS quantity FROM (VALUES (1.5::DOUBLE), ('nan'), (NULL)) AS v (q))
        TO '{path}'"""  # noqa: S608 - a test's own file
    )
    assert [row[3:] for row in loaded(path)] == [
        ("acme", "users", "2026-10-01 00:00:00", "2026-10-02", "1.5"),
        ("acme", "users", "2026-10-01 00:00:00", "2026-10-02", "nan"),
        ("acme", "users", "2026-10-01 00:00:00", "2026-10-02", None),
    ]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "usage.csv",
            "",
            "has no column 'tenant'; it needs the columns tenant, driver, start, end, quantity",
        ),
        ("usage.csv", "tenant,driver,start,end\n", "has no column 'quantity'"),
        ("usage.csv", f"{HEADER},tenant\n", "has more than one column 'tenant'"),
        ("usage.csv", f"{HEADER}\nacme,users\n", "usage.csv: cannot be read"),
        ("usage.csv", f'{HEADER}\n"acme,users,1,2,3\n', "usage.csv: cannot be read"),
        ("usage.csv", b"\xff\xfe\x00", "expected a CSV in UTF-8"),
        ("usage.csv", HEADER.encode() + b"\n\xff,users,1,2,3\n", "usage.csv: cannot be read"),
        ("usage.csv", f'{HEADER}"\n', "usage.csv: "),
        ("usage.parquet", "PAR1", "expected a Parquet file"),
        ("usage.txt", "", "is neither .csv nor .parquet"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_whole(
    tmp_path: Path, name: str, data: bytes | str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        loaded(written(tmp_path, data, name))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.csv: no such file"):
        loaded(tmp_path / "absent.csv")

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest

from allocation.adapters.bill import BillError
from allocation.adapters.bill.files.bill_file import opened
from allocation.adapters.bill.files.staging import staged
from tests.allocation.adapters.bill.written import PLAIN, bill, read


def lines(name: str, count: int) -> list[dict[str, str]]:
    return [{**PLAIN, "id": f"{name}-{number}"} for number in range(count)]


def test_a_folder_of_small_files_is_one_staged_file(tmp_path: Path) -> None:
    """To open a file takes as long as to read a thousand rows of it, in every pass."""
    files = [bill(tmp_path / f"{name}.csv", lines(name, 3)) for name in "abcd"]
    (tmp_path / "stage").mkdir()
    with duckdb.connect() as connection:
        bills = [opened(connection, file.name, file, tmp_path / "stage" / file.stem) for file in files]
        done = staged(connection, bills, tmp_path / "stage")
    assert len({each.path for each in done}) == 1
    assert [(each.name, each.part, each.before) for each in done] == [
        ("a.csv", 0, 0),
        ("b.csv", 1, 3),
        ("c.csv", 2, 6),
        ("d.csv", 3, 9),
    ]


def test_every_row_keeps_its_file_and_its_number(tmp_path: Path) -> None:
    sizes = {"a": 3, "b": 0, "c": 1, "d": 2500}
    for name, count in sizes.items():
        file = bill(tmp_path / f"{name}.csv", lines(name, max(count, 1)))
        if not count:
            file.write_text(file.read_text().splitlines()[0] + "\n")
    other = [{**row, "region": "eu-west-1"} for row in lines("e", 2)]
    bill(tmp_path / "e.csv", other)
    packed = bill(tmp_path / "f.csv", lines("f", 2)).read_bytes()
    for name, content in (("f", packed), ("g", packed.replace(b"f-", b"g-"))):
        (tmp_path / f"{name}.csv.gz").write_bytes(gzip.compress(content))
    (tmp_path / "f.csv").unlink()
    (tmp_path / "h*.csv").write_bytes(b"\xef\xbb\xbf" + packed.replace(b"f-", b"h-"))
    done = read(tmp_path)
    assert [(file.name, file.rows) for file in done.intake.files] == [
        ("a.csv", 3), ("b.csv", 0), ("c.csv", 1), ("d.csv", 2500), ("e.csv", 2), ("f.csv.gz", 2),
        ("g.csv.gz", 2), ("h*.csv", 2),
    ]  # fmt: skip
    for charge in done.charges:
        name, _, number = str(charge["line_id"]).partition("-")
        assert str(charge["source"]).startswith(name)
        assert charge["row_number"] == int(number) + 1
    assert len(done.charges) == sum(file.rows for file in done.intake.files)


def test_the_damaged_one_of_many_is_named(tmp_path: Path) -> None:
    for name in "abc":
        bill(tmp_path / f"{name}.csv", lines(name, 2))
    (tmp_path / "b.csv").write_text((tmp_path / "b.csv").read_text() + "x,y\n")
    with pytest.raises(BillError, match=r"^b\.csv, line 4: expected 6 columns, found 2"):
        read(tmp_path)


def test_a_refused_row_is_found_in_its_file(tmp_path: Path) -> None:
    bill(tmp_path / "a.csv", lines("a", 2))
    bill(tmp_path / "b.csv", [*lines("b", 2), {**PLAIN, "id": "b-2", "cost": "1,5"}])
    done = read(tmp_path)
    assert [(row["source"], row["row_number"], row["found"]) for row in done.refused] == [("b.csv", 3, "1,5")]


def test_the_settings_of_the_connection_stay(tmp_path: Path) -> None:
    files = [bill(tmp_path / f"{name}.csv", lines(name, 1)) for name in "ab"]
    (tmp_path / "stage").mkdir()
    with duckdb.connect(config={"threads": "2"}) as connection:
        bills = [opened(connection, file.name, file, tmp_path / "stage" / file.stem) for file in files]
        staged(connection, bills, tmp_path / "stage")
        assert connection.execute("SELECT current_setting('threads')").fetchall() == [(2,)]

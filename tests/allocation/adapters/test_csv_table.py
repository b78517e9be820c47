from __future__ import annotations

from pathlib import Path

import pytest

from allocation.adapters.csv_table import csv_rows, day_of
from tiers.errors import CatalogError

COLUMNS = ("day", "hours")


def table(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_are_numbered_and_have_the_wanted_columns_without_spaces(tmp_path: Path) -> None:
    path = table(tmp_path, "\ufeffhours,ticket,day\n 2 ,7,2026-11-01\n\n3,8, 2026-11-02\n")
    assert [(row.where, row.values, row.fault) for row in csv_rows(path, COLUMNS, 1000)] == [
        (f"{path}, row 1", {"day": "2026-11-01", "hours": "2"}, ""),
        (f"{path}, row 2", {"day": "2026-11-02", "hours": "3"}, ""),
    ]


def test_a_row_of_another_width_has_a_fault_and_no_values(tmp_path: Path) -> None:
    (row,) = csv_rows(table(tmp_path, "day,hours\n2026-11-01\n"), COLUMNS, 1000)
    assert (row.values, row.fault) == ({}, f"{tmp_path}/table.csv, row 1: expected 2 columns, found 1")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "table.csv: expected the columns day, hours, found no column 'day'"),
        ("day\n", "table.csv: expected the columns day, hours, found no column 'hours'"),
        ("day,hours,day\n", "table.csv: expected the columns day, hours, found 2 columns 'day'"),
        ('day,hours\n"2026-11-01"x,1\n', "table.csv, line 2: expected CSV, found "),
    ],
)
def test_what_is_no_such_table_is_one_sentence(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(CatalogError) as caught:
        list(csv_rows(table(tmp_path, text), COLUMNS, 1000))
    assert str(caught.value).startswith(f"{tmp_path}/{fault}")


def test_a_day_has_one_spelling() -> None:
    assert str(day_of("2026-11-30")) == "2026-11-30"
    assert [day_of(text) for text in ("2026-11-31", "20261130", "30.11.2026", "")] == [None] * 4

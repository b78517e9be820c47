from __future__ import annotations

import pytest

from allocation.adapters.deliveries.parts import grouped


@pytest.mark.parametrize(
    "names",
    [
        ["costs-00001.csv.gz", "costs-00002.csv.gz", "costs-00003.csv.gz"],
        ["costs-00001.snappy.parquet", "costs-00002.snappy.parquet"],
        ["part_0_0001.csv", "part_0_0002.csv"],
        ["bill-000000000000.csv", "bill-000000000001.csv"],
        [f"part-0000{n}-0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f.snappy.parquet" for n in range(3)],
    ],
)
def test_parts_of_one_bill(names: list[str]) -> None:
    assert grouped(names) == [0] * len(names)
    assert grouped([f"{number}/{name}" for number, name in enumerate(names)]) == list(range(len(names)))


@pytest.mark.parametrize(
    "names",
    [
        ["costs-2026-11-01.csv", "costs-2026-11-02.csv"],
        ["costs-20261101.csv", "costs-20261102.csv"],
        ["costs-202611.csv", "costs-202612.csv"],
        ["costs-1.csv", "costs-2.csv"],
        ["costs-00001.csv", "costs-00003.csv"],
        ["costs-00002.csv", "costs-00003.csv"],
        ["costs-00001.csv", "other-00002.csv"],
        ["costs-00001.csv", "costs-00002.parquet"],
        ["costs-00001.csv"],
        ["a.csv", "b.csv"],
    ],
)
def test_files_of_which_a_name_says_nothing(names: list[str]) -> None:
    assert grouped(names) == list(range(len(names)))

"""Bills that an engine reads where they lie: found as those that are fetched, and named by address."""

from __future__ import annotations

from pathlib import Path

from allocation.adapters.bill.files.bill_file import is_bill
from allocation.adapters.deliveries.bucket import Bucket
from allocation.adapters.deliveries.collection import collect, locate
from allocation.adapters.deliveries.place import Entry
from allocation.charges import ChargePeriod

PERIOD = ChargePeriod.month("2026-11")


def test_the_same_files_are_found_with_the_same_names_and_deliveries(tmp_path: Path) -> None:
    bills = tmp_path / "bills"
    for name in ("a/part-00000.parquet", "a/part-00001.parquet", "b/other.parquet"):
        (bills / name).parent.mkdir(parents=True, exist_ok=True)
        (bills / name).write_bytes(b"PAR1")
    fetched = collect([bills], PERIOD, tmp_path / "fetched", is_bill, lambda _: None)
    located = locate([bills], PERIOD, is_bill)
    assert [(each.name, each.delivery) for each in located.files] == [
        (each.name, each.delivery) for each in fetched.files
    ]
    assert [each.address for each in located.files] == [f"file://{each.path}" for each in fetched.files]
    assert {each.delivery for each in located.files} == {0, 1}


def test_hadoop_finds_what_lies_in_a_bucket() -> None:
    entry = Entry("2026-11/part.parquet", 1, "exports/2026-11/part.parquet")
    assert Bucket("bills", "exports").address(entry) == "s3a://bills/exports/2026-11/part.parquet"

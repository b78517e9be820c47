"""Whatever is worked out for each kind of rows is what it would be for each row."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import duckdb
import pytest

from allocation.adapters.bill import ingest, kinds
from allocation.charges import ChargePeriod
from tests.allocation.adapters.bill.written import CUR, FOCUS, NOVEMBER, PLAIN, bill, fetched, parquet
from tests.portfolios import ROOT

DATA = ROOT / "tests" / "data"


def charges(files: list[Path], into: Path, period: ChargePeriod = NOVEMBER) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        ingest(connection, files, period, "USD", into=into, parts=True)
        return fetched(connection, "SELECT * EXCLUDE (kind) FROM charge ORDER BY charge")


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("focus-1.0-real.csv", "2024-09"),
        ("focus-1.2-toolkit.csv", "2026-05"),
        ("focus-1.3-toolkit.csv", "2026-05"),
        ("cur-legacy-nise.csv", "2026-11"),
    ],
)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_bills_of_others_say_the_same(
    name: str, month: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / name
    file.write_bytes((DATA / name).read_bytes())
    file = file if form == "csv" else parquet(file)
    period = ChargePeriod.month(month)
    by_row = charges([file], tmp_path / "row", period)
    monkeypatch.setattr(kinds, "_FEW_ROWS", 0)
    by_kind = charges([file], tmp_path / "kind", period)
    assert by_kind == by_row != []
    numbers = duckdb.execute("SELECT kind FROM read_parquet(?)", [str(tmp_path / "kind" / "charges.parquet")])
    assert 1 < len(set(numbers.fetchall())) <= len(by_kind)


@pytest.mark.whole("test_ingestion mixes formats in one run")
def test_formats_beside_each_other_have_kinds_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = '{"cost/tenant": "acme"}'
    focus = [
        FOCUS | {"Tags": text, "ServiceName": name} for text in ("", "null", tags) for name in ("EC2", "")
    ]
    files = [
        bill(tmp_path / "a.csv", [FOCUS | row for row in focus]),
        bill(tmp_path / "b.csv", [CUR | {"identity/LineItemId": str(n)} for n in range(3)]),
        bill(tmp_path / "c.csv", [PLAIN, PLAIN | {"id": "2", "service": "null "}]),
    ]
    by_row = charges(files, tmp_path / "row")
    monkeypatch.setattr(kinds, "_FEW_ROWS", 0)
    assert charges(files, tmp_path / "kind") == by_row
    assert [row["service"] for row in by_row[:2]] == ["EC2", None]


@pytest.mark.sample(1)
@pytest.mark.parametrize(("name", "limit"), [("_MOST_WORDS", 1), ("_MOST_KINDS", 2), ("_LARGEST", 20)])
def test_what_has_too_many_values_is_read_by_row(
    name: str, limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [FOCUS | {"ServiceName": f"s{n % 5}", "RegionId": f"r{n % 3}"} for n in range(30)]
    file = bill(tmp_path / "bill.csv", rows)
    by_row = charges([file], tmp_path / "row")
    monkeypatch.setattr(kinds, "_FEW_ROWS", 0)
    monkeypatch.setattr(kinds, name, limit)
    assert charges([file], tmp_path / "kind") == by_row
    with (tmp_path / "bill.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["service"] for row in by_row] == [row["ServiceName"] for row in csv.DictReader(stream)]

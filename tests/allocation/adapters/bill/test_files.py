from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest

from allocation.adapters.bill import BillError, ingest
from allocation.charges import ChargePeriod
from tests.allocation.adapters.bill.written import FOCUS, PLAIN, bill, read

HEADER = "id,start,end,service,cost,currency\n"
ROW = "1,2026-11-01,2026-11-02,S,1,USD\n"


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "bill.csv: expected at least a header, found an empty file"),
        (b"\xff\xfe\x00", "bill.csv, line 1: expected UTF-8 text or Parquet, found other bytes"),
        ((HEADER + "1,2026-11-01,2026,S\n").encode(), "bill.csv, line 2: expected 6 columns, found 4"),
        ((HEADER + ROW + ROW[:-1] + ",x\n").encode(), "bill.csv, line 3: expected 6 columns, found 7"),
        (
            (HEADER + '1,2026-11-01,2026-11-02,"S,1,USD\n').encode(),
            "bill.csv, line 2: a quoted value never ends",
        ),
        (HEADER.encode() + b"1,2026-11-01,2026-11-02,\xff,1,USD\n", "bill.csv, line 2: expected UTF-8 text"),
        (b"PAR1" + b"x" * 40 + b"PAR1", "bill.csv: is not a whole Parquet file"),
        (gzip.compress((HEADER + ROW * 999).encode())[:-9], "bill.csv: is not whole: its gzip stream"),
        (HEADER.replace(",", ";").encode(), "bill.csv: expected the columns of a bill (FOCUS"),
    ],
)
def test_a_file_that_is_no_bill(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "bill.csv"
    file.write_bytes(content)
    with pytest.raises(BillError) as caught:
        read(file, into=tmp_path / "out")
    assert str(caught.value).startswith(said)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_gzip_stream_with_a_wrong_checksum_is_noticed(tmp_path: Path) -> None:
    content = bytearray(gzip.compress((HEADER + ROW).encode()))
    content[-6] ^= 1
    (tmp_path / "bill.csv.gz").write_bytes(content)
    with pytest.raises(BillError, match="gzip"):
        read(tmp_path / "bill.csv.gz")


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BillError, match=r"no\.csv: no such file"):
        read(tmp_path / "no.csv")


def test_a_parquet_file_cut_short_is_named(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.parquet", tmp_path / "cut.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (FROM read_csv('{bill(tmp_path / 'b.csv', [FOCUS])}', all_varchar = true)) TO '{whole}'"
        )
    cut.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(BillError, match=r"^cut\.parquet: is not a whole Parquet file"):
        read(whole, cut)


def test_a_header_alone_is_a_bill_without_charges(tmp_path: Path) -> None:
    (tmp_path / "bill.csv").write_text(HEADER)
    done = read(tmp_path / "bill.csv")
    assert (done.intake.rows, done.charges, done.refused) == (0, [], [])


def test_bom_crlf_quotes_and_lines_in_values(tmp_path: Path) -> None:
    text = "\ufeff" + HEADER.replace("\n", "\r\n") + '1,2026-11-01,2026-11-02,"a ""b"",\r\nc",1,USD\r\n'
    (tmp_path / "bill.csv").write_bytes(text.encode())
    assert read(tmp_path / "bill.csv").charges[0]["service"] == 'a "b",\r\nc'


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "bill").write_bytes(gzip.compress((HEADER + ROW).encode()))
    assert len(read(tmp_path / "bill").charges) == 1


def test_names_that_look_like_patterns_are_names(tmp_path: Path) -> None:
    wanted = bill(tmp_path / "bill[1]*'.csv", [PLAIN])
    bill(tmp_path / "bill1x'.csv", [{**PLAIN, "id": "other"}])
    assert [charge["line_id"] for charge in read(wanted).charges] == ["1"]


def test_a_column_that_would_hide_row_numbers_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "odd.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1 AS file_row_number) TO '{file}'")
    with pytest.raises(BillError, match="a column may not be called 'file_row_number'"):
        read(file)


def test_a_compressed_bill_may_be_so_many_times_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("allocation.adapters.bill.files.archives._LEAST_OF_MOST", 1000)
    file = tmp_path / "bill.csv.gz"
    file.write_bytes(gzip.compress(b"id,start,end\n" + b"1,2,3\n" * 1_000_000))
    with pytest.raises(BillError, match=r"bill\.csv\.gz: holds more than [0-9,]+ bytes, .* give the CSV"):
        ingest(duckdb.connect(), [file], ChargePeriod.month("2026-11"), "USD")


@pytest.mark.parametrize("compressed", [False, True])
def test_a_header_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, compressed: bool) -> None:
    monkeypatch.setattr("allocation.adapters.bill.files.bill_file._LONGEST_LINE", 1000)
    text = b"a," * 600
    file = tmp_path / "bill.csv"
    file.write_bytes(gzip.compress(text) if compressed else text)
    with pytest.raises(BillError, match=r"bill\.csv: a line is longer than 1,000 bytes"):
        ingest(duckdb.connect(), [file], ChargePeriod.month("2026-11"), "USD")

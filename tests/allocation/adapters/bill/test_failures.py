from __future__ import annotations

import duckdb
import pytest

from allocation.adapters.bill.failures import BillError, explained, sentence

CSV = "Invalid Input Error: CSV Error on Line: 7\nOriginal Line: x\n"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (f"{CSV}Expected Number of Columns: 3 Found: 4", "a.csv, line 7: expected 3 columns, found 4"),
        (f"{CSV}Value with unterminated quote found.", "a.csv, line 7: a quoted value never ends"),
        (f"{CSV}This file is not utf-8 encoded.", "a.csv, line 7: expected UTF-8 text, found other bytes"),
        ("IO Error: Unexpected end of GZIP stream: x", "a.csv: is not whole"),
        (
            "Invalid Input Error: No magic bytes found at end of file '/t/.bill-x/0.parquet'",
            "a.csv: is not a whole",
        ),
        ("Out of Memory Error: failed to allocate", "a.csv: does not fit into memory: set memory_limit"),
        (
            'Invalid Input Error: Failed to read file "/t/.bill-x/0.parquet": odd',
            "a.csv: is damaged or has an unknown format: Failed to read odd",
        ),
        # Found by the fuzz: input 85,655 of seed 0.
        ("Not implemented Error: odd unit", "a.csv: is damaged or has an unknown format: odd unit"),
        ("", "a.csv: is damaged or has an unknown format: unknown reason"),
    ],
)
def test_what_duckdb_says_becomes_a_sentence(message: str, said: str) -> None:
    assert sentence("a.csv", message).startswith(said)


def test_no_exception_of_duckdb_gets_out() -> None:
    with (
        duckdb.connect() as connection,
        pytest.raises(BillError, match=r"^a\.csv: is damaged") as caught,
        explained("a.csv"),
    ):
        connection.execute("SELECT * FROM nowhere")
    assert caught.value.__cause__ is None


def test_a_sentence_has_one_line() -> None:
    assert str(BillError("a\nb")) == "a b"

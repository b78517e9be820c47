"""Errors of a bill file in one sentence; DuckDB's own messages never leave this package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import duckdb

from allocation.errors import InputError


class BillError(InputError):
    """A file cannot be read as a bill: the whole file is wrong, not only some rows."""

    def __init__(self, sentence: str) -> None:
        # One line, whatever line ends the names of columns have in them.
        super().__init__(" ".join(sentence.split()))


_LINE: Final = re.compile(r"CSV Error on Line: (\d+)")
_WIDTH: Final = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")

# The kind of exception, and the paths of our own links.
_NOISE: Final = re.compile(r"""^([A-Za-z]+ )*Error: |(in |from )?(file )?["'][^"']*\.bill-[^"']*["']:? ?""")

# Part of DuckDB's message -> our message.
_SENTENCES: Final = (
    ("unterminated quote", "a quoted value never ends, or has text after its closing quote"),
    ("not utf-8", "expected UTF-8 text, found other bytes"),
    ("unicode", "expected UTF-8 text, found other bytes"),
    ("maximum line size", "a line is longer than 2,000,000 bytes"),
    ("valid utf8", "expected UTF-8 text, found other bytes"),
    ("magic bytes", "is not a whole Parquet file: its end is missing"),
    ("too small to be a parquet", "is not a whole Parquet file: its end is missing"),
    ("footer length", "is not a whole Parquet file: its end is damaged"),
    ("enough bytes", "is not a whole Parquet file: it names bytes that it does not have"),
    ("decompress", "is damaged: a block of it cannot be decompressed"),
    ("state machine", "is not CSV as RFC 4180 has it: quotes or line ends do not match"),
    ("gzip", "is not whole: its gzip stream ends early or is damaged"),
    ("overflow", "its amounts add up to more than 1e14, which is more than can be summed exactly"),
    ("out of memory", "does not fit into memory: set memory_limit and temp_directory of the connection"),
    ("no space left", "cannot be staged: no space is left on the device"),
)


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn what DuckDB raises while it reads the bill *name* into a `BillError`.

    Raises:
        BillError: In place of any DuckDB exception.
    """
    try:
        yield
    except (duckdb.Error, UnicodeError, MemoryError, RuntimeError) as error:
        raise BillError(sentence(name, str(error))) from None


def sentence(name: str, message: str) -> str:
    r"""The sentence for DuckDB's *message* about the bill *name*: file, line if known, expected, found.

    >>> sentence("bill.csv", "CSV Error on Line: 2\nExpected Number of Columns: 3 Found: 2")
    'bill.csv, line 2: expected 3 columns, found 2'
    """
    line = _LINE.search(message)
    where = f"{name}, line {line[1]}" if line else name
    width = _WIDTH.search(message)
    if width:
        return f"{where}: expected {width[1]} columns, found {width[2]}"
    lowered = message.lower()
    for words, meaning in _SENTENCES:
        if words in lowered:
            return f"{where}: {meaning}"
    reason = _NOISE.sub("", " ".join(message.partition("\n")[0].split()))[:200]
    return f"{where}: is damaged or has an unknown format: {reason or 'unknown reason'}"

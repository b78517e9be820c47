"""Opens the files of a bill; CSV is staged as Parquet of text, so that later passes read single columns."""

from __future__ import annotations

import csv
import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import duckdb

from allocation.adapters.bill.failures import BillError, explained
from allocation.adapters.bill.formats import Column, Header, format_name, layout_of
from allocation.adapters.bill.layout import Layout
from tiers import files as given

_PARQUET: Final = b"PAR1"
_GZIP: Final = b"\x1f\x8b"
_SUFFIXES: Final = (".csv", ".csv.gz", ".parquet")
_CHUNK: Final = 1 << 20
_LONGEST_LINE: Final = 2_000_000
_MOST_RATIO: Final = 200
"""By how much a bill may grow: real ones have ten to forty, gzip a thousand at most."""
_LEAST_OF_MOST: Final = 100_000_000
_MOST_DECODED: Final = 50_000_000_000
_ROW_NUMBERS: Final = frozenset({"file_row_number", "file_index"})
"""Columns that DuckDB adds to Parquet by itself; a bill that has them would hide them."""

# RFC 4180: commas, quotes doubled, every row as wide as the header. DuckDB still takes one comma too many at
# the end of a row, spaces around a quoted value and quotes inside an unquoted one; no value is lost by it.
_DIALECT: Final = (
    "header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', comment = '', "
    "strict_mode = true, null_padding = false, ignore_errors = false, encoding = 'utf-8'"
)


@dataclass(frozen=True, slots=True)
class BillFile:
    """An opened bill.

    Attributes:
        name: Its name in reports: the path in the given folder, or the file name.
        path: The file for DuckDB: a link to the bill, or its staged form.
        format: 'FOCUS 1.2 Parquet' and the like.
        sha256: Digest of the given file.
    """

    name: str
    path: Path
    format: str
    sha256: str
    header: Header
    layout: Layout


def is_bill(name: str) -> bool:
    """Whether a file of that name is read as a bill when its folder is given."""
    return name.lower().endswith(_SUFFIXES)


def opened(connection: duckdb.DuckDBPyConnection, name: str, path: Path, at: Path) -> BillFile:
    """Open the bill *path*; *at* is a path without suffix in our own folder, for staging.

    Raises:
        BillError: When it cannot be read, or has an unknown format.
    """
    sha256, magic = _digest(name, path)
    kind = "Parquet" if magic == _PARQUET else "CSV"
    # Through a link of our own naming, since DuckDB takes '*' and '[' in a name for patterns.
    link = at.with_suffix(f".{kind.lower()}")
    link.symlink_to(path.resolve())
    if kind == "Parquet":
        header = _parquet_header(connection, name, link)
    else:
        compressed = magic.startswith(_GZIP)
        header = _csv_header(name, path, compressed=compressed)
    layout = layout_of(header)
    if kind == "CSV":
        link = _staged(connection, header, link, compressed=compressed)
    return BillFile(name, link, format_name(layout, header, kind), sha256, header, layout)


def literal(text: str | Path) -> str:
    """*text* as a string of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def relation(files: Sequence[BillFile]) -> str:
    """SQL of the relation that holds *files*, which have the same columns; `file_index` counts from 0."""
    paths = ", ".join(literal(file.path) for file in files)
    return f"read_parquet([{paths}], hive_partitioning = false, binary_as_string = true)"


def _digest(name: str, path: Path) -> tuple[str, bytes]:
    """SHA-256 of a file and its first four bytes."""
    digest, magic = hashlib.sha256(), b""
    try:
        with given.opened(path, name) as stream:
            while chunk := stream.read(_CHUNK):
                magic = magic or chunk[:4]
                digest.update(chunk)
    except given.UnreadableError as error:
        raise BillError(str(error)) from None
    except OSError as error:
        raise BillError(f"{name}: cannot be read: {error.strerror}") from None
    if not magic:
        raise BillError(f"{name}: expected at least a header, found an empty file")
    return digest.hexdigest(), magic


def _parquet_header(connection: duckdb.DuckDBPyConnection, name: str, link: Path) -> Header:
    with explained(name):
        described = connection.execute(
            "DESCRIBE SELECT * FROM read_parquet(?, hive_partitioning = false, binary_as_string = true)",
            [str(link)],
        ).fetchall()
    columns = tuple(Column(row[0], _quoted(row[0]), row[1]) for row in described)
    taken = _ROW_NUMBERS.intersection(column.name.casefold() for column in columns)
    if taken:
        raise BillError(f"{name}: a column may not be called '{min(taken)}'")
    return Header(name, columns)


def _csv_header(name: str, path: Path, *, compressed: bool) -> Header:
    try:
        if compressed:
            _check_gzip(name, path)
        with _text(path, compressed=compressed) as stream:
            names = next(csv.reader(_short_lines(name, stream), strict=True), [])
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise BillError(f"{name}: is not whole: its gzip stream ends early or is damaged") from None
    except csv.Error as error:
        raise BillError(f"{name}, line 1: expected a header as RFC 4180 has it: {error}") from None
    except OSError as error:
        raise BillError(f"{name}: cannot be read: {error.strerror}") from None
    if any("\udc80" <= character <= "\udcff" for title in names for character in title):
        raise BillError(f"{name}, line 1: expected UTF-8 text or Parquet, found other bytes")
    return Header(name, tuple(Column(title, f"c{n}", "VARCHAR") for n, title in enumerate(names)))


def _check_gzip(name: str, path: Path) -> None:
    """Read the file to its end, where the checksum is: DuckDB does not check it."""
    most = max(_LEAST_OF_MOST, _MOST_RATIO * path.stat().st_size)
    left = min(most, _MOST_DECODED)
    with gzip.open(path) as stream:
        while chunk := stream.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise BillError(
                    f"{name}: holds more than {min(most, _MOST_DECODED):,} bytes, too many for a bill of its "
                    "compressed size; if it is one, decompress it and give the CSV"
                )


def _short_lines(name: str, stream: IO[str]) -> Iterator[str]:
    while line := stream.readline(_LONGEST_LINE + 1):
        if len(line) > _LONGEST_LINE:
            raise BillError(f"{name}: a line is longer than {_LONGEST_LINE:,} bytes")
        yield line


def _text(path: Path, *, compressed: bool) -> IO[str]:
    """Open as text; bytes that are no UTF-8 become surrogates, which DuckDB reports with their line."""
    if compressed:
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="")
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def _staged(connection: duckdb.DuckDBPyConnection, header: Header, link: Path, *, compressed: bool) -> Path:
    """The CSV file behind *link* as Parquet beside it: all columns, all text, in the order of its rows."""
    columns = ", ".join(f"{column.sql}: 'VARCHAR'" for column in header.columns)
    staged = link.with_suffix(".parquet")
    compression = "gzip" if compressed else "none"
    rows = f"read_csv({literal(link)}, columns = {{{columns}}}, compression = '{compression}', {_DIALECT})"
    with explained(header.bill):
        connection.execute(f"COPY (FROM {rows}) TO {literal(staged)} (FORMAT parquet)")
    return staged


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

"""Opens the files of a bill, and gives their rows to SQL; `staging` makes Parquet of CSV in between."""

# ruff: noqa: S608 - SQL is assembled from our own names and quoted text
from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

import duckdb

from allocation.adapters.bill.failures import BillError, explained
from allocation.adapters.bill.files.archives import GZIP, ZIP, check_gzip, unpacked
from allocation.adapters.bill.formats.detection import Column, Header, format_name, layout_of
from allocation.adapters.bill.formats.layout import Layout
from allocation.engine.tables import literal
from tiers import files as given

_PARQUET: Final = b"PAR1"
_SUFFIXES: Final = (".csv", ".parquet")
_COMPRESSED: Final = (".gz", ".gzip", ".zip")
_CHUNK: Final = 1 << 20
_LONGEST_LINE: Final = 2_000_000

PART: Final = "bill_part"
"""Column of a staged file that holds several bills: the number of the one a row is of."""
PLACE: Final = ("bill_path", "bill_row")
"""Columns of the number of a row's file, of those that are read, and of its place there; both from 0."""
_ROW_NUMBERS: Final = frozenset({"file_row_number", "file_index", PART, *PLACE})
"""Columns that DuckDB adds to Parquet, or that are added here; a bill that has them would hide them."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9._=+@%-]+")
"""Names without a character that DuckDB takes for a pattern."""


@dataclass(frozen=True, slots=True)
class BillFile:
    """An opened bill.

    Attributes:
        name: Its name in reports: the path in the given folder, or the file name.
        path: The file for DuckDB: by a link to the bill, or its staged form.
        csv: How DuckDB calls the compression of a CSV; empty for Parquet.
        part: Its number in a staged form that holds several bills, and `before` the rows before its own.
        format: 'FOCUS 1.2 Parquet' and the like.
        sha256: Digest of the given file.
    """

    name: str
    path: Path
    format: str
    sha256: str
    header: Header
    layout: Layout
    csv: str = ""
    part: int | None = None
    before: int = 0


def is_bill(name: str, begin: Callable[[], bytes]) -> bool:
    """Whether a file is read as a bill when its folder is given.

    By its name; a name without an ending says nothing, and then its first bytes do, which *begin* gives.
    """
    lowered = PurePosixPath(name).name.lower()
    plain = next((lowered.removesuffix(end) for end in _COMPRESSED if lowered.endswith(end)), lowered)
    if plain.endswith(_SUFFIXES):
        return True
    return "." not in plain and (plain != lowered or begin().startswith((_PARQUET, ZIP, GZIP)))


def opened(connection: duckdb.DuckDBPyConnection, name: str, path: Path, at: Path) -> BillFile:
    """Open the bill *path*; *at* is a path without suffix in our own folder, for staging.

    Raises:
        BillError: When it cannot be read, or has an unknown format.
    """
    sha256, magic = _digest(name, path)
    if magic == ZIP:
        path = unpacked(name, path, at.with_suffix(".unpacked"))
        magic = _digest(name, path)[1]
    kind = "Parquet" if magic == _PARQUET else "CSV"
    link = _linked(path, at.with_suffix(f".{kind.lower()}"))
    if kind == "Parquet":
        header = parquet_header(connection, name, link)
    else:
        header = _csv_header(name, path, compressed=magic.startswith(GZIP))
    layout = layout_of(header)
    compression = "" if kind == "Parquet" else "gzip" if magic.startswith(GZIP) else "none"
    return BillFile(name, link, format_name(layout, header, kind), sha256, header, layout, compression)


def relation(files: Sequence[BillFile]) -> str:
    """SQL of the relation that holds *files*, which have the same columns; `file_index` counts from 0.

    `PLACE` says where a row lies: by conditions on these columns alone DuckDB skips what it need not read.
    """
    numbers: dict[Path, dict[int, int]] = {}
    for number, file in enumerate(files):
        numbers.setdefault(file.path, {})[file.part or 0] = number
    paths = ", ".join(map(literal, numbers))
    alone = [file.part is None for file in files]
    by_name = ", union_by_name = true" if any(alone) and not all(alone) else ""
    rows = f"read_parquet([{paths}], hive_partitioning = false, binary_as_string = true{by_name})"
    place = f"file_index AS {PLACE[0]}, file_row_number AS {PLACE[1]}"
    if all(alone):
        return f"(SELECT *, file_index, file_row_number, {place} FROM {rows})"
    by_part = [[parts.get(part) for part in range(max(parts) + 1)] for parts in numbers.values()]
    listed = ", ".join(f"[{', '.join('NULL' if n is None else str(n) for n in one)}]" for one in by_part)
    part = f"coalesce({PART}, 0)" if by_name else PART  # who is alone has no number
    index = f"[{listed}][file_index::BIGINT + 1][{part} + 1]"
    before = [file.before for file in files]
    # A staged file may hold bills of other layouts, too.
    return f"""(SELECT * EXCLUDE ({PART}), {index} AS file_index,
        file_row_number - {before}[{index} + 1] AS file_row_number, {place}
        FROM {rows} WHERE {index} IS NOT NULL)"""


def place_of(files: Sequence[BillFile], file: BillFile, rows: tuple[int, int]) -> str:
    """SQL of the condition that a row of `relation` is one of *rows*, first and last from 1, of *file*."""
    path = list(dict.fromkeys(each.path for each in files)).index(file.path)
    first, last = (file.before + row - 1 for row in rows)
    return f"{PLACE[0]} = {path} AND {PLACE[1]} BETWEEN {first} AND {last}"


def _linked(path: Path, at: Path) -> Path:
    """A path to *path* below our own folder, in which DuckDB finds no pattern: no '*' and no '['.

    It is the folder that is linked, where the name allows it: a thousand links take seconds to remove.
    """
    if not _PLAIN.fullmatch(path.name):
        at.symlink_to(path.resolve())
        return at
    folder = os.fsencode(path.parent.resolve())
    link = at.with_name(f"in-{hashlib.sha256(folder).hexdigest()[:16]}")
    with contextlib.suppress(FileExistsError):
        link.symlink_to(os.fsdecode(folder))
    return link / path.name


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


def parquet_header(connection: duckdb.DuckDBPyConnection, name: str, link: Path) -> Header:
    """The columns of the Parquet file *link*, called *name* in reports.

    Raises:
        BillError: When it cannot be read, or a column has a name that DuckDB adds.
    """
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
            check_gzip(name, path)
        with _text(path, compressed=compressed) as stream:
            names = next(csv.reader(_short_lines(name, stream), strict=True), [])
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise BillError(f"{name}: is not whole: its gzip stream ends early or is damaged") from None
    except csv.Error as error:
        raise BillError(f"{name}, line 1: expected a header as RFC 4180 has it: {error}") from None
    except OSError as error:
        raise BillError(f"{name}: cannot be read: {error.strerror}") from None
    if compressed and names and names[0].startswith(_PARQUET.decode()):
        raise BillError(f"{name}: expected CSV inside the gzip, found Parquet: decompress it and give that")
    if any("\udc80" <= character <= "\udcff" for title in names for character in title):
        raise BillError(f"{name}, line 1: expected UTF-8 text or Parquet, found other bytes")
    return Header(name, tuple(Column(title, f"c{n}", "VARCHAR") for n, title in enumerate(names)))


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


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

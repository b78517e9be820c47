"""Reads a small CSV file strictly: one that a person wrote, and in which every wrong value is told."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from tiers.errors import CatalogError
from tiers.files import read_text

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class CsvRow:
    """A row; *where* names its file and number in sentences.

    Attributes:
        values: The wanted columns, without spaces around their values.
        fault: What is wrong with the row as a whole; '' if nothing is. Then it has no values.
    """

    where: str
    values: dict[str, str]
    fault: str = ""


def csv_rows(path: Path, columns: Sequence[str], most_bytes: int) -> Iterator[CsvRow]:
    """The rows of the CSV file *path* with the values of *columns*; empty lines are left out.

    Other columns may stand beside them.

    Raises:
        CatalogError: When the file cannot be read, is no CSV, or has a column twice or not at all.
    """
    text = read_text(path, most_bytes).removeprefix("\ufeff")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header, *rows = list(reader) or [[]]
    except csv.Error as error:
        raise CatalogError(f"{path}, line {reader.line_num}: expected CSV, found {error}") from None
    for name in columns:
        if header.count(name) != 1:
            how = f"{header.count(name)} columns" if name in header else "no column"
            raise CatalogError(f"{path}: expected the columns {', '.join(columns)}, found {how} '{name}'")
    for number, row in enumerate(filter(None, rows), 1):
        where = f"{path}, row {number}"
        if len(row) == len(header):
            yield CsvRow(where, {name: row[header.index(name)].strip() for name in columns})
        else:
            yield CsvRow(where, {}, f"{where}: expected {len(header)} columns, found {len(row)}")


def day_of(text: str) -> date | None:
    """The day that *text* names as YYYY-MM-DD; None if it names none."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None

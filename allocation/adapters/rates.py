"""Reads a table of exchange rates: dated, of one pair a row, each with its source."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb

from allocation.adapters.folders.run import sha256_of
from allocation.money import text_of
from tiers.errors import CatalogError
from tiers.files import read_text

COLUMNS: Final = ("from", "to", "first_day", "last_day", "rate", "source")
"""The columns of a table of rates; `last_day` may be empty where a rate holds for one day."""

_MOST_BYTES: Final = 16_000_000
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_RATE: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,10})?")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CONVERTED: Final = """
SELECT original_currency, COUNT(*), SUM(original_billed), SUM(billed)
FROM charge WHERE original_currency IS NOT NULL GROUP BY ALL ORDER BY ALL"""


class Rate(NamedTuple):
    """What one unit of `currency` costs in that of the portfolio, from day `first` to day `last`."""

    currency: str
    first: date
    last: date
    rate: Decimal
    source: str

    @property
    def days(self) -> Iterator[date]:
        """Every day it holds for."""
        return (self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1))


def read_rates(path: Path, currency: str) -> list[Rate]:
    """The rates into *currency* in the CSV file *path*; those into other currencies are checked, too.

    A rate is a decimal above 0 with at most six digits before and ten behind the point: one unit of `from`
    costs so many of `to`.

    Raises:
        CatalogError: With every wrong value by row and column, and every day that has two rates of a pair.
    """
    reader = csv.reader(
        io.StringIO(read_text(path, _MOST_BYTES).removeprefix("\ufeff"), newline=""), strict=True
    )
    try:
        header, *rows = [row for row in reader if row] or [[]]
    except csv.Error as error:
        raise CatalogError(f"{path}, line {reader.line_num}: expected CSV, found {error}") from None
    if sorted(header) != sorted(COLUMNS):
        raise CatalogError(
            f"{path}: expected the columns {', '.join(COLUMNS)}, found {', '.join(header) or 'none'}"
        )
    found: dict[tuple[str, str], list[tuple[int, Rate]]] = {}
    problems = []
    for number, row in enumerate(rows, 1):
        values = dict(zip(header, (value.strip() for value in row), strict=False))
        faults = list(_faults(values))
        problems += [f"{path}, row {number}, {fault}" for fault in faults]
        if not faults:
            first = date.fromisoformat(values["first_day"])
            last = date.fromisoformat(values["last_day"] or values["first_day"])
            rate = Rate(values["from"], first, last, Decimal(values["rate"]), values["source"])
            found.setdefault((values["from"], values["to"]), []).append((number, rate))
    problems += [f"{path}, {overlap}" for pair, rates in found.items() for overlap in _overlaps(pair, rates)]
    if problems:
        raise CatalogError(*problems)
    return [rate for (_, to), rates in sorted(found.items()) if to == currency for _, rate in rates]


def rates_account(
    connection: duckdb.DuckDBPyConnection, path: Path | None, rates: Sequence[Rate]
) -> dict[str, Any]:
    """What a manifest says of the rates: the file, and for each currency the money on both sides."""
    if path is None:
        return {}
    rows = connection.execute(_CONVERTED).fetchall()
    return {
        "rates": {
            "file": {path.name: sha256_of(path)},
            "converted": {
                currency: {
                    "rows": count,
                    "original": f"{original.normalize():f}",
                    "billed": text_of(billed),
                    "sources": sorted({rate.source for rate in rates if rate.currency == currency}),
                }
                for currency, count, original, billed in rows
            },
        }
    }


def _faults(values: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with a row: column, what was expected, what was found."""
    if missing := [name for name in COLUMNS if name not in values]:
        yield f"column {missing[0]}: expected a value, found the end of the row"
        return
    for name in ("from", "to"):
        if not _CURRENCY.fullmatch(values[name]):
            yield f"column {name}: expected a code of ISO 4217 such as EUR, found '{values[name]}'"
    if values["from"] == values["to"]:
        yield f"column to: expected another currency than {values['from']}"
    yield from _wrong_days(values)
    if not _RATE.fullmatch(values["rate"]) or not Decimal(values["rate"]):
        yield f"column rate: expected a decimal above 0 such as 1.0834, found '{values['rate']}'"
    if not values["source"]:
        yield "column source: expected where the rate was published, found nothing"


def _wrong_days(values: Mapping[str, str]) -> Iterator[str]:
    first, last = _day(values["first_day"]), _day(values["last_day"] or values["first_day"])
    if first is None:
        yield f"column first_day: expected a day such as 2026-11-01, found '{values['first_day']}'"
    elif last is None or last < first:
        yield f"column last_day: expected a day from {first} on, or nothing, found '{values['last_day']}'"


def _overlaps(pair: tuple[str, str], rates: Sequence[tuple[int, Rate]]) -> Iterator[str]:
    ordered = sorted(rates, key=lambda each: (each[1].first, each[0]))
    for (_, before), (number, after) in itertools.pairwise(ordered):
        if after.first <= before.last:
            yield f"row {number}, column first_day: {pair[0]} to {pair[1]} has two rates on {after.first}"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None

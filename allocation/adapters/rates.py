"""Reads a table of exchange rates: dated, of one pair a row, each with its source."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb

from allocation.adapters.csv_table import csv_rows, day_of
from allocation.adapters.folders.run import sha256_of
from allocation.money import text_of
from tiers.errors import CatalogError

COLUMNS: Final = ("from", "to", "first_day", "last_day", "rate", "source")
"""The columns of a table of rates; `last_day` may be empty where a rate holds for one day."""

_MOST_BYTES: Final = 16_000_000
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_RATE: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,10})?")
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
    found: dict[tuple[str, str], list[tuple[str, Rate]]] = {}
    problems: list[str] = []
    for row in csv_rows(path, COLUMNS, _MOST_BYTES):
        if row.fault:
            problems.append(row.fault)
            continue
        values = row.values
        faults = list(_faults(values))
        problems += [f"{row.where}, column {fault}" for fault in faults]
        if not faults:
            first = date.fromisoformat(values["first_day"])
            last = date.fromisoformat(values["last_day"] or values["first_day"])
            rate = Rate(values["from"], first, last, Decimal(values["rate"]), values["source"])
            found.setdefault((values["from"], values["to"]), []).append((row.where, rate))
    problems += [overlap for pair, rates in found.items() for overlap in _overlaps(pair, rates)]
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
    for name in ("from", "to"):
        if not _CURRENCY.fullmatch(values[name]):
            yield f"{name}: expected a code of ISO 4217 such as EUR, found '{values[name]}'"
    if values["from"] == values["to"]:
        yield f"to: expected another currency than {values['from']}, found the same"
    yield from _wrong_days(values)
    if not _RATE.fullmatch(values["rate"]) or not Decimal(values["rate"]):
        yield f"rate: expected a decimal above 0 such as 1.0834, found '{values['rate']}'"
    if not values["source"]:
        yield "source: expected where the rate was published, found nothing"


def _wrong_days(values: Mapping[str, str]) -> Iterator[str]:
    first, last = day_of(values["first_day"]), day_of(values["last_day"] or values["first_day"])
    if first is None:
        yield f"first_day: expected a day such as 2026-11-01, found '{values['first_day']}'"
    elif last is None or last < first:
        yield f"last_day: expected a day from {first} on, or nothing, found '{values['last_day']}'"


def _overlaps(pair: tuple[str, str], rates: Sequence[tuple[str, Rate]]) -> Iterator[str]:
    ordered = sorted(rates, key=lambda each: each[1].first)
    for (_, before), (where, after) in itertools.pairwise(ordered):
        if after.first <= before.last:
            yield (
                f"{where}, column first_day: expected one rate of {pair[0]} to {pair[1]} for a day, "
                f"found another for {after.first}"
            )

"""Converts the rows of other currencies at the rate of the day on which their charge period starts.

Providers convert with one rate for a row, too: Azure's details carry it beside both amounts
(`exchangeRatePricingToBilling`, learn.microsoft.com, understand usage details fields). Many take one rate for
a month; a row of the table may hold for as many days as its user says.
"""

# ruff: noqa: S608 - SQL is assembled from our own names and quoted text
from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

import duckdb

from allocation.adapters.bill.batches import Batch, ask
from allocation.adapters.bill.failures import BillError
from allocation.adapters.bill.formats.layout import Layout
from allocation.adapters.bill.numbers import EXACT, LIMIT, rounded
from allocation.adapters.bill.row_rules import FARTHEST_EAST
from allocation.adapters.rates import Rate
from allocation.charges import ChargePeriod
from allocation.engine.tables import create, insert, literal

RATES: Final = "bill_rate"
"""Table of the rates into the currency of the statement, by currency and day."""

_RATES: Final = "currency VARCHAR NOT NULL, day DATE NOT NULL, rate DECIMAL(16, 10) NOT NULL"
# With ten digits before the point and twelve decimals an amount times a rate has 38 digits: it is exact, and
# rounded once. Finer amounts are rounded to 1e-12 before, which is counted as a note.
_AMOUNT: Final = "DECIMAL(22, 12)"


def make_rates(connection: duckdb.DuckDBPyConnection, rates: Sequence[Rate]) -> None:
    """Make the table `RATES`."""
    create(connection, RATES, _RATES)
    insert(
        connection,
        RATES,
        _RATES,
        ((each.currency, day, f"{each.rate:f}") for each in rates for day in each.days),
    )


def converted(meant: str, layout: Layout) -> str:
    """SQL of the relation *meant* with converted amounts, the rate, and what was billed before.

    Args:
        meant: SQL of rows with amounts, currency and period_start.
        layout: Of the bill.
    """
    billed = next(iter(layout.amounts))
    replaced = [part for name in layout.amounts for part in _converted(f"{name}_exact", f"{name}_units")]
    coarse = " OR ".join(f"{name}_exact <> CAST({name}_exact AS {_AMOUNT})" for name in layout.amounts)
    return f"""SELECT * REPLACE ({", ".join(replaced)}),
            CASE WHEN rate IS NOT NULL THEN currency END AS original_currency,
            CASE WHEN rate IS NOT NULL THEN CAST({billed}_exact AS DECIMAL(38, 12)) END AS original_billed,
            CASE WHEN rate IS NOT NULL AND ({coarse}) THEN 1 ELSE 0 END AS coarse
        FROM (
            SELECT meant.*, {RATES}.rate FROM ({meant}) AS meant
            LEFT JOIN {RATES} ON {RATES}.currency = meant.currency
                AND {RATES}.day = CAST(meant.period_start AS DATE)
        )"""


def unconverted(meant: str) -> str:
    """SQL of the relation *meant* with the same columns, where there are no rates."""
    return f"""SELECT *, NULL::DECIMAL(16, 10) AS rate, NULL::VARCHAR AS original_currency,
        NULL::DECIMAL(38, 12) AS original_billed, 0 AS coarse FROM ({meant})"""


def refuse_missing_days(
    connection: duckdb.DuckDBPyConnection,
    batches: Sequence[Batch],
    rates: Sequence[Rate],
    period: ChargePeriod,
    currency: str,
) -> None:
    """Refuse a bill that needs the rate of a day which the table leaves out: no neighbour's rate is taken.

    Raises:
        BillError: With the pair, the day, and how many rows need it.
    """
    known = ", ".join(sorted({literal(rate.currency) for rate in rates}))
    if not known or not batches:
        return
    rows = " UNION ALL ".join(
        f"SELECT currency, CAST(period_start AS DATE) AS day, [file, row_number] AS place "
        f"FROM {batch.judged} WHERE rate IS NULL AND currency IN ({known}) "
        f"AND period_start IS NOT NULL AND {_is_of(period)}"
        for batch in batches
    )
    first = f"SELECT currency, day, min(place) FROM ({rows}) GROUP BY ALL ORDER BY ALL"
    missing = ask(connection, batches, first)
    if missing:
        pair, day, (file, row) = missing[0]
        names = [each.name for batch in batches for each in batch.files]
        others = f", and {len(missing) - 1} other days have none, too" if len(missing) > 1 else ""
        wanted = f"expected a rate from {pair} to {currency} for {day}, found none{others}"
        raise BillError(f"{names[file]}, row {row}: {wanted}")


def _converted(exact: str, units: str) -> Iterator[str]:
    """SQL of the columns *exact* and *units* of an amount at the rate of its row, if it has one."""
    amount = f"CASE WHEN abs({_product(exact)}) < {LIMIT} THEN try_cast({_product(exact)} AS {EXACT}) END"
    yield f"CASE WHEN rate IS NULL THEN {exact} ELSE {amount} END AS {exact}"
    yield f"CASE WHEN rate IS NULL THEN {units} ELSE {rounded(amount)} END AS {units}"


def _is_of(period: ChargePeriod) -> str:
    """SQL of whether *period* bills a row, as `row_rules` has it: corrections start in other months."""
    start, end = (f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}'" for moment in period)
    hours = f"INTERVAL {FARTHEST_EAST // timedelta(hours=1)} HOUR"
    return f"""CASE WHEN billing_start IS NULL THEN period_start >= {start} AND period_start < {end}
        ELSE billing_start >= {start} - {hours} AND billing_start < {end} - {hours} END"""


def _product(name: str) -> str:
    return f"CAST({name} AS {_AMOUNT}) * rate"

"""Writes small bills and reads them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from allocation.adapters.bill import Intake, ingest
from allocation.charges import ChargePeriod
from allocation.estimate.scratch import scratch

NOVEMBER = ChargePeriod.month("2026-11")

FOCUS = {
    "BilledCost": "1.25",
    "EffectiveCost": "1.25",
    "ListCost": "1.25",
    "ContractedCost": "1.25",
    "BillingCurrency": "USD",
    "ChargePeriodStart": "2026-11-01T00:00:00Z",
    "ChargePeriodEnd": "2026-11-02T00:00:00Z",
    "ChargeCategory": "Usage",
    "PricingQuantity": "24",
    "Tags": "{}",
}
CUR = {
    "identity/LineItemId": "a1",
    "identity/TimeInterval": "2026-11-01T00:00:00Z/2026-11-01T01:00:00Z",
    "lineItem/LineItemType": "Usage",
    "lineItem/UsageStartDate": "2026-11-01T00:00:00Z",
    "lineItem/UsageEndDate": "2026-11-01T01:00:00Z",
    "lineItem/CurrencyCode": "USD",
    "lineItem/UnblendedCost": "1.25",
}
CUR_2 = {
    "identity_line_item_id": "a1",
    "identity_time_interval": "2026-11-01T00:00:00Z/2026-11-01T01:00:00Z",
    "line_item_line_item_type": "Usage",
    "line_item_usage_start_date": "2026-11-01 00:00:00.000",
    "line_item_usage_end_date": "2026-11-01 01:00:00.000",
    "line_item_currency_code": "USD",
    "line_item_unblended_cost": "1.25",
}
PLAIN = {
    "id": "1",
    "start": "2026-11-01",
    "end": "2026-11-02",
    "service": "Support",
    "cost": "1.25",
    "currency": "USD",
}


class Read(NamedTuple):
    """What became of a bill."""

    intake: Intake
    charges: list[dict[str, Any]]
    refused: list[dict[str, Any]]


def bill(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """A CSV file of *rows*, all with the columns of the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def parquet(file: Path, *replaced: str) -> Path:
    """The CSV *file* as Parquet of text beside it, with columns *replaced*: SQL such as `'1' AS cost`."""
    made = file.with_suffix(".parquet")
    with duckdb.connect() as connection:
        rows = f"read_csv('{file}', all_varchar = true)"
        changed = f"REPLACE ({', '.join(replaced)})" if replaced else ""
        connection.execute(f"COPY (SELECT * {changed} FROM {rows}) TO '{made}'")  # noqa: S608
    return made


def read(
    *files: str | Path, into: Path | None = None, period: ChargePeriod = NOVEMBER, parts: bool = False
) -> Read:
    """Read *files* into a database of their own."""
    with scratch() as connection:
        intake = ingest(connection, files, period, "USD", into=into, parts=parts)
        charges = fetched(connection, "SELECT * FROM charge ORDER BY charge")
        return Read(intake, charges, fetched(connection, "SELECT * FROM refused ORDER BY source, row_number"))


def fetched(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    """The rows of *sql* by the names of their columns."""
    result = connection.execute(sql)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

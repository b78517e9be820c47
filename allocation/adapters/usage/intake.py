"""Reads usage files: valid rows become `usage`, all others are refused by a named rule."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb

from allocation.adapters.usage.files import load_text
from allocation.charges import ChargePeriod
from allocation.engine.tables import REFUSED, USAGE, create

RULES: Final = (
    "missing-value",
    "unknown-driver",
    "bad-date",
    "not-a-number",
    "negative",
    "too-large",
    "outside-period",
    "overlap",
)
"""The rules that refuse a row, in the order in which they are checked."""

_LARGEST: Final = 10**15
"""The largest quantity the allocation can divide by (`allocation.engine.weights`)."""
_NUMBER: Final = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"
_MOMENT: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|\+00(:?00)?)?)?"
)

# A moment without a zone is UTC; another zone is refused.
_PARSED: Final = f"""
CREATE OR REPLACE TEMP TABLE usage_parsed AS
SELECT *,
    CASE WHEN regexp_full_match(period_start, '{_MOMENT}')
        THEN TRY_CAST(regexp_replace(period_start, '(Z|\\+00(:?00)?)$', '') AS TIMESTAMP) END AS starts,
    CASE WHEN regexp_full_match(period_end, '{_MOMENT}')
        THEN TRY_CAST(regexp_replace(period_end, '(Z|\\+00(:?00)?)$', '') AS TIMESTAMP) END AS ends,
    CASE WHEN regexp_full_match(quantity, '{_NUMBER}') THEN TRY_CAST(quantity AS DECIMAL(38, 9)) END AS amount
FROM usage_text
"""  # noqa: S608 - patterns of our own
_JUDGED: Final = f"""
CREATE OR REPLACE TEMP TABLE usage_judged AS
SELECT *, CASE
    WHEN COALESCE(trim(tenant), '') = '' THEN 'missing-value tenant'
    WHEN COALESCE(trim(driver), '') = '' THEN 'missing-value driver'
    WHEN COALESCE(trim(period_start), '') = '' THEN 'missing-value start'
    WHEN COALESCE(trim(period_end), '') = '' THEN 'missing-value end'
    WHEN COALESCE(trim(quantity), '') = '' THEN 'missing-value quantity'
    WHEN NOT list_contains($drivers::VARCHAR[], driver) THEN 'unknown-driver driver'
    WHEN starts IS NULL THEN 'bad-date start'
    WHEN ends IS NULL OR ends <= starts THEN 'bad-date end'
    WHEN NOT regexp_full_match(quantity, '{_NUMBER}') THEN 'not-a-number quantity'
    WHEN amount < 0 OR (amount IS NULL AND starts_with(quantity, '-')) THEN 'negative quantity'
    WHEN amount IS NULL OR amount > {_LARGEST} THEN 'too-large quantity'
    WHEN starts < $first::TIMESTAMP OR starts >= $behind::TIMESTAMP THEN 'outside-period start'
    WHEN ends > $behind::TIMESTAMP THEN 'outside-period end'
    END AS verdict
FROM usage_parsed
"""  # noqa: S608 - names and patterns of our own
# Intervals of a tenant and driver that overlap, with all other intervals of both.
_OVERLAPPING: Final = """
WITH good AS (SELECT * FROM usage_judged WHERE verdict IS NULL),
chained AS (
    SELECT tenant, driver, starts, MAX(ends) OVER (
        PARTITION BY tenant, driver ORDER BY starts, file, row_number
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
    FROM good
),
touched AS (SELECT DISTINCT tenant, driver FROM chained WHERE starts < reached)
SELECT file, row_number, tenant, driver, starts, ends FROM good JOIN touched USING (tenant, driver)
ORDER BY file, row_number
"""
_OVERLAP: Final = """
UPDATE usage_judged SET verdict = 'overlap start'
FROM (SELECT UNNEST($files::INTEGER[]) AS file, UNNEST($rows::BIGINT[]) AS row_number) AS late
WHERE late.file = usage_judged.file AND late.row_number = usage_judged.row_number
"""
_TAKEN: Final = """
INSERT INTO usage
SELECT tenant, driver, starts, ends, amount FROM usage_judged WHERE verdict IS NULL
ORDER BY tenant, driver, starts
"""
_REFUSED: Final = """
INSERT INTO usage_refused
SELECT source, row_number, split_part(verdict, ' ', 1), split_part(verdict, ' ', 2),
    left(CASE split_part(verdict, ' ', 2) WHEN 'tenant' THEN tenant WHEN 'driver' THEN driver
        WHEN 'start' THEN period_start WHEN 'end' THEN period_end ELSE quantity END, 200),
    NULL, NULL
FROM usage_judged WHERE verdict IS NOT NULL ORDER BY file, row_number
"""
_SCRATCH: Final = ("usage_text", "usage_parsed", "usage_judged")


@dataclass(frozen=True, slots=True)
class UsageIntake:
    """The account of all rows: `rows` = `taken` + the sum of `refused` (rule -> rows)."""

    rows: int
    taken: int
    refused: Mapping[str, int]


def read_usage(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[Path],
    period: ChargePeriod,
    drivers: Collection[str],
) -> UsageIntake:
    """Make the tables `usage` and `usage_refused` (`allocation.engine.tables`) from *files*.

    If intervals of one tenant and driver overlap, the first row in the order of *files* and rows stays.
    Quantities are rounded to the billionth, half away from zero.

    Args:
        connection: Where the tables are made.
        files: CSV in UTF-8 or Parquet with the columns tenant, driver, start, end, quantity.
        period: What is allocated; an interval that is not inside of it is refused.
        drivers: The words that may stand in `driver`.

    Raises:
        UsageError: When a file cannot be read at all.
    """
    try:
        rows = load_text(connection, files)
        _judge(connection, period, drivers)
        create(connection, "usage", USAGE)
        create(connection, "usage_refused", REFUSED)
        connection.execute(_TAKEN)
        connection.execute(_REFUSED)
    finally:
        for name in _SCRATCH:
            connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
    refused = dict(
        connection.execute("SELECT rule, COUNT(*) FROM usage_refused GROUP BY rule ORDER BY rule").fetchall()
    )
    return UsageIntake(rows, rows - sum(refused.values()), refused)


def _judge(connection: duckdb.DuckDBPyConnection, period: ChargePeriod, drivers: Collection[str]) -> None:
    connection.execute(_PARSED)
    bounds = {"first": period.start.replace(tzinfo=None), "behind": period.end.replace(tzinfo=None)}
    connection.execute(_JUDGED, {"drivers": sorted(map(str, drivers)), **bounds})
    late = _late(connection.execute(_OVERLAPPING).fetchall())
    if late:
        connection.execute(_OVERLAP, {"files": [file for file, _ in late], "rows": [row for _, row in late]})


def _late(rows: Sequence[tuple[int, int, str, str, datetime, datetime]]) -> list[tuple[int, int]]:
    """The *rows*, which are sorted, that overlap an earlier row that stays."""
    kept: dict[tuple[str, str], list[tuple[datetime, datetime]]] = defaultdict(list)
    late = []
    for file, row, tenant, driver, start, end in rows:
        intervals = kept[tenant, driver]
        place = bisect_left(intervals, (start, end))
        before, after = intervals[place - 1 : place] if place else (), intervals[place : place + 1]
        if any(other_end > start for _, other_end in before) or any(other < end for other, _ in after):
            late.append((file, row))
        else:
            insort(intervals, (start, end))
    return late

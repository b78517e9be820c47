"""Shared charges: charges of one pool, day and kind, summed so that they are divided once.

The run folder and the SQL call a shared charge `origin`, as FOCUS calls the charge that is split.
"""

from __future__ import annotations

from enum import StrEnum, unique
from typing import Final

import duckdb

from allocation.engine.tables import KIND_OF_SHARED_CHARGE


@unique
class AllocationType(StrEnum):
    """Why a tenant pays an amount: the charge is its own, or it takes a share of a shared charge.

    Statements, run folders and FOCUS files store these words; there `part` names the column.
    """

    DIRECT = "direct"
    USAGE = "use"
    IDLE = "idle"
    UNALLOCATED = "unallocated"


# An hourly charge belongs to its day; one that spans days is divided by the usage of all of them.
FIRST_DAY: Final = "DATE_TRUNC('day', charged.period_start)"
DAY_AFTER_LAST: Final = (
    f"GREATEST({FIRST_DAY}, DATE_TRUNC('day', charged.period_end - INTERVAL 1 MICROSECOND)) + INTERVAL 1 DAY"
)
_KIND: Final = ", ".join(KIND_OF_SHARED_CHARGE)

_ORIGINS: Final = f"""
CREATE OR REPLACE TABLE pooled AS
SELECT pool, rule, {FIRST_DAY} AS period_start, {DAY_AFTER_LAST} AS period_end, {_KIND},
    COUNT(*) AS charges,
    SUM(billed) AS billed, SUM(effective) AS effective, SUM(listed) AS listed, SUM(contracted) AS contracted
FROM charged
WHERE disposition = 'pooled'
GROUP BY ALL
"""  # noqa: S608 - names of our own

_NUMBERED: Final = f"""
CREATE OR REPLACE TABLE origin AS
SELECT ROW_NUMBER() OVER (ORDER BY pool, period_start, period_end, rule, {_KIND}) AS origin, *
FROM pooled
"""  # noqa: S608 - names of our own

_SLOTS: Final = """
CREATE OR REPLACE TABLE slot AS
SELECT ROW_NUMBER() OVER (ORDER BY period_start, period_end) AS slot, period_start, period_end
FROM (SELECT DISTINCT period_start, period_end FROM origin)
"""

# The four costs of a shared charge are mostly one number, which is divided once.
_AMOUNTS: Final = """
CREATE OR REPLACE TABLE amount AS
SELECT DISTINCT origin, pool, slot, CAST(amount AS DECIMAL(38, 0)) AS amount
FROM (
    SELECT origin, pool, slot, UNNEST([billed, effective, listed, contracted]) AS amount
    FROM origin JOIN slot USING (period_start, period_end)
)
"""

LARGEST_AMOUNT: Final = 2**62
"""The largest amount in units: 461 million of a currency in one pool and day."""


def make_shared_charges(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables `origin`, `slot` and `amount` from the view `charged`."""
    for statement in (_ORIGINS, _NUMBERED, _SLOTS, _AMOUNTS):
        connection.execute(statement)
    connection.execute("DROP TABLE pooled")

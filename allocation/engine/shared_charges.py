"""Shared charges: charges of one pool, day and kind, summed so that they are divided once.

The run folder and the SQL call a shared charge `origin`, as FOCUS calls the charge that is split.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum, unique
from string import Template
from typing import Final

import duckdb

from allocation.engine.kinds import lines_of
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

Period = tuple[datetime, datetime]
"""The month of a statement, half-open, in UTC."""

_POOLED: Final = Template(f"""
CREATE OR REPLACE TABLE pooled AS
SELECT pool, rule, {FIRST_DAY} AS period_start, {DAY_AFTER_LAST} AS period_end, {_KIND},
    $lines AS charges,
    SUM(billed) AS billed, SUM(effective) AS effective, SUM(listed) AS listed, SUM(contracted) AS contracted
FROM charged
WHERE disposition = 'pooled'
GROUP BY ALL
""")  # noqa: S608 - names of our own

# Usage is known for the month of the statement. What was charged for another time is divided by all of it.
_ELSEWHEN: Final = """other_month IS NOT NULL OR period_start >= CAST($end AS TIMESTAMP)
    OR period_end <= CAST($start AS TIMESTAMP)"""
SLOT_START: Final = (
    f"CASE WHEN {_ELSEWHEN} THEN COALESCE(CAST($start AS TIMESTAMP), period_start) ELSE period_start END"
)
SLOT_END: Final = (
    f"CASE WHEN {_ELSEWHEN} THEN COALESCE(CAST($end AS TIMESTAMP), period_end) ELSE period_end END"
)
_TIMED: Final = f"""
CREATE OR REPLACE TABLE timed AS
SELECT *, {SLOT_START} AS slot_start, {SLOT_END} AS slot_end
FROM pooled
"""  # noqa: S608 - names of our own

_SLOTS: Final = """
CREATE OR REPLACE TABLE slot AS
SELECT ROW_NUMBER() OVER (ORDER BY slot_start, slot_end, other_month NULLS FIRST) AS slot,
    slot_start AS period_start, slot_end AS period_end, other_month
FROM (SELECT DISTINCT slot_start, slot_end, other_month FROM timed)
"""

_NUMBERED: Final = f"""
CREATE OR REPLACE TABLE origin AS
SELECT ROW_NUMBER() OVER (ORDER BY pool, timed.period_start, timed.period_end, rule,
        {", ".join(f"timed.{name}" for name in KIND_OF_SHARED_CHARGE)}) AS origin,
    timed.* EXCLUDE (slot_start, slot_end), slot.slot
FROM timed JOIN slot ON slot.period_start = slot_start AND slot.period_end = slot_end
    AND slot.other_month IS NOT DISTINCT FROM timed.other_month
"""  # noqa: S608 - names of our own

# The four costs of a shared charge are mostly one number, which is divided once.
_AMOUNTS: Final = """
CREATE OR REPLACE TABLE amount AS
SELECT DISTINCT origin, pool, slot, CAST(amount AS DECIMAL(38, 0)) AS amount
FROM (
    SELECT origin, pool, slot, UNNEST([billed, effective, listed, contracted]) AS amount FROM origin
)
"""

LARGEST_AMOUNT: Final = 2**62
"""The largest amount in units: 461 million of a currency in one pool and day."""


def make_shared_charges(connection: duckdb.DuckDBPyConnection, month: Period | None = None) -> None:
    """Make the tables `origin`, `slot` and `amount` from the view `charged`.

    A charge is divided by the usage of its own days. With *month*, the charges of other months and of days
    outside it are divided by the usage of the whole month, in a slot for each other month.
    """
    connection.execute(_POOLED.substitute(lines=lines_of(connection)))
    connection.execute(_TIMED, bounds_of(month))
    for statement in (_SLOTS, _NUMBERED, _AMOUNTS):
        connection.execute(statement)
    connection.execute("DROP TABLE pooled")
    connection.execute("DROP TABLE timed")


def bounds_of(month: Period | None) -> dict[str, str | None]:
    """The parameters of `SLOT_START` and `SLOT_END`: the month of the statement, if it is known."""
    start, end = (f"{moment:%Y-%m-%d %H:%M:%S}" for moment in month) if month else (None, None)
    return {"start": start, "end": end}

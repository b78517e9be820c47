"""Other months in a bill: rows that another month bills, and the filed months that it corrects."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import duckdb

from allocation.adapters.bill.formats.columns import LAYOUTS
from allocation.adapters.bill.row_rules import FARTHEST_EAST
from allocation.adapters.folders.filed_months import History
from allocation.charges import ChargePeriod
from allocation.money import text_of, units_of
from allocation.statement.filed import FiledStatement, filed_statement

_BILLING_STARTS: Final = frozenset(layout.billing_start for layout in LAYOUTS)

_OUTSIDE: Final = """
SELECT column_name, found, COUNT(*), SUM(amount) FROM refused
WHERE rule = 'outside-period' GROUP BY ALL ORDER BY ALL
"""
_CORRECTED: Final = """
SELECT DISTINCT other_month FROM charge WHERE other_month IS NOT NULL ORDER BY 1
"""


def months_outside(connection: duckdb.DuckDBPyConnection, currency: str) -> str:
    """Which months the rows of rule `outside-period` belong to, with their number and money; '' for none."""
    months: dict[str, tuple[int, Decimal]] = {}
    for column, found, rows, amount in connection.execute(_OUTSIDE).fetchall():
        month = _month_of(found, by_invoice=column in _BILLING_STARTS)
        counted, summed = months.get(month, (0, Decimal(0)))
        months[month] = (counted + rows, summed + amount)
    if not months:
        return ""
    listed = ", ".join(
        f"{month} ({rows} row{'s' if rows > 1 else ''}, {text_of(units_of(amount))} {currency})"
        for month, (rows, amount) in sorted(months.items())
    )
    return f"the bill has rows of other months: {listed}; allocate them with their own month"


def filed_months_of(
    connection: duckdb.DuckDBPyConnection, history: History | None, period: ChargePeriod
) -> dict[str, FiledStatement]:
    """The last filed statement of every month before *period* that the relation `charge` corrects.

    Raises:
        AllocationError: When a filed statement cannot be read.
    """
    if history is None:
        return {}
    months = [row[0] for row in connection.execute(_CORRECTED).fetchall()]
    filed = {
        month: history.filed(ChargePeriod.month(month)) for month in months if month < f"{period.start:%Y-%m}"
    }
    return {
        month: filed_statement(statements[-1], None, f"the filed statement of {month}")
        for month, statements in filed.items()
        if statements
    }


def _month_of(found: str, *, by_invoice: bool) -> str:
    """The month of a moment that `row_rules` could read."""
    moment = datetime.fromisoformat(found)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return f"{moment + FARTHEST_EAST if by_invoice else moment:%Y-%m}"

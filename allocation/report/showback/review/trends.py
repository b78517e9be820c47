"""The table of trends: what grows by how much a month, and what happened where it bends."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

from allocation.report.showback.content import Cell, Table, quantity, text
from allocation.report.showback.month import Showback
from allocation.review.trends import LEAST_MONTHS, LEAST_PERCENT, MOST_MONTHS, Trend, trends

_MOST: Final = 40
_NOTE: Final = (
    f"From at least {LEAST_MONTHS} and at most {MOST_MONTHS} filed months, as their pools were divided: by "
    "usage that was measured, or declared where it was not. The change a month is the median of all pairs of "
    f"months (Theil-Sen); below {LEAST_PERCENT} % it is left out. It bends most in the month whose step is "
    "furthest from that; what happened then is read from the statements."
)
_ROUND: Final = Decimal("0.0001")


def trend_table(showback: Showback) -> Table:
    """The steepest trends: of all tenants, of tiers, of tenants; no rows with fewer than three months."""
    found = trends((*showback.past, showback.statement))
    left = f" {len(found) - _MOST:,} more are left out." if len(found) > _MOST else ""
    return Table(
        "trends",
        "Trends of usage",
        ("of", "driver", "months", "newest level", "change a month", "percent", "bends most in", "then"),
        tuple(_row(showback, each) for each in found[:_MOST]),
        note=f"{_NOTE}{left}",
    )


def _row(showback: Showback, each: Trend) -> tuple[Cell, ...]:
    kind, _, name = each.series.whose.partition(" ")
    levels = list(each.series.levels.values())
    return (
        text(showback.name_of(name) if kind == "tenant" else each.series.whose),
        text(each.series.driver),
        quantity(len(levels)),
        quantity(_decimal(levels[-1]), each.series.unit),
        quantity(_decimal(each.slope), each.series.unit),
        quantity(_decimal(each.percent), "%"),
        text(each.bend),
        text(each.event or "nothing known"),
    )


def _decimal(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(_ROUND)

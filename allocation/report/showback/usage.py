"""Cells of what was used of a pool, as people think of it; the data beside a page keep it exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from allocation.report.quantities import hours_of, in_months, price_text
from allocation.report.showback.content import EMPTY, Cell
from allocation.statement.filed import FiledPool, FiledStatement

_WEIGHT: Final = "weight"
_ROUND: Final = Decimal("0.0000000001")


def used_cell(statement: FiledStatement, pool: FiledPool | None, used: Decimal | int) -> Cell:
    """How much was used of *pool*: empty where it is divided by a mix of measures."""
    if pool is None or pool.unit == _WEIGHT:
        return EMPTY
    return Cell(str(in_months(used, pool.unit, hours_of(statement))), f"{Decimal(used).normalize():f}")


def price_cell(statement: FiledStatement, pool: FiledPool | None, units: int, used: Decimal) -> Cell:
    """The price of one of what was used, such as a GiB-month; exactly, that of one of the driver's unit."""
    if pool is None or pool.unit == _WEIGHT or not used:
        return EMPTY
    exact = (Decimal(int(units)).scaleb(-10) / used).quantize(_ROUND)
    read = in_months(used, pool.unit, hours_of(statement))
    each = Decimal(int(units)).scaleb(-10) / read.quantity
    return Cell(f"{price_text(each)} per {read.one}", f"{exact:f}")


def change_of_usage(
    months: tuple[FiledStatement, FiledStatement], pool: FiledPool, was: Decimal, uses: Decimal
) -> str:
    """How a usage of *pool* changed between two months, such as "cpu requests 8 → 16 vCPU-months"."""
    before, now = (
        in_months(used, pool.unit, hours_of(month)) for month, used in zip(months, (was, uses), strict=True)
    )
    name = pool.driver.replace("-", " ")
    return f"{name} {before.shown} → {now.shown if now.unit == name else now}"

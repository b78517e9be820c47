"""Quantities as people think of them: vCPU-months, GiB-months, users, hours of a thing, with sensible digits.

Drivers accrue by the hour, and data files keep them so. Here alone they are converted to be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from allocation.estimate.quantities import HOURS_PER_MONTH
from allocation.statement.filed import FiledStatement

_SECONDS_PER_HOUR: Final = 3600
_BY_THE_HOUR: Final[Mapping[str, tuple[str, str]]] = {
    "core-hours": ("vCPU-months", "vCPU-month"),
    "GiB-hours": ("GiB-months", "GiB-month"),
    "MiB-hours": ("MiB-months", "MiB-month"),
    "user-hours": ("users", "user and month"),
    "module-hours": ("modules", "module and month"),
}
"""What accrues by the hour, as it is called when it is divided by the hours of its month, and one of it."""
_LEVELS: Final[Mapping[str, str]] = {"core-hours": "vCPU", "user-hours": "users", "module-hours": "modules"}
"""What was there on average, where that is not the unit without its hours."""
_DIGITS: Final = 3


class Read(NamedTuple):
    """A quantity to be read: how much, of what, and what one of it is called."""

    quantity: Decimal
    unit: str
    one: str

    @property
    def shown(self) -> str:
        """The number alone."""
        return sensible(self.quantity)

    def __str__(self) -> str:
        return f"{self.shown} {self.unit}".rstrip()


def hours_of(statement: FiledStatement) -> Decimal:
    """The hours of a statement's period; an estimate counts every month as 730."""
    if statement.basis == "estimated":
        return Decimal(HOURS_PER_MONTH)
    whole = statement.period.end - statement.period.start
    return Decimal(whole.days * 24) + Decimal(whole.seconds) / _SECONDS_PER_HOUR


def in_months(quantity: Decimal | int, unit: str, hours: Decimal) -> Read:
    """*quantity* of a driver's *unit* that accrued in *hours*: what was there on average for the month.

    >>> str(in_months(Decimal("3596710"), "GiB-hours", Decimal(730)))
    '4,927 GiB-months'
    >>> str(in_months(8 * 720, "user-hours", Decimal(720))), str(in_months(5400, "seconds", Decimal(720)))
    ('8 users', '1.5 hours')
    """
    exact = Decimal(quantity)
    if unit in _BY_THE_HOUR:
        return Read(exact / hours, *_BY_THE_HOUR[unit])
    if unit == "seconds":
        return Read(exact / _SECONDS_PER_HOUR, "hours", "hour")
    return Read(exact, unit, unit.removesuffix("s"))


def on_average(quantity: Decimal, unit: str, hours: Decimal) -> str:
    """*quantity* of a driver's *unit* in an interval of some *hours*: what was there on average meanwhile.

    >>> on_average(Decimal(192), "GiB-hours", Decimal(24)), on_average(Decimal(9300), "requests", Decimal(1))
    ('8 GiB on average', '9,300 requests')
    """
    if unit in _BY_THE_HOUR and hours:
        what = _LEVELS.get(unit, unit.removesuffix("-hours"))
        return f"{sensible(quantity / hours)} {what} on average"
    return str(in_months(quantity, unit, hours))


def sensible(value: Decimal) -> str:
    """*value* with three digits that count, all of its whole ones, and no zeros at the end.

    >>> [sensible(Decimal(text)) for text in ("4926.9", "12.345", "0.0034567", "8.00", "0", "-1234.5")]
    ['4,927', '12.3', '0.00346', '8', '0', '-1,234']
    """
    if not value:
        return "0"
    decimals = max(_DIGITS - 1 - value.adjusted(), 0)
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def price_text(price: Decimal) -> str:
    """A price of one in its currency: two decimals, and more until three digits count.

    >>> [price_text(Decimal(text)) for text in ("21.5", "0.0223444", "1234.567")]
    ['21.50', '0.0223', '1,234.57']
    """
    decimals = max(_DIGITS - 1 - price.adjusted(), 2) if price else 2
    return f"{price:,.{min(decimals, 10)}f}"

"""Figures as a person reads them: money, percentages and quantities, and names cut to the first few."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

from allocation.statement.ledger.figure import cents_of, digits_shown

_DIGITS: Final = 2
_SIXTY: Final = 60
UNKNOWN_PRICES: Final = "Lines without a known price"
"""The title of the list of what costs money at an unknown price."""


def money(cents: int, *, signed: bool = False, digits: int = _DIGITS) -> str:
    """Cents with thousands separators and the currency's decimals: two, unless *digits* says otherwise.

    >>> money(-123456), money(5, signed=True), money(123456, digits=0), money(-5, digits=3)
    ('-1,234.56', '+0.05', '123,456', '-0.005')
    """
    sign = "-" if cents < 0 else "+" if signed and cents > 0 else ""
    whole, rest = divmod(abs(cents), 10**digits)
    return f"{sign}{whole:,}.{rest:0{digits}}" if digits else f"{sign}{whole:,}"


def money_of(units: int, *, signed: bool = False) -> str:
    """One amount of units in cents: those settled for a figure of a statement, or the nearest.

    >>> money_of(12_345_678_901)
    '1.23'
    """
    return money(cents_of(units), signed=signed, digits=digits_shown(units))


def percent(part: int, whole: int) -> str:
    """*part* of *whole* with one decimal; empty where there is no whole.

    >>> percent(1, 3), percent(1, 0)
    ('33.3 %', '')
    """
    return f"{plain_percent(part, whole)} %" if whole else ""


def plain_percent(part: int, whole: int) -> str:
    """The same without its sign, for a column whose title has it.

    >>> plain_percent(-1, 3)
    '-33.3'
    """
    if not whole:
        return ""
    tenths = round(Fraction(1000 * part, whole))
    return f"{'-' if tenths < 0 else ''}{abs(tenths) // 10}.{abs(tenths) % 10}"


def number(value: Decimal) -> str:
    """*value* with up to two decimals.

    >>> number(Decimal("3.50")), number(Decimal("1200"))
    ('3.5', '1,200')
    """
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def first_of(parts: Sequence[str], most: int, separator: str = ", ") -> str:
    """The first *most* of *parts*, and how many more there are.

    >>> first_of(["a", "b", "c"], 2), first_of(["a"], 2)
    ('a, b and 1 more', 'a')
    """
    return f"{separator.join(parts[:most])}{and_more(len(parts), most)}"


def and_more(count: int, most: int) -> str:
    """What to write after the first *most* of *count* parts.

    >>> and_more(5, 3), and_more(3, 3)
    (' and 2 more', '')
    """
    return f" and {count - most:,} more" if count > most else ""


def duration(seconds: int) -> str:
    """A time in words that people compare.

    >>> duration(42), duration(300), duration(3725), duration(90_000)
    ('42 s', '5 min 0 s', '1 h 2 min', '25 h 0 min')
    """
    minutes, left = divmod(seconds, _SIXTY)
    if not minutes:
        return f"{left} s"
    hours, rest = divmod(minutes, _SIXTY)
    return f"{hours} h {rest} min" if hours else f"{minutes} min {left} s"

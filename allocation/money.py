"""Exact money: whole units of 1e-10 of a currency, divided without losing a unit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact
from typing import Final

# AWS writes up to ten decimals; with nine, 426 of 200,000 such costs would fall on a rounding tie.
UNITS_PER_CURRENCY: Final = 10**10
UNITS_PER_CENT: Final = UNITS_PER_CURRENCY // 100
_UNIT: Final = Decimal(1) / UNITS_PER_CURRENCY
_EXACT: Final = Context(prec=60, traps=[Inexact])
_WIDE: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)


def units_of(amount: Decimal) -> int:
    """*amount* in units, rounded half to even if it is finer than a unit.

    >>> units_of(Decimal("0.10"))
    1000000000
    """
    return int(_WIDE.quantize(amount, _UNIT).scaleb(10, _WIDE))


def amount_of(units: int) -> Decimal:
    """The exact amount of *units*, without trailing zeros beyond the cents.

    >>> amount_of(1_000_000_000), amount_of(1)
    (Decimal('0.10'), Decimal('1E-10'))
    """
    exact = _EXACT.scaleb(Decimal(units), -10)
    cents = _WIDE.quantize(exact, Decimal("0.01"))
    return cents if cents == exact else exact.normalize(_EXACT)


def text_of(units: int) -> str:
    """The exact amount of *units* as plain decimal text.

    >>> text_of(-1), text_of(0)
    ('-0.0000000001', '0.00')
    """
    return format(amount_of(int(units)), "f")


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Divide *total* units in proportion to *weights*, losing nothing.

    Hamilton's method rounds every share down and gives the units left over, one each, to the largest
    remainders; the earlier weight wins a tie. A negative total is divided like its opposite.

    Raises:
        ValueError: When a weight is negative, or all are 0.

    >>> split(100, [1, 1, 1])
    [34, 33, 33]
    >>> split(-100, [1, 1, 1])
    [-34, -33, -33]
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("weights must be 0 or more, and not all 0")
    sign, size = (-1, -total) if total < 0 else (1, total)
    floors, remainders = zip(*(divmod(size * weight, whole) for weight in weights), strict=True)
    return [sign * share for share in completed(floors, remainders, size)]


def in_cents(amounts: Sequence[int], total: int | None = None) -> list[int]:
    """*amounts* of units in whole cents that add up to *total* cents, or to their rounded sum.

    >>> in_cents([units_of(Decimal("0.005"))] * 3)
    [1, 1, 0]
    """
    if total is None:
        total = nearest(sum(amounts), UNITS_PER_CENT)
    floors = [units // UNITS_PER_CENT for units in amounts]
    return completed(floors, [units % UNITS_PER_CENT for units in amounts], total)


def nearest(units: int, unit: int) -> int:
    """How many times *unit* is nearest to *units*, half to even.

    >>> nearest(25, 10), nearest(-15, 10), nearest(-26, 10)
    (2, -2, -3)
    """
    whole, rest = divmod(int(units), unit)
    return whole + (2 * rest > unit or (2 * rest == unit and whole % 2 == 1))


def completed(floors: Sequence[int], remainders: Sequence[int], total: int) -> list[int]:
    """*floors*, plus one for the largest remainders until they reach *total*; the earlier wins a tie."""
    shares = list(floors)
    by_remainder = sorted(range(len(shares)), key=lambda index: (-remainders[index], index))
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares

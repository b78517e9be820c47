"""A usage row, and the error of usage sources."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final, NamedTuple

from allocation.charges import ChargePeriod
from allocation.errors import AllocationError, InputError

COLUMNS: Final = ("tenant", "driver", "start", "end", "quantity")
"""The columns of a usage file."""

_STEP: Final = Decimal("1E-9")
_LARGEST_EXPONENT: Final = 28
WIDE: Final = Context(prec=60, rounding=ROUND_HALF_UP, traps=[])
"""Arithmetic for values of a server: exact for real quantities, NaN instead of an exception."""
_DAY: Final = timedelta(days=1)


class UsageError(AllocationError):
    """Usage cannot be read; the message says from where, what was found, and what to do."""


class UsageFileError(UsageError, InputError):
    """A file with usage cannot be used as it is; what a server answers is no file."""


class UsageRow(NamedTuple):
    """The usage of a driver by one consumer in an interval, half-open and UTC.

    `quantity` is in the driver's own unit, as the source gave it: it may be NaN, infinite, negative or None.
    `read_usage` refuses such rows and counts them by rule.
    """

    tenant: str
    driver: str
    start: datetime
    end: datetime
    quantity: Decimal | None


def rounded(quantity: Decimal) -> Decimal:
    """*quantity* to the billionth, half away from zero; NaN, infinite and too large ones stay unchanged.

    >>> rounded(Decimal("0.12345678950")), rounded(Decimal("NaN"))
    (Decimal('0.123456790'), Decimal('NaN'))
    """
    if not quantity.is_finite() or quantity.adjusted() > _LARGEST_EXPONENT:
        return quantity
    return WIDE.quantize(quantity, _STEP)


def days_of(period: ChargePeriod) -> Iterator[ChargePeriod]:
    """The days of *period*, midnight to midnight UTC; the first and the last may be shorter."""
    start = period.start
    while start < period.end:
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
        end = min(midnight, period.end)
        yield ChargePeriod(start, end)
        start = end

"""A figure: an exact amount of money together with the cents in which it is shown.

A figure is its exact amount, an integer of units, and can be used wherever one is expected. Sums,
differences and whole multiples of figures are figures: their cents are the sums of cents. So whatever adds
up figures of one ledger shows the same text as any other sum of the same parts, and nothing is rounded a
second time.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import ClassVar, Final

from allocation.money import UNITS_PER_CURRENCY, nearest

_DIGITS: Final = 2
_ISO_4217_CODES: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_OTHER_DIGITS: Final = {code: digits for digits, codes in _ISO_4217_CODES.items() for code in codes.split()}


def digits_of(currency: str) -> int:
    """The decimals of *currency* (ISO 4217, table A.1); 2 for one that the table does not have.

    >>> digits_of("USD"), digits_of("JPY"), digits_of("KWD")
    (2, 0, 3)
    """
    return _OTHER_DIGITS.get(currency, _DIGITS)


class Figure(int):
    """An exact amount of units, and the `cents` that are shown of it.

    A cent is the smallest amount of the currency, 10 to the power of minus `digits`. An amount of whole cents
    shows itself and may be a plain integer. The sum with another plain integer is plain: it is not settled.
    """

    digits: ClassVar[int] = _DIGITS
    cents: int

    def __add__(self, other: int) -> int:
        """The sum; a figure if the cents of *other* are known."""
        cents = self._cents_of(other)
        exact = int.__add__(self, other)
        return exact if cents is None else self._made(exact, self.cents + cents)

    __radd__ = __add__

    def __sub__(self, other: int) -> int:
        """The difference, as for a sum."""
        cents = self._cents_of(other)
        exact = int.__sub__(self, other)
        return exact if cents is None else self._made(exact, self.cents - cents)

    def __rsub__(self, other: int) -> int:
        """The difference from *other*."""
        return -(self - other)

    def __mul__(self, other: int) -> int:
        """A whole multiple; the product of two figures is no money."""
        exact = int.__mul__(self, other)
        if isinstance(other, Figure) or exact is NotImplemented:
            return exact
        return self._made(exact, self.cents * other)

    __rmul__ = __mul__

    def __neg__(self) -> int:
        """The opposite."""
        return self._made(int.__neg__(self), -self.cents)

    def __abs__(self) -> int:
        """The size; its cents have the sign of what is shown."""
        return -self if int(self) < 0 or (not int(self) and self.cents < 0) else self

    def __bool__(self) -> bool:
        """Whether there is anything to show."""
        return bool(int(self)) or bool(self.cents)

    def _cents_of(self, other: int) -> int | None:
        if isinstance(other, Figure):
            return other.cents
        if not isinstance(other, int):
            return None
        cents, rest = divmod(other, units_per_cent(self.digits))
        return None if rest else cents

    @classmethod
    def _made(cls, exact: int, cents: int) -> Figure:
        made = int.__new__(cls, exact)
        made.cents = cents
        return made


def figure(units: int, cents: int, digits: int = _DIGITS) -> int:
    """The exact *units*, shown as *cents* of a currency with so many *digits*.

    >>> third = figure(3_333_333_333, 33)
    >>> int(third + third), (third + third).cents
    (6666666666, 66)
    """
    if digits == _DIGITS and units == cents * units_per_cent(digits):
        return units
    return _kind(digits)._made(units, cents)  # noqa: SLF001 - its maker


def alone(units: int, currency: str) -> int:
    """An amount that is in no statement, shown as the nearest cents of *currency*, half to even."""
    digits = digits_of(currency)
    return figure(int(units), cents_of(units, digits), digits)


def cents_of(units: int, digits: int = _DIGITS) -> int:
    """What is shown of *units*: the cents of a figure; of any other amount the nearest, half to even.

    >>> cents_of(figure(3_333_333_333, 34)), cents_of(12_345_678_901)
    (34, 123)
    """
    return units.cents if isinstance(units, Figure) else nearest(units, units_per_cent(digits))


def is_settled(units: int, digits: int = _DIGITS) -> bool:
    """Whether it is known what *units* are shown as."""
    return isinstance(units, Figure) or not units % units_per_cent(digits)


def digits_shown(units: int) -> int:
    """The decimals with which *units* are shown."""
    return units.digits if isinstance(units, Figure) else _DIGITS


def shown_text(units: int) -> str:
    """What is shown of *units* as a plain decimal.

    >>> shown_text(figure(-3_333_333_333, -34)), shown_text(0)
    ('-0.34', '0.00')
    """
    return cents_text(cents_of(units), digits_shown(units))


def cents_text(cents: int, digits: int) -> str:
    """*cents* as a plain decimal of so many digits.

    >>> cents_text(-5, 3), cents_text(12, 0)
    ('-0.005', '12')
    """
    return f"{Decimal(cents).scaleb(-digits):.{digits}f}"


@cache
def units_per_cent(digits: int) -> int:
    """How many units are a cent of a currency with so many *digits*."""
    return int(UNITS_PER_CURRENCY // 10**digits)


@cache
def _kind(digits: int) -> type[Figure]:
    return Figure if digits == _DIGITS else type(f"Figure{digits}", (Figure,), {"digits": digits})

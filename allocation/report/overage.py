"""Overage in words: how much was used, how much the fee covers, and what is beyond at what price."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final, Protocol

from allocation.report.figures import money_of, number
from tiers.catalog.overage import Measure

WORDS: Final[Mapping[Measure, str]] = {
    Measure.USERS: "users",
    Measure.DATABASE_GIB: "GiB of database",
    Measure.FILESTORE_GIB: "GiB of filestore",
    Measure.CORE_HOURS: "core-hours",
}
_WHOLE: Final = Fraction(1)


class _Overage(Protocol):
    """Overage of a statement, or of one that was filed."""

    @property
    def measure(self) -> Measure: ...
    @property
    def used(self) -> Decimal | None: ...
    @property
    def source(self) -> str: ...
    @property
    def covered(self) -> int: ...
    @property
    def part(self) -> Fraction: ...
    @property
    def price(self) -> int: ...
    @property
    def amount(self) -> int | None: ...
    @property
    def agreed(self) -> bool: ...
    @property
    def beyond(self) -> Fraction | None: ...


def overage_sentence(each: _Overage) -> str:
    """What was used and covered, what is beyond, and whether the client pays it."""
    what, beyond, amount = WORDS[each.measure], each.beyond, each.amount
    if each.used is None or beyond is None or amount is None:
        return (
            f"{what} unknown: not measured on every day, so nothing is charged; {each.covered:,} are covered"
        )
    held = "" if each.part == _WHOLE else f" for {each.part} of the month"
    paid = "agreed, in the fee" if each.agreed else "not agreed, not charged"
    return (
        f"{number(each.used)} {what} ({each.source}), {each.covered:,} covered{held}: "
        f"{number(decimal_of(beyond))} x {money_of(each.price)} = {money_of(amount)}, {paid}"
    )


def decimal_of(exact: Fraction) -> Decimal:
    """A quantity as a decimal number."""
    return Decimal(exact.numerator) / Decimal(exact.denominator)

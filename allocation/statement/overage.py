"""Overage in a period: what each tenant used beyond its fair use, and what that costs its client.

A row is computed from the figures that it shows: the quantity is rounded to thousandths first, and the amount
once, to the smallest unit of the currency. So whoever has the statement can compute it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Final

from allocation.engine.drivers import DECLARED
from allocation.money import nearest, units_of
from allocation.statement.ledger.figure import digits_of, units_per_cent
from tiers.catalog.overage import Measure, OverageTerm
from tiers.plan.plan import TenantPlan

_THOUSANDTH: Final = Decimal("0.001")


@dataclass(frozen=True)
class Overage:
    """One measure of a tenant in a period.

    Attributes:
        used: Users or GiB on average, core-hours in all; None where it is not known.
        source: How that is known, `measured` or `declared`; empty where it is not.
        covered: What the fee covers of it in a whole month.
        part: The part of the period in which these terms held.
        price: Of one unit for a month, in units.
        agreed: Whether the client pays it.
        digits: The decimals of the currency.
    """

    measure: Measure
    used: Decimal | None
    source: str
    covered: int
    part: Fraction
    price: int
    agreed: bool
    digits: int = 2

    @property
    def beyond(self) -> Fraction | None:
        """The units that have a price: user-months, GiB-months or core-hours; None where it is not known."""
        return beyond_of(self.measure, self.used, self.covered, self.part)

    @property
    def amount(self) -> int | None:
        """What they cost, in units and whole cents; None where it is not known."""
        if self.beyond is None:
            return None
        unit = units_per_cent(self.digits)
        exact = self.beyond * self.price
        return nearest(round(exact), unit) * unit

    @property
    def charged(self) -> int:
        """The part of the fee that it is: the amount, where it is known and agreed."""
        return (self.amount or 0) if self.agreed else 0


def beyond_of(measure: Measure, used: Decimal | None, covered: int, part: Fraction) -> Fraction | None:
    """User-months, GiB-months or core-hours beyond *covered* in a *part* of a month; None if unknown."""
    if used is None:
        return None
    if measure.accrues:
        return max(Fraction(used) - covered * part, Fraction(0))
    return max(Fraction(used) - covered, Fraction(0)) * part


def overage_of(
    term: OverageTerm, used: Decimal | None, source: str, part: Fraction, currency: str, *, agreed: bool
) -> Overage:
    """The overage of one measure; *used* is rounded to thousandths."""
    return Overage(
        term.measure,
        None if used is None else used.quantize(_THOUSANDTH, ROUND_HALF_EVEN),
        "" if used is None else source,
        term.covered,
        part,
        units_of(term.price),
        agreed,
        digits_of(currency),
    )


def expected_overage(tenant: TenantPlan, currency: str) -> Iterator[Overage]:
    """The overage of an estimated month: users are declared, of the rest nothing is known."""
    if tenant.overage is None:
        return
    for term in tenant.overage.terms:
        used = Decimal(tenant.users) if term.measure is Measure.USERS else None
        yield overage_of(term, used, DECLARED, Fraction(1), currency, agreed=tenant.overage.agreed)

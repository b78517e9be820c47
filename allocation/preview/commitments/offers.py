"""An offer of a commitment: what AWS asks for the use of one machine for a term."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from allocation.money import UNITS_PER_CURRENCY, nearest

HOURS_PER_MONTH: Final = 730
_SECONDS_PER_HOUR: Final = 3600


class Payment(StrEnum):
    """How a commitment is paid, in AWS' words."""

    NONE = "No Upfront"
    PARTIAL = "Partial Upfront"
    ALL = "All Upfront"


@dataclass(frozen=True)
class Offer:
    """What one machine costs that is paid for through a term, used or not.

    Attributes:
        what: A reserved instance or node, or which savings plan.
        service: The service of the price book whose on-demand price it replaces.
        item: Its item there, such as `RDS PostgreSQL db.t4g.medium Multi-AZ`.
        term_seconds: How long it binds.
        payment: How it is paid.
        upfront: What is paid at its beginning.
        hourly: What each hour of the term costs besides.
        source: The file that it was read from, and its number there.
    """

    what: str
    service: str
    item: str
    term_seconds: int
    payment: Payment
    upfront: Fraction
    hourly: Fraction
    source: str

    @property
    def term_hours(self) -> int:
        """The hours of the term."""
        return self.term_seconds // _SECONDS_PER_HOUR

    @property
    def term_years(self) -> Fraction:
        """The years of the term, of 365 days, as AWS counts them."""
        return Fraction(self.term_hours, 365 * 24)

    @property
    def per_hour(self) -> Fraction:
        """What an hour costs, with its part of what is paid at the beginning."""
        return self.hourly + self.upfront / self.term_hours

    def pays_off_after(self, on_demand: Fraction) -> Fraction | None:
        """After how many months of use (of 730 hours) the whole term costs no more than on demand.

        None where it never does.
        """
        if self.per_hour > on_demand or not on_demand:
            return None
        return self.per_hour * self.term_hours / (on_demand * HOURS_PER_MONTH)


def units(amount: Fraction) -> int:
    """*amount* in the nearest units of money, half to even."""
    scaled = amount * UNITS_PER_CURRENCY
    return nearest(scaled.numerator, scaled.denominator)

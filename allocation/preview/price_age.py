"""How many of the prices that an estimate was made with are older than a year."""

from __future__ import annotations

from typing import NamedTuple

from allocation.preview.cost_estimate import CostEstimate
from allocation.prices.age import is_older_than_a_year


class PriceAge(NamedTuple):
    """How many prices an estimate was made with, and how many of them are older than a year."""

    old: int
    known: int

    @property
    def in_words(self) -> str:
        """As one clause; empty where none is old."""
        return f"{self.old:,} of {self.known:,} prices are older than a year" if self.old else ""


def price_age(estimate: CostEstimate) -> PriceAge:
    """The age of the prices of *estimate* on the day as of which it was made."""
    conditions, facts = estimate.conditions, estimate.facts
    items = {
        (charge.region or facts[charge.fact].region, charge.service, charge.item)
        for charge in estimate.priced.charges
    }
    prices = [price for item in items if (price := conditions.prices.find(*item)) is not None]
    day = conditions.assumptions.as_of
    return PriceAge(sum(is_older_than_a_year(price.date, day) for price in prices), len(prices))

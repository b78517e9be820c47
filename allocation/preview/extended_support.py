"""What it costs not to upgrade a PostgreSQL server whose standard support ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from allocation.estimate.assumptions import Assumptions
from allocation.estimate.quantities import lines_of
from allocation.estimate.quantities.lines import second
from allocation.money import text_of, units_of
from allocation.preview.cost_estimate import CostEstimate
from allocation.prices.price_book import PriceBook
from tiers.facts.copies import DatabaseStandby
from tiers.facts.data import DatabaseInstance
from tiers.facts.postgresql_support import support_begins
from tiers.vocabulary import PLATFORM

Server = DatabaseInstance | DatabaseStandby

_AHEAD: Final = timedelta(days=730)
_LINE: Final = "extended-support"


def extended_support_notes(estimate: CostEstimate) -> Iterator[str]:
    """A sentence for each server that will pay more for extended support within two years, with its prices.

    What it pays on the day of the estimate is a line of that.
    """
    today, prices = estimate.conditions.assumptions.as_of, estimate.conditions.prices
    for fact in estimate.plan.all_facts():
        if not isinstance(fact, Server):
            continue
        coming = [day for day in support_begins(fact.engine_version) or () if day > today]
        if not coming or coming[0] > today + _AHEAD:
            continue
        costs = ", ".join(f"{_monthly(fact, day, prices)} a month from {day}" for day in coming)
        yield (
            f"{fact.id}: extended support of PostgreSQL {fact.engine_version} costs {costs}; run "
            f"`costack upgrade-database {fact.tenant or PLATFORM}` before"
        )


def _monthly(fact: Server, day: date, prices: PriceBook) -> str:
    """What its line of extended support costs in a month like *day*; a price that is not known is said."""
    amount = Decimal(0)
    for line in lines_of(fact, Assumptions.on(day)):
        if line.name in {_LINE, second(_LINE)}:
            price = prices.find(line.region or fact.region, line.service, line.item)
            if price is None:
                return "an unknown amount"
            amount += line.quantity * price.price
    return text_of(units_of(amount))

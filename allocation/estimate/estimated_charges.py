"""Estimated charges: every line of every fact of a plan, at the price book's price."""

from __future__ import annotations

from typing import NamedTuple

from allocation.charges import Charge, CostBasis, Unpriced
from allocation.estimate.assumptions import Assumptions
from allocation.estimate.quantities import Line, lines_of
from allocation.money import units_of
from allocation.prices.price_book import PriceBook
from tiers.facts.every_fact import FactRecord
from tiers.plan.plan import Plan


class PricedCharges(NamedTuple):
    """The priced charges of a month of a plan, and its lines with an unknown price."""

    charges: tuple[Charge, ...]
    unpriced: tuple[Unpriced, ...]


def priced_charges(plan: Plan, prices: PriceBook, assumptions: Assumptions) -> PricedCharges:
    """Price a month of *plan*: 730 hours of everything in it, and usage by *assumptions*."""
    charges: list[Charge] = []
    unpriced: list[Unpriced] = []
    for fact in plan.all_facts():
        for line in lines_of(fact, assumptions):
            priced = _priced(fact, line, prices)
            (charges if isinstance(priced, Charge) else unpriced).append(priced)  # type: ignore[arg-type]
    return PricedCharges(tuple(charges), tuple(unpriced))


def _priced(fact: FactRecord, line: Line, prices: PriceBook) -> Charge | Unpriced:
    region = line.region or fact.region
    price = prices.find(region, line.service, line.item)
    if price is None:
        where = "in no price file" if region in prices.regions else "for a region without a price file"
        reason = f"{region}: {where}"
        return Unpriced(fact.id, line.service, line.item, line.quantity, "", reason, line.known_by, region)
    return Charge(
        id=f"{fact.id}#{line.name}",
        units=units_of(line.quantity * price.price),
        fact=fact.id,
        fact_kind=fact.kind,
        service=line.service,
        item=line.item,
        quantity=line.quantity,
        unit=price.unit,
        unit_price=price.price,
        confidence=price.confidence,
        basis=CostBasis.ESTIMATED,
        category=line.category,
        domain=fact.domain,
        tenant=fact.tenant,
        known_by=line.known_by,
        region=line.region,
    )

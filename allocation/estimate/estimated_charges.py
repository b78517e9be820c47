"""Estimated charges: every line of every fact of a plan, at the price book's price."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from allocation.charges import Charge, CostBasis, Unpriced
from allocation.estimate.assumptions import Assumptions
from allocation.estimate.quantities import Line, lines_of
from allocation.estimate.quantities.lines import second
from allocation.money import units_of
from allocation.prices.price_book import Price, PriceBook
from tiers.facts.every_fact import FactRecord
from tiers.plan.plan import Plan
from tiers.vocabulary import CostCategory


class PricedCharges(NamedTuple):
    """The priced charges of a month of a plan, and its lines with an unknown price."""

    charges: tuple[Charge, ...]
    unpriced: tuple[Unpriced, ...]


def priced_charges(plan: Plan, prices: PriceBook, assumptions: Assumptions) -> PricedCharges:
    """Price a month of *plan*: 730 hours of everything in it, and usage by *assumptions*."""
    return Pricing(prices, assumptions).of(plan)


class Pricing:
    """Prices months of plans that have facts in common: each fact is priced once."""

    def __init__(self, prices: PriceBook, assumptions: Assumptions) -> None:
        self._prices = prices
        self._assumptions = assumptions
        self._kept: dict[int, tuple[FactRecord, tuple[Charge, ...], tuple[Unpriced, ...]]] = {}
        """By the identity of the fact, which lives as long as it is kept: its hash takes longer than this."""

    def of(self, plan: Plan) -> PricedCharges:
        """The charges of *plan*, in the order of its facts."""
        kept = [self._kept.get(id(fact)) or self._keep(fact) for fact in plan.all_facts()]
        charges = tuple(charge for _, charges, _ in kept for charge in charges)
        return PricedCharges(charges, tuple(each for *_, unpriced in kept for each in unpriced))

    def _keep(self, fact: FactRecord) -> tuple[FactRecord, tuple[Charge, ...], tuple[Unpriced, ...]]:
        found = [
            priced
            for line in lines_of(fact, self._assumptions)
            for priced in _priced(fact, line, self._prices)
        ]
        charges = tuple(each for each in found if isinstance(each, Charge))
        unpriced = tuple(each for each in found if isinstance(each, Unpriced))
        kept = self._kept[id(fact)] = (fact, charges, unpriced)
        return kept


def _priced(fact: FactRecord, line: Line, prices: PriceBook) -> Iterator[Charge | Unpriced]:
    region = line.region or fact.region
    price = prices.find(region, line.service, line.item)
    if price is None:
        where = "in no price file" if region in prices.regions else "for a region without a price file"
        reason = f"{region}: {where}"
        yield Unpriced(fact.id, line.service, line.item, line.quantity, "", reason, line.known_by, region)
        return
    charge = Charge(
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
    single = prices.find(region, line.service, line.single) if line.single else None
    yield from _itemised(charge, line, single) if single else (charge,)


def _itemised(charge: Charge, line: Line, single: Price) -> Iterator[Charge]:
    """What *line* would cost in one zone, and what the second zone adds; together exactly *charge*.

    Where the second zone adds nothing, prices of two days stand side by side: the charge stays whole.
    """
    units = units_of(line.quantity * single.price)
    if units > charge.units or single.unit != charge.unit:
        yield charge
        return
    doubt = max(charge.confidence, single.confidence)  # A before B, and D after both
    yield replace(charge, units=units, item=single.item, unit_price=single.price, confidence=doubt)
    yield replace(
        charge,
        id=f"{charge.fact}#{second(line.name)}",
        units=charge.units - units,
        unit_price=charge.unit_price - single.price,
        confidence=doubt,
        category=CostCategory.RESILIENCE,
    )

"""Hours that people worked for tenants, as charges at the house rate: what no provider bills.

An estimate prices the hours that a tier includes; a billed month takes those that were worked, at the same
rate and with the same tags, so that the two margins compare.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from allocation.billed.billed_statement import Deployed
from allocation.charges import LABOUR, ChargePeriod
from allocation.engine.attribution import CATEGORY_TAG, Known
from allocation.engine.drivers import Driver
from allocation.prices.price_book import EVERYWHERE, PriceBook
from tiers.facts.every_fact import category_of
from tiers.plan.plan import TenantPlan
from tiers.vocabulary import CostCategory, CostDomain

SERVICE: Final = LABOUR
"""The service of the price book and of the charges."""

_HOUR: Final = " hour"
_SUPPORT: Final = "support"


class Worked(NamedTuple):
    """One row of a ticket export: hours of one kind on one day; `tenant` is '' for work for everybody."""

    tenant: str
    day: date
    hours: Decimal
    kind: str

    @property
    def resource(self) -> str:
        """The id by which the inventory's tenants are found, as cloud resources are by theirs."""
        return f"labour/{self.tenant}/{self.kind}"

    @property
    def category(self) -> CostCategory:
        """The cost category, as the plan's facts have it."""
        return category_of(self.kind)

    @property
    def domain(self) -> CostDomain:
        """The cost domain, as the plan's facts have it."""
        resilience = self.category is CostCategory.RESILIENCE
        return CostDomain.RESILIENCE if resilience else CostDomain.TENANT_RUNTIME


def kinds_of(prices: PriceBook) -> tuple[str, ...]:
    """The kinds of work that the price book has an hour of."""
    items = prices.items_of(EVERYWHERE, SERVICE)
    return tuple(item.removesuffix(_HOUR) for item in items if item.endswith(_HOUR))


def rate_of(prices: PriceBook, kind: str) -> Decimal:
    """The price of an hour of *kind*, which is one of `kinds_of`."""
    price = prices.find(EVERYWHERE, SERVICE, kind + _HOUR)
    if price is None:
        raise ValueError(f"no price for an hour of {kind}; the reader should have refused it")
    return price.price


def tenants_of(deployed: Iterable[Deployed]) -> dict[str, TenantPlan]:
    """Every tenant of the period by id, in its last state."""
    return {tenant.tenant: tenant for one in deployed for tenant in one.inventory.plan.tenants}


def known_labour(worked: Iterable[Worked]) -> Known:
    """The facts behind the charges: rules match them as they match those of an estimate.

    The tenant of an hour is its owner whether the inventory has it or not: hours of an unknown tenant are
    unallocated under its name.
    """
    hours = {each.resource: each for each in worked}
    return Known(
        tenants=frozenset(),
        kinds=dict.fromkeys(hours, "labour"),
        owners={name: each.tenant for name, each in hours.items() if each.tenant},
        domains={name: each.domain for name, each in hours.items() if each.tenant},
        resources={name: name for name in hours},
    )


def support_usage(
    worked: Iterable[Worked], period: ChargePeriod, everybody: Iterable[str] = ()
) -> Iterator[tuple[object, ...]]:
    """Rows of the table `usage`: the hours of support of each tenant, over the whole *period*.

    A ticket belongs to the month, not to its day: a pool that is divided by support costs the same on a day
    without tickets. Who of *everybody* has no ticket had no hours, where the file has any.
    """
    worked = tuple(worked)
    counted = any(each.kind == _SUPPORT and each.tenant for each in worked)
    hours = dict.fromkeys(everybody if counted else (), Decimal(0))
    for each in worked:
        if each.kind == _SUPPORT and each.tenant:
            hours[each.tenant] = hours.get(each.tenant, Decimal(0)) + each.hours
    first, end = (f"{moment:%Y-%m-%d %H:%M:%S}" for moment in period)
    yield from ((tenant, Driver.SUPPORT_HOURS, first, end, f"{sum_:f}") for tenant, sum_ in hours.items())


def bill_rows(
    worked: Sequence[Worked], tenants: Mapping[str, TenantPlan], prices: PriceBook, period: ChargePeriod
) -> Iterator[dict[str, str]]:
    """The rows of a FOCUS bill, one for each of *worked*, in its order."""
    for each in worked:
        cost = f"{each.hours * rate_of(prices, each.kind):f}"
        tags = {CATEGORY_TAG: str(each.category)}
        if each.tenant in tenants:
            tags |= tenants[each.tenant].cost_tags(each.domain).as_tags()
        yield {
            **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), cost),
            "BillingCurrency": prices.currency,
            "BillingPeriodStart": f"{period.start:%Y-%m-%dT%H:%M:%SZ}",
            "BillingPeriodEnd": f"{period.end:%Y-%m-%dT%H:%M:%SZ}",
            "ChargePeriodStart": f"{each.day}",
            "ChargePeriodEnd": f"{each.day + timedelta(days=1)}",
            "ChargeCategory": "Usage",
            "ChargeFrequency": "Usage-Based",
            "ChargeDescription": each.kind + _HOUR,
            "ServiceName": SERVICE,
            "ServiceCategory": "Other",
            "ResourceId": each.resource,
            "ResourceType": "labour",
            "PricingQuantity": f"{each.hours:f}",
            "PricingUnit": "hour",
            "ProviderName": "house",
            "PublisherName": "house",
            "InvoiceIssuerName": "house",
            "Tags": json.dumps(tags, sort_keys=True),
        }

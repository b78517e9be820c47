"""Which machines ran through filed months without a break, and what they cost on demand.

A commitment is worth what runs always. So a machine counts that is there today, never sleeps, and whose
owner every filed month has: the platform, or a tenant on the tier that it is on today.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from allocation.preview.commitments.offers import Offer, units
from allocation.prices.price_book import PriceBook
from allocation.statement.filed import FiledStatement
from tiers.facts.compute import NodeGroup
from tiers.facts.data import CacheGroup, DatabaseInstance
from tiers.plan.plan import Plan, TenantPlan
from tiers.schedule import MINUTES_PER_WEEK

_SECONDS_PER_HOUR: Final = 3600


@dataclass(frozen=True)
class SteadyMachines:
    """Machines of one kind that ran through all the months.

    Attributes:
        service: Of the price book.
        item: In the price book.
        count: How many.
        of_tenants: How many of them are tenants' own, by tenant.
        on_demand: What an hour of one costs; None where the price book does not say.
    """

    service: str
    item: str
    count: int
    of_tenants: tuple[tuple[str, int], ...]
    on_demand: Fraction | None


@dataclass(frozen=True)
class Committed:
    """What an offer would have saved in a month for all machines of a kind, in units of money."""

    machines: SteadyMachines
    offer: Offer
    month: str
    hours: int
    on_demand: int
    committed: int

    @property
    def saved(self) -> int:
        """Less than 0 where on demand costs less."""
        return self.on_demand - self.committed


@dataclass(frozen=True)
class Commitments:
    """Machines of one kind, and what each offer for them would have saved in each month, the oldest first."""

    machines: SteadyMachines
    months: tuple[Committed, ...]

    @property
    def smallest_promise(self) -> Offer | None:
        """The offer of the shortest term with the least paid at once; None without an offer."""
        offers = (each.offer for each in self.months)
        return min(offers, key=lambda each: (each.term_seconds, each.upfront, each.per_hour), default=None)


def commitments(
    plan: Plan, months: Sequence[FiledStatement], prices: PriceBook, offers: Sequence[Offer]
) -> tuple[Commitments, ...]:
    """What *offers* would have saved for the machines that ran through *months*, the oldest first."""
    return tuple(
        Commitments(each, tuple(saved for month in months for saved in savings(each, offers, month)))
        for each in steady_machines(plan, months, prices)
    )


def steady_machines(
    plan: Plan, months: Sequence[FiledStatement], prices: PriceBook
) -> tuple[SteadyMachines, ...]:
    """What ran through *months*, by item of the price book; machines of the second region are left out."""
    found: dict[tuple[str, str, str], list[tuple[str | None, int]]] = {}
    for owner, fact in _running(plan, months):
        service, item, count = _priced_as(fact)
        found.setdefault((fact.region, service, item), []).append((owner, count))
    return tuple(_together(key, owned, prices) for key, owned in sorted(found.items()))


def _together(
    key: tuple[str, str, str], owned: Sequence[tuple[str | None, int]], prices: PriceBook
) -> SteadyMachines:
    region, service, item = key
    known = prices.find(region, service, item)
    return SteadyMachines(
        service,
        item,
        sum(count for _, count in owned),
        tuple(sorted((owner, count) for owner, count in owned if owner is not None)),
        None if known is None else Fraction(known.price),
    )


def savings(machines: SteadyMachines, offers: Sequence[Offer], month: FiledStatement) -> Iterator[Committed]:
    """What each offer for these machines would have saved in *month*; none without a price on demand."""
    if machines.on_demand is None:
        return
    hours = int((month.period.end - month.period.start).total_seconds()) // _SECONDS_PER_HOUR
    all_hours = hours * machines.count
    for offer in offers:
        if (offer.service, offer.item) == (machines.service, machines.item):
            on_demand, committed = units(machines.on_demand * all_hours), units(offer.per_hour * all_hours)
            yield Committed(machines, offer, month.month, all_hours, on_demand, committed)


def _running(
    plan: Plan, months: Sequence[FiledStatement]
) -> Iterator[tuple[str | None, DatabaseInstance | CacheGroup | NodeGroup]]:
    lasting = [tenant for tenant in plan.tenants if all(_was_there(tenant, month) for month in months)]
    owned = [(None, plan.platform), *((tenant.tenant, tenant.facts) for tenant in lasting)]
    for owner, facts in owned:
        for fact in facts:
            asleep = isinstance(fact, DatabaseInstance) and fact.awake_minutes_per_week < MINUTES_PER_WEEK
            if isinstance(fact, DatabaseInstance | CacheGroup | NodeGroup) and not asleep:
                yield owner, fact


def _was_there(tenant: TenantPlan, month: FiledStatement) -> bool:
    line = month.by_tenant.get(tenant.tenant)
    return line is not None and line.tier == tenant.tier


def _priced_as(fact: DatabaseInstance | CacheGroup | NodeGroup) -> tuple[str, str, int]:
    """Service and item of the price book, and how many machines of it the fact is."""
    if isinstance(fact, DatabaseInstance):
        zones = "Multi-AZ" if fact.multi_az else "Single-AZ"
        return "AmazonRDS", f"RDS PostgreSQL {fact.instance_class} {zones}", 1
    if isinstance(fact, CacheGroup):
        return "AmazonElastiCache", f"{fact.node_type} {fact.engine.capitalize()}", fact.nodes
    return "AmazonEC2", f"{fact.instance_type} Linux on-demand", fact.nodes

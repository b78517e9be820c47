"""The tier and workload class for a tenant: the cheapest that hold what was measured, with headroom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from allocation.money import UNITS_PER_CENT, amount_of, in_cents, units_of
from allocation.preview.cost_estimate import Conditions, cost_estimate
from lifecycle.adoption.inventory import plain, total
from lifecycle.adoption.need import Need, missing_for_size, need_of
from lifecycle.adoption.phase import digest_of
from lifecycle.adoption.proposal import tenant_of
from lifecycle.adoption.state import ProposedSize
from lifecycle.adoption.subject import Subject
from tiers.catalog.classes import WorkloadClass
from tiers.catalog.tier import Offer, Tier
from tiers.errors import CatalogError
from tiers.plan.resolve import resolve
from tiers.portfolio.tenant import Portfolio
from tiers.portfolio.what_if import with_tenant
from tiers.strict_yaml import not_among
from tiers.vocabulary import ResilienceClass

_MIB_PER_GIB: Final = 1024
_MILLICORES: Final = 1000


@dataclass(frozen=True)
class Choice:
    """A tier and a workload class that hold what is needed."""

    tier: Tier
    workload_class: str
    cpu_millicores: int
    memory_mib: int


def can_be_sized(subject: Subject) -> bool:
    """Whether all is known, every spelling is confirmed, and some tier holds the need."""
    known = not subject.unknown and not missing_for_size(subject) and not subject.unconfirmed
    return known and bool(choices(subject)[0])


def size_facts(subject: Subject, catalog: str) -> Mapping[str, Any]:
    """What a proposal depends on; *catalog* is the digest of the catalog."""
    rows = [row.facts.model_dump(mode="json", exclude_none=True, include=_SIZES) for row in subject.rows]
    return {
        "rows": sorted(rows, key=str),
        "headroom_percent": subject.headroom_percent,
        "tier": subject.adopted.tier,
        "workload_class": subject.adopted.workload_class,
        "catalog": catalog,
    }


_SIZES: Final = {
    "vcpu",
    "memory_gib",
    "peak_vcpu",
    "peak_memory_gib",
    "database_gib",
    "filestore_gib",
    "users",
    "environment",
    "resilience_class",
    "cost_per_month",
}


def choices(subject: Subject) -> tuple[tuple[Choice, ...], tuple[str, ...]]:
    """The smallest workload class of each tier that holds the need, and why the other tiers do not."""
    found: list[Choice] = []
    why_not: list[str] = []
    need = need_of(subject)
    named = subject.adopted.tier
    if named is not None and named not in subject.catalog.tiers:
        return (), (f"tier: {not_among(subject.catalog.tiers, named, 'the catalog')}",)
    classes, wanted = subject.catalog.classes.workload_classes, subject.adopted.workload_class
    if wanted is not None and wanted not in classes:
        return (), (f"workload_class: {not_among(classes, wanted, 'the catalog')}",)
    for tier in subject.catalog.tiers.values():
        if named not in {None, tier.tier}:
            continue
        reasons = tuple(_reasons(subject, tier, need))
        offer = tier.offers.get(subject.environment) if subject.environment else None
        choice = _smallest(subject, tier, offer, need) if offer and not reasons else None
        if choice is not None:
            found.append(choice)
        else:
            told = reasons or (f"no workload class of it holds {_spoken(need, subject.headroom_percent)}",)
            why_not.append(f"{tier.tier}: {'; '.join(told)}")
    return tuple(found), tuple(why_not)


def _reasons(subject: Subject, tier: Tier, need: Need) -> Iterator[str]:
    offer = tier.offers.get(subject.environment) if subject.environment else None
    if offer is None:
        yield f"not sold for {subject.environment or 'an unknown environment'}"
        return
    if tier.currency != subject.platform.currency:
        yield f"sold in {tier.currency}, and the platform's currency is {subject.platform.currency}"
    order = list(ResilienceClass)
    promised = subject.facts.get("resilience_class")
    if promised is not None and order.index(promised) > order.index(tier.resilience_class):
        yield f"promises {tier.resilience_class}, and the contract {promised}"
    if need.users > offer.fair_use.users:
        yield f"for {offer.fair_use.users} users, not {need.users}"
    for name in ("database_gib", "filestore_gib"):
        wanted, most = (
            _with_headroom(getattr(need, name), subject.headroom_percent),
            getattr(offer.fair_use, name),
        )
        if wanted > most:
            yield f"for {name} {most}, not {plain(wanted)}"


def _smallest(subject: Subject, tier: Tier, offer: Offer, need: Need) -> Choice | None:
    """The smallest class that is as large as the offer's own, runs as it does, and holds the need."""
    classes = subject.catalog.classes.workload_classes
    own = classes[offer.workload_class]
    cpu, memory = (_with_headroom(each, subject.headroom_percent) for each in (need.vcpu, need.memory_gib))
    fitting = [
        Choice(tier, name, *_capacity(one))
        for name, one in classes.items()
        if subject.adopted.workload_class in {None, name}
        and _runs_alike(one, own)
        and _holds(_capacity(one), _capacity(own))
        and _holds(_capacity(one), (cpu * _MILLICORES, memory * _MIB_PER_GIB))
    ]
    return min(
        fitting, key=lambda each: (each.memory_mib, each.cpu_millicores, each.workload_class), default=None
    )


def _runs_alike(one: WorkloadClass, other: WorkloadClass) -> bool:
    """Whether both run scheduled actions and workers, or neither does: a copy of production stays quiet."""
    return bool(one.web.workers) is bool(other.web.workers) and (
        bool(one.cron.replicas) is bool(other.cron.replicas)
    )


def _holds(size: tuple[int, int], least: tuple[Decimal | int, Decimal | int]) -> bool:
    return size[0] >= least[0] and size[1] >= least[1]


def _capacity(one: WorkloadClass) -> tuple[int, int]:
    """What web and cron pods of a class may use at once, without those that load adds: millicores, MiB."""
    pods = (one.web, one.cron)
    return (
        sum(each.replicas * each.cpu_limit_millicores for each in pods),
        sum(each.replicas * each.memory_limit_mib for each in pods),
    )


def _with_headroom(value: Decimal, percent: int) -> Decimal:
    return value * (100 + percent) / 100


def _spoken(need: Need, percent: int) -> str:
    how = "peak" if need.measured else "whole machine, no peak was measured:"
    return f"{how} {plain(need.vcpu)} vCPU and {plain(need.memory_gib)} GiB of memory, {percent} % headroom"


def proposed_size(
    subject: Subject, portfolio: Portfolio, conditions: Conditions, catalog: str
) -> ProposedSize:
    """The choice that costs least a month as a tenant of *portfolio*; of two alike that of the lower fee.

    Raises:
        CatalogError: When nothing holds the need, or no choice can be built; it says why of each tier.
    """
    found, why_not = choices(subject)
    told = list(why_not)
    priced: list[tuple[int, int, ProposedSize]] = []
    for choice in found:
        try:
            priced.append(_priced(subject, portfolio, choice, conditions, catalog))
        except CatalogError as error:
            told += [f"{choice.tier.tier}: {problem}" for problem in error.problems]
    if not priced:
        raise CatalogError(*(f"{subject.tenant}: {each}" for each in told))
    return min(priced, key=lambda each: each[:2])[2]


def _priced(
    subject: Subject, portfolio: Portfolio, choice: Choice, conditions: Conditions, catalog: str
) -> tuple[int, int, ProposedSize]:
    base = tenant_of(subject, choice.tier.tier, choice.workload_class)
    others = tuple(each for each in portfolio.tenants if each.tenant != subject.tenant)
    together = Portfolio(
        platform=portfolio.platform, tenants=tuple(sorted((*others, base), key=lambda each: each.tenant))
    )
    sound = with_tenant(subject.catalog, together, subject.tenant, choice.tier.tier, {}).portfolio
    estimate = cost_estimate(resolve(subject.catalog, sound), conditions)
    line = estimate.lines[subject.tenant]
    own = {fact.id for fact in estimate.tenants[subject.tenant].facts}
    unpriced = sum(1 for each in estimate.priced.unpriced if each.fact in own)
    today = total(subject.rows, "cost_per_month")
    cost, fee = (in_cents([each])[0] for each in (line.total, line.fee))
    return (
        line.total,
        line.fee,
        ProposedSize(
            tier=choice.tier.tier,
            workload_class=choice.workload_class,
            cost_per_month=_amount(cost),
            fee_per_month=_amount(fee),
            margin_per_month=_amount(fee - cost),
            cost_today=None if today is None else amount_of(units_of(today)),
            rows_without_cost=sum(1 for row in subject.rows if row.facts.cost_per_month is None),
            unpriced=unpriced,
            why=f"holds {_spoken(need_of(subject), subject.headroom_percent)}",
            facts=digest_of(size_facts(subject, catalog)),
        ),
    )


def _amount(cents: int) -> Decimal:
    return amount_of(cents * UNITS_PER_CENT)

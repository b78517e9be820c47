"""What a month's figures call for: fair use that is overrun, sizes that do not fit, tiers that do not pay.

Every signal says the numbers that led to it, and the command that prices what could be done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum, unique
from functools import cached_property
from typing import Final, NamedTuple

from allocation.engine.drivers import CAPACITY, Driver
from allocation.money import in_cents
from allocation.review.usage_levels import Level
from allocation.statement.filed import FiledStatement
from tiers.catalog.classes import Signals
from tiers.catalog.tier import Catalog, FairUse
from tiers.facts.data import FileShare, TenantDatabase
from tiers.plan.plan import Plan, TenantPlan, facts_of
from tiers.vocabulary import Environment

Levels = Mapping[tuple[str, Driver], Level]
_FAIR: Final[Mapping[str, Driver]] = {
    "users": Driver.USERS,
    "database_gib": Driver.DATABASE_GIB,
    "filestore_gib": Driver.FILESTORE_GIB,
}
_SIZES: Final = (
    ("CPU", "cores", Driver.CPU_REQUESTS, Driver.CPU_USED),
    ("memory", "GiB", Driver.MEMORY_REQUESTS, Driver.MEMORY_USED),
)
_LEAST_MEMBERS: Final = 3
"""Of two who share something one always has half or more."""
_HUNDRED: Final = 100


@unique
class Kind(StrEnum):
    """What a signal is about."""

    FAIR_USE = "fair use"
    NOISY_NEIGHBOUR = "noisy neighbour"
    RIGHTSIZING = "rightsizing"
    UNDER_PRICED = "under-priced tier"
    IDLE = "idle capacity"


class Signal(NamedTuple):
    """Something to decide: whose, about what, the numbers in a sentence, what prices a way out."""

    kind: Kind
    tenant: str | None
    about: str
    sentence: str
    command: str = ""

    @property
    def key(self) -> str:
        """What it is called, the same every month."""
        return f"{self.kind}: {self.tenant or 'platform'}: {self.about}"


class Standing(NamedTuple):
    """How a tenant stands to one measure of its fair use; `lasting` when the breach is no day's peak."""

    tenant: str
    measure: str
    used: Decimal
    fair: int
    measured: bool
    lasting: bool
    told: str

    @property
    def over(self) -> bool:
        """Whether it is beyond."""
        return self.used > self.fair


@dataclass(frozen=True)
class Month:
    """What signals look at: the statement, what was deployed, what was measured of it."""

    statement: FiledStatement
    plan: Plan
    catalog: Catalog
    levels: Levels = field(default_factory=dict)

    @property
    def thresholds(self) -> Signals:
        """When to speak up."""
        return self.catalog.classes.signals

    @cached_property
    def standings(self) -> tuple[Standing, ...]:
        """How every tenant stands to what its fee covers."""
        return standings(self)

    @cached_property
    def signals(self) -> tuple[Signal, ...]:
        """Everything to decide."""
        return signals(self)


def standings(month: Month) -> tuple[Standing, ...]:
    """How every tenant stands to what its fee covers; what nobody measured is taken as declared."""
    return tuple(
        _standing(month, tenant, name, driver, getattr(fair, name))
        for tenant in month.plan.tenants
        if (fair := _fair_use(month.catalog, tenant)) is not None
        for name, driver in _FAIR.items()
    )


def signals(month: Month) -> tuple[Signal, ...]:
    """Everything to decide, what is beyond fair use first."""
    return (
        *_beyond_fair_use(month),
        *_noisy(month),
        *_ill_sized(month),
        *_under_priced(month),
        *_idle(month),
    )


def _fair_use(catalog: Catalog, tenant: TenantPlan) -> FairUse | None:
    tier = catalog.tiers.get(tenant.tier)
    offer = tier and tier.offers.get(tenant.environment)
    return offer.fair_use if offer else None


def _standing(month: Month, tenant: TenantPlan, name: str, driver: Driver, fair: int) -> Standing:
    level = month.levels.get((tenant.tenant, driver))
    if level is None:
        used = declared(tenant, name)
        return Standing(tenant.tenant, name, used, fair, False, used > fair, "as declared")
    longest = level.longest_above(Decimal(fair))
    days = (longest[1] - longest[0]) // timedelta(days=1) + 1 if longest else 0
    told = f"above it on {days} days in a row, {longest[0]} to {longest[1]}" if longest else "never above it"
    lasting = days >= month.thresholds.sustained_days
    return Standing(tenant.tenant, name, level.most, fair, True, lasting, told)


def declared(tenant: TenantPlan, name: str) -> Decimal:
    """How much of a measure of fair use a tenant's plan asks for."""
    if name == "users":
        return Decimal(tenant.users)
    if name == "database_gib":
        return Decimal(sum(fact.storage_gib for fact in facts_of(tenant.facts, TenantDatabase)))
    return Decimal(sum(fact.storage_gib for fact in facts_of(tenant.facts, FileShare) if fact.mounted))


def _beyond_fair_use(month: Month) -> Iterator[Signal]:
    plans = {tenant.tenant: tenant for tenant in month.plan.tenants}
    for each in month.standings:
        if not (each.over and each.lasting):
            continue
        tenant = plans[each.tenant]
        larger = _roomier(month.catalog, tenant, each.measure, each.used)
        way_out = f"{larger} covers it" if larger else "no tier covers it: agree on an overage"
        yield Signal(
            Kind.FAIR_USE,
            each.tenant,
            each.measure,
            f"{each.measure} {number(each.used)} where {tenant.tier} covers {each.fair}, {each.told}; "
            f"{way_out}",
            f"costack preview --tenant {each.tenant} --tier {larger}" if larger else "",
        )


def _roomier(catalog: Catalog, tenant: TenantPlan, measure: str, used: Decimal) -> str | None:
    """The tier with the lowest fee whose fair use covers it."""
    offers = {
        name: tier.offers[tenant.environment]
        for name, tier in catalog.tiers.items()
        if tenant.environment in tier.offers and name != tenant.tier
    }
    fits = [name for name, offer in offers.items() if getattr(offer.fair_use, measure) >= used]
    return min(fits, key=lambda name: (offers[name].fee_per_month, name), default=None)


def _noisy(month: Month) -> Iterator[Signal]:
    lines = month.statement.by_tenant
    fees = sum(line.fee for line in lines.values())
    for pool in month.statement.pools:
        used = {who: amount for who, amount in pool.use.items() if who in lines and amount}
        whole = sum(used.values(), Decimal(0))
        if len(used) < _LEAST_MEMBERS or not fees:
            continue
        for who, amount in sorted(used.items()):
            part, paid = _percent(amount, whole), _percent(Decimal(lines[who].fee), Decimal(fees))
            if part >= month.thresholds.noisy_neighbour_percent and paid * 2 < part:
                yield Signal(
                    Kind.NOISY_NEIGHBOUR,
                    who,
                    pool.pool,
                    f"takes {number(part)} % of what tenants use of {pool.pool} ({pool.driver}) and pays "
                    f"{number(paid)} % of all fees",
                    f"costack preview --tenant {who} --tier TIER",
                )


class Size(NamedTuple):
    """What a tenant's pods ask for of something, and what they use of it."""

    tenant: str
    what: str
    unit: str
    asked: Level
    used: Level


def sizes(month: Month) -> Iterator[Size]:
    """What was asked for and used, where somebody measured both."""
    for tenant in month.plan.tenants:
        for what, unit, requested, used in _SIZES:
            asked, took = (month.levels.get((tenant.tenant, driver)) for driver in (requested, used))
            if asked is not None and took is not None and asked.average:
                yield Size(tenant.tenant, what, unit, asked, took)


def _ill_sized(month: Month) -> Iterator[Signal]:
    for size in sizes(month):
        most, asked = size.used.p95, size.asked.average
        unused = 100 - _percent(most, asked)
        numbers = (
            f"{size.what}: asks for {number(asked)} {size.unit}, 95 % of the time uses at most {number(most)}"
        )
        if unused >= month.thresholds.unused_percent:
            yield Signal(Kind.RIGHTSIZING, size.tenant, size.what, f"{numbers}; a smaller size fits")
        elif unused < 0:
            yield Signal(Kind.RIGHTSIZING, size.tenant, size.what, f"{numbers}, more than that; too small")


def _under_priced(month: Month) -> Iterator[Signal]:
    statement = month.statement
    sold = sorted({line.tier for line in statement.tenants if line.environment == Environment.PRODUCTION})
    for tier in sold:
        lines = [
            line
            for line in statement.tenants
            if line.tier == tier and line.environment == Environment.PRODUCTION
        ]
        fees, margin = sum(line.fee for line in lines), sum(line.margin for line in lines)
        if fees and _percent(Decimal(margin), Decimal(fees)) < month.thresholds.least_margin_percent:
            yield Signal(
                Kind.UNDER_PRICED,
                None,
                tier,
                f"{tier}: margin {_money(margin)} of {_money(fees)} {statement.currency} fees of "
                f"{len(lines)} production tenants, less than {month.thresholds.least_margin_percent} %",
                f"costack unit-costs --portfolio portfolios/{statement.portfolio} --tier {tier}",
            )


def _idle(month: Month) -> Iterator[Signal]:
    statement = month.statement
    for pool, units in sorted(statement.idle.items()):
        whole = statement.pool_totals[pool]
        part = _percent(Decimal(units), Decimal(whole)) if whole else Decimal(0)
        if part >= month.thresholds.idle_percent:
            room = statement.uses[pool].use.get(CAPACITY) if pool in statement.uses else None
            yield Signal(
                Kind.IDLE,
                None,
                pool,
                f"{pool}: {number(part)} % of {_money(whole)} {statement.currency} is idle"
                + (", fewer or smaller nodes would hold what is asked for" if room else ""),
                f"costack preview --portfolio portfolios/{statement.portfolio} --base HEAD",
            )


def _percent(part: Decimal, whole: Decimal) -> Decimal:
    return _HUNDRED * part / whole if whole else Decimal(0)


def _money(units: int) -> str:
    return f"{Decimal(in_cents([units])[0]).scaleb(-2):,.2f}"


def number(value: Decimal) -> str:
    """*value* with up to two decimals.

    >>> number(Decimal("3.50")), number(Decimal("1200"))
    ('3.5', '1,200')
    """
    return f"{value:,.2f}".rstrip("0").rstrip(".")

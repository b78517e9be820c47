"""Signals of a month: fair use that is exceeded, sizes that do not fit, tiers that earn too little.

Each signal carries the figures that led to it, and the command that prices a remedy. Its sentence is written
by `allocation.report.showback.review.decisions`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum, unique
from functools import cached_property
from typing import Final, NamedTuple

from allocation.engine.drivers import CAPACITY, Driver
from allocation.review.findings import (
    BeyondFairUse,
    Breach,
    IdlePool,
    LargeShare,
    Size,
    Standing,
    ThinMargin,
    UserCount,
)
from allocation.review.promises import CheapPromise, cheap_promises
from allocation.review.remedies import apart, dearer, roomier
from allocation.review.shares import large_shares, missing_margin, percent
from allocation.review.usage_levels import Level
from allocation.review.user_counts import differing
from allocation.statement.filed import FiledStatement
from tiers.catalog.classes import Signals
from tiers.catalog.overage import FairUse
from tiers.catalog.tier import Catalog
from tiers.facts.data import FileShare, TenantDatabase
from tiers.plan.plan import Plan, TenantPlan, facts_of
from tiers.portfolio.folders import PORTFOLIOS
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


@unique
class Kind(StrEnum):
    """What a signal is about."""

    FAIR_USE = "fair use"
    USERS = "declared users"
    NOISY_NEIGHBOUR = "noisy neighbour"
    RIGHTSIZING = "rightsizing"
    UNDER_PRICED = "under-priced tier"
    IDLE = "idle capacity"
    PROMISE = "promise without cost"


SHARES: Final = "shared systems"
"""What the signal of a noisy neighbour is about, in however many pools it shows."""


class Signal(NamedTuple):
    """A decision to take, one for each tenant and cause.

    Attributes:
        tenant: Whose it is; None of the platform.
        figures: Why it is due.
        command: Prices a remedy.
        tier: The tier that is the remedy, if it is one.
        stake: The money of a month that is lost until somebody decides, in units; None where it is not known.
    """

    kind: Kind
    tenant: str | None
    about: str
    figures: BeyondFairUse | UserCount | LargeShare | Size | ThinMargin | IdlePool | CheapPromise
    command: str = ""
    tier: str | None = None
    stake: int | None = None

    @property
    def key(self) -> str:
        """Its name in a sign-off file, the same every month."""
        return f"{self.kind}: {self.tenant or 'platform'}: {self.about}"


@dataclass(frozen=True)
class Month:
    """What signals are found in: the statement, the deployed plan and the measured usage levels."""

    statement: FiledStatement
    plan: Plan
    catalog: Catalog
    levels: Levels = field(default_factory=dict)

    @property
    def thresholds(self) -> Signals:
        """The limits of the catalog from which on a signal is given."""
        return self.catalog.classes.signals

    @property
    def folder(self) -> str:
        """The portfolio's folder, as commands name it."""
        return str(PORTFOLIOS / self.plan.portfolio)

    @cached_property
    def standings(self) -> tuple[Standing, ...]:
        """Usage and fair use of every tenant."""
        return standings(self)

    @cached_property
    def signals(self) -> tuple[Signal, ...]:
        """All decisions to take."""
        return signals(self)


def standings(month: Month) -> tuple[Standing, ...]:
    """Usage and fair use of every tenant; usage that was not measured is taken as declared."""
    return tuple(
        _standing(month, tenant, name, driver, getattr(fair, name))
        for tenant in month.plan.tenants
        if (fair := _fair_use(month.catalog, tenant)) is not None
        for name, driver in _FAIR.items()
    )


def signals(month: Month) -> tuple[Signal, ...]:
    """All decisions to take: the most money at stake first, then those of which it is not known."""
    found = (
        *_beyond_fair_use(month),
        *_ill_declared(month),
        *_noisy(month),
        *_ill_sized(month),
        *_under_priced(month),
        *_idle(month),
        *_cheap_promises(month),
    )
    return tuple(sorted(found, key=lambda each: (each.stake is None, -(each.stake or 0))))


def _fair_use(catalog: Catalog, tenant: TenantPlan) -> FairUse | None:
    tier = catalog.tiers.get(tenant.tier)
    offer = tier and tier.offers.get(tenant.environment)
    return offer.fair_use if offer else None


def _standing(month: Month, tenant: TenantPlan, name: str, driver: Driver, fair: int) -> Standing:
    level = month.levels.get((tenant.tenant, driver))
    if level is None:
        used = declared(tenant, name)
        return Standing(tenant.tenant, name, used, fair, measured=False, lasting=used > fair)
    longest = level.longest_above(Decimal(fair))
    breach = Breach(*longest) if longest else None
    lasting = breach is not None and breach.days >= month.thresholds.sustained_days
    return Standing(tenant.tenant, name, level.most, fair, measured=True, lasting=lasting, breach=breach)


def declared(tenant: TenantPlan, name: str) -> Decimal:
    """How much of a measure of fair use a tenant's plan declares."""
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
        larger = roomier(month.catalog, tenant, each.measure, each.used)
        yield Signal(
            Kind.FAIR_USE,
            each.tenant,
            each.measure,
            BeyondFairUse(each, tenant.tier, larger),
            preview_command(month, each.tenant, larger) if larger else "",
            larger,
            dearer(month.catalog, tenant, larger) if larger else None,
        )


def _ill_declared(month: Month) -> Iterator[Signal]:
    """Users other than declared: the declaration divides pools wherever nothing is measured."""
    for count in differing(month.plan, month.levels, month.thresholds.declared_users_percent):
        command = ["costack", "preview", "--portfolio", month.folder, "--tenant", count.tenant]
        command += ["--set", f"users={count.to_declare}"]
        yield Signal(Kind.USERS, count.tenant, "users", count, shlex.join(command))


def preview_command(month: Month, tenant: str, tier: str) -> str:
    """The command that prices a tenant on another tier."""
    return shlex.join(["costack", "preview", "--portfolio", month.folder, "--tenant", tenant, "--tier", tier])


def _noisy(month: Month) -> Iterator[Signal]:
    for name, share in large_shares(month.statement, month.thresholds):
        own = apart(month.catalog, month.plan.tenant(name))
        command = preview_command(month, name, own) if own else ""
        yield Signal(Kind.NOISY_NEIGHBOUR, name, SHARES, share, command, own, share.missing)


def sizes(month: Month) -> Iterator[Size]:
    """Requests and usage of every tenant's pods, where both were measured."""
    for tenant in month.plan.tenants:
        for what, unit, requested, used in _SIZES:
            asked, took = (month.levels.get((tenant.tenant, driver)) for driver in (requested, used))
            if asked is not None and took is not None and asked.average:
                yield Size(tenant.tenant, what, unit, asked, took)


def _ill_sized(month: Month) -> Iterator[Signal]:
    for size in sizes(month):
        unused = 100 - percent(size.used.p95, size.asked.average)
        if unused >= month.thresholds.unused_percent or unused < 0:
            yield Signal(Kind.RIGHTSIZING, size.tenant, size.what, size)


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
        if fees and percent(Decimal(margin), Decimal(fees)) < month.thresholds.least_margin_percent:
            yield Signal(
                Kind.UNDER_PRICED,
                None,
                tier,
                ThinMargin(tier, margin, fees, len(lines), month.thresholds.least_margin_percent),
                f"costack unit-costs --portfolio {month.folder} --tier {tier}",
                stake=missing_margin(margin, fees, month.thresholds.least_margin_percent),
            )


def _idle(month: Month) -> Iterator[Signal]:
    statement = month.statement
    for pool, units in sorted(statement.idle.items()):
        whole = statement.pool_totals[pool]
        part = percent(Decimal(units), Decimal(whole)) if whole else Decimal(0)
        if part >= month.thresholds.idle_percent:
            known = statement.pools_by_name.get(pool)
            nodes = known is not None and bool(known.usage.get(CAPACITY))
            yield Signal(
                Kind.IDLE,
                None,
                pool,
                IdlePool(pool, part, whole, nodes),
                f"costack preview --portfolio {month.folder} --base HEAD",
                stake=units,
            )


def _cheap_promises(month: Month) -> Iterator[Signal]:
    least = month.thresholds.least_promised_percent
    for tenant, found in cheap_promises(month.statement, month.plan, least):
        yield Signal(Kind.PROMISE, tenant, found.promise, found)

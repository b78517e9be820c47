"""Declared usage: how much of each driver every tenant requests in its plan, without measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, NamedTuple

from allocation.charges import ChargePeriod
from allocation.engine.drivers import CAPACITY, Driver
from allocation.estimate.assumptions import Scale
from tiers.facts.compute import ComputeRequest, NodeGroup, ScheduledJob, Workload
from tiers.facts.data import CacheSpace, FileShare, LogicalBackup, TenantDatabase
from tiers.facts.every_fact import Labour
from tiers.facts.monitoring import PlatformPart
from tiers.facts.names import BACKUP_BUCKET, CACHE, DATABASE, FILE_SYSTEM
from tiers.facts.record import FactRecord
from tiers.plan.plan import Plan, TenantPlan, facts_of
from tiers.schedule import MINUTES_PER_WEEK

PLATFORM: Final = "platform"
"""The consumer name of the platform's own services; no tenant can have this name."""

HOURS_PER_MONTH: Final = Decimal(730)
_MINUTES_PER_HOUR: Final = 60
_MILLICORES_PER_CORE: Final = 1000
_MIB_PER_GIB: Final = 1024
_SUPPORT: Final = "support"
_QUANTUM: Final = Decimal("0.000000001")


class Usage(NamedTuple):
    """The usage of a driver by one consumer in an interval; a row of the table `usage`."""

    tenant: str
    driver: Driver
    start: datetime
    end: datetime
    quantity: Decimal


def declared_usage(
    plan: Plan, period: ChargePeriod, hours: Decimal = HOURS_PER_MONTH, scale: Scale = Scale.LEAST
) -> Iterator[Usage]:
    """What *plan* declares for *period*, which counts as *hours*: requests, GiB, users, fees.

    An estimate counts every month as 730 hours, as its prices do.
    """
    return DeclaredUsage(period, hours, scale).of(plan)


class DeclaredUsage:
    """The same of plans that have tenants in common: each tenant is measured once."""

    def __init__(
        self, period: ChargePeriod, hours: Decimal = HOURS_PER_MONTH, scale: Scale = Scale.LEAST
    ) -> None:
        self._period = period
        self._hours = hours
        self._scale = scale
        self._kept: dict[int, tuple[TenantPlan, tuple[Usage, ...]]] = {}
        """By the identity of the tenant's plan, which lives as long as it is kept."""

    def of(self, plan: Plan) -> Iterator[Usage]:
        """What *plan* declares, tenant by tenant."""
        for tenant in plan.tenants:
            yield from (self._kept.get(id(tenant)) or self._keep(tenant))[1]
        for driver, quantity in _requests(plan.platform, self._scale):
            if quantity:
                yield self._usage(PLATFORM, driver, quantity * self._hours)
        for driver, quantity in _capacity(plan.platform):
            yield self._usage(CAPACITY, driver, quantity * self._hours)

    def _keep(self, tenant: TenantPlan) -> tuple[TenantPlan, tuple[Usage, ...]]:
        usage = tuple(
            self._usage(tenant.tenant, driver, quantity)
            for driver, quantity in _of_tenant(tenant, self._scale, self._hours)
        )
        kept = self._kept[id(tenant)] = (tenant, usage)
        return kept

    def _usage(self, consumer: str, driver: Driver, quantity: Decimal) -> Usage:
        return Usage(consumer, driver, *self._period, quantity.quantize(_QUANTUM, ROUND_HALF_EVEN))


def _of_tenant(tenant: TenantPlan, scale: Scale, hours: Decimal) -> Iterator[tuple[Driver, Decimal]]:
    levels = dict(_requests(tenant.facts, scale))
    levels |= {driver: Decimal(measure(tenant)) for driver, measure in _MEASURES.items()}
    yield from ((driver, level * hours) for driver, level in levels.items() if level)
    for driver, quantity in _of_the_month(tenant):
        yield driver, quantity * hours / HOURS_PER_MONTH


def _requests(facts: Iterable[FactRecord], scale: Scale) -> Iterator[tuple[Driver, Decimal]]:
    """Cores and GiB that pods request on shared nodes, on average over a month.

    Jobs run for minutes, and sleeping pods request nothing.
    """
    cores = memory = Decimal(0)
    for fact in facts:
        if isinstance(fact, Workload | ScheduledJob | PlatformPart) and fact.nodes is not None:
            continue  # on its own nodes, whose cost is the tenant's already
        if isinstance(fact, Workload):
            part = _replicas(fact, scale) * fact.awake_minutes_per_week / MINUTES_PER_WEEK
        elif isinstance(fact, PlatformPart):
            part = Decimal(fact.replicas)
        elif isinstance(fact, ScheduledJob):
            part = fact.minutes_per_month / (HOURS_PER_MONTH * _MINUTES_PER_HOUR)
        else:
            continue
        cores += part * _cores(fact.compute)
        memory += part * _gib(fact.compute)
    yield Driver.CPU_REQUESTS, cores
    yield Driver.MEMORY_REQUESTS, memory


def _replicas(fact: Workload, scale: Scale) -> Decimal:
    most = max(fact.replicas, fact.max_replicas)
    halves = {Scale.LEAST: 2 * fact.replicas, Scale.EXPECTED: fact.replicas + most, Scale.MOST: 2 * most}
    return Decimal(halves[scale]) / 2


def _capacity(platform: Iterable[FactRecord]) -> Iterator[tuple[Driver, Decimal]]:
    groups = [fact for fact in platform if isinstance(fact, NodeGroup)]
    millicores = sum(group.nodes * group.allocatable_cpu_millicores for group in groups)
    mib = sum(group.nodes * group.allocatable_memory_mib for group in groups)
    yield Driver.CPU_REQUESTS, Decimal(millicores) / _MILLICORES_PER_CORE
    yield Driver.MEMORY_REQUESTS, Decimal(mib) / _MIB_PER_GIB


def _cores(request: ComputeRequest) -> Decimal:
    return Decimal(request.cpu_request_millicores) / _MILLICORES_PER_CORE


def _gib(request: ComputeRequest) -> Decimal:
    return Decimal(request.memory_request_mib) / _MIB_PER_GIB


def _database_gib(tenant: TenantPlan) -> int:
    return sum(
        fact.storage_gib
        for fact in tenant.facts
        if isinstance(fact, TenantDatabase) and fact.server == DATABASE
    )


def _cache_mib(tenant: TenantPlan) -> int:
    return sum(
        fact.memory_mib for fact in tenant.facts if isinstance(fact, CacheSpace) and fact.group == CACHE
    )


def _filestore_gib(tenant: TenantPlan) -> int:
    return sum(
        fact.storage_gib
        for fact in tenant.facts
        if isinstance(fact, FileShare) and fact.mounted and fact.file_system == FILE_SYSTEM
    )


def _backup_gib(tenant: TenantPlan) -> int:
    return sum(
        fact.storage_gib
        for fact in tenant.facts
        if isinstance(fact, LogicalBackup) and fact.bucket == BACKUP_BUCKET
    )


def _of_the_month(tenant: TenantPlan) -> Iterator[tuple[Driver, Decimal]]:
    """What is of a month as a whole, and not of each of its hours."""
    yield Driver.FEE, tenant.fee_per_month
    labour = facts_of(tenant.facts, Labour)
    if helped := sum(fact.hours_per_month for fact in labour if fact.activity == _SUPPORT):
        yield Driver.SUPPORT_HOURS, Decimal(helped)


_MEASURES: Final[Mapping[Driver, Callable[[TenantPlan], int]]] = {
    Driver.DATABASE_GIB: _database_gib,
    Driver.CACHE_MIB: _cache_mib,
    Driver.FILESTORE_GIB: _filestore_gib,
    Driver.BACKUP_GIB: _backup_gib,
    Driver.USERS: lambda tenant: tenant.users,
    Driver.FAILOVER_USERS: lambda tenant: tenant.users if tenant.second_region else 0,
}

"""Drivers: how much of each measure every tenant asks for, as a plan declares it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from allocation.rules import ComputeWeights, Driver
from tiers.compute_facts import ComputeRequest, NodeGroup, ScheduledJob, Workload
from tiers.data_facts import CacheSpace, FileShare, LogicalBackup, TenantDatabase
from tiers.fact import FactRecord
from tiers.plan import Plan, TenantPlan
from tiers.platform_facts import BACKUP_BUCKET, CACHE, DATABASE, FILE_SYSTEM
from tiers.vocabulary import TenantId

_MINUTES_PER_MONTH: Final = 730 * 60
_MILLICORES_PER_VCPU: Final = 1000
_MIB_PER_GIB: Final = 1024


@dataclass(frozen=True)
class Weights:
    """The weights of one driver.

    Attributes:
        by_tenant: Every tenant's quantity, in tenant order; 0 where a tenant has none.
        platform: What the platform's own services ask for.
        idle: What nobody asks for of the capacity that is there; 0 for drivers without a capacity.
    """

    by_tenant: Mapping[TenantId, int]
    platform: int = 0
    idle: int = 0


def declared_weights(plan: Plan, compute: ComputeWeights) -> dict[Driver, Weights]:
    """The weights of every driver, from what *plan* declares: requests, GiB, users."""
    weights = {
        driver: Weights({tenant.tenant: measure(tenant) for tenant in plan.tenants})
        for driver, measure in _MEASURES.items()
    }
    weights[Driver.COMPUTE_REQUESTS] = _compute_requests(plan, compute)
    return weights


def _compute_requests(plan: Plan, compute: ComputeWeights) -> Weights:
    by_tenant = {tenant.tenant: _requested(tenant.facts, compute) for tenant in plan.tenants}
    platform = _requested(plan.platform, compute)
    capacity = sum(
        fact.nodes
        * _weight(fact.allocatable_cpu_millicores, fact.allocatable_memory_mib, compute)
        * _MINUTES_PER_MONTH
        for fact in plan.platform
        if isinstance(fact, NodeGroup)
    )
    # Pods that request more than there is are pending or squeezed: then nothing is idle.
    idle = max(capacity - platform - sum(by_tenant.values()), 0)
    return Weights(by_tenant, platform, idle)


def _requested(facts: Iterable[FactRecord], compute: ComputeWeights) -> int:
    """What pods ask for, times the minutes of a month they ask for it: averages would hide sandboxes."""
    total = 0
    for fact in facts:
        if isinstance(fact, Workload | ScheduledJob) and fact.nodes is not None:
            continue  # on nodes of its own, whose cost is the tenant's already
        if isinstance(fact, Workload):
            total += fact.replicas * _pod(fact.compute, compute) * _MINUTES_PER_MONTH
        elif isinstance(fact, ScheduledJob):
            total += _pod(fact.compute, compute) * fact.minutes_per_month
    return total


def _pod(request: ComputeRequest, compute: ComputeWeights) -> int:
    return _weight(request.cpu_request_millicores, request.memory_request_mib, compute)


def _weight(cpu_millicores: int, memory_mib: int, compute: ComputeWeights) -> int:
    # One common denominator of millicores per vCPU and MiB per GiB keeps the weight a whole number.
    return (
        cpu_millicores * compute.vcpu * _MIB_PER_GIB + memory_mib * compute.memory_gib * _MILLICORES_PER_VCPU
    )


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


_MEASURES: Final[Mapping[Driver, Callable[[TenantPlan], int]]] = {
    Driver.DATABASE_GIB: _database_gib,
    Driver.CACHE_MIB: _cache_mib,
    Driver.FILESTORE_GIB: _filestore_gib,
    Driver.BACKUP_GIB: _backup_gib,
    Driver.USERS: lambda tenant: tenant.users,
}

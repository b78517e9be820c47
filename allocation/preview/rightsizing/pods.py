"""Pods and volumes: the class of the catalog that holds what was measured, with headroom.

What was not measured gets no advice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from allocation.engine.drivers import Driver
from allocation.preview.rightsizing.advice import Advice, Settled, headroom, number
from allocation.review.usage_levels import Level
from tiers.catalog.classes import WorkloadClass
from tiers.catalog.tier import Catalog
from tiers.facts.data import DatabaseInstance
from tiers.vocabulary import Environment

USERS_PER_WORKER: Final = 6
"""Concurrent users of one worker (Odoo documentation, "System configuration", worker number calculation)."""
WORKLOAD_CLASS: Final = "workload_class"
_HUNDRED: Final = 100
_MIB_PER_GIB: Final = 1024
_MILLI: Final = 1000
_VOLUMES: Final = (("database_gib", Driver.DATABASE_GIB), ("filestore_gib", Driver.FILESTORE_GIB))
Levels = Mapping[tuple[str, Driver], Level]
"""Of every tenant and driver that was measured."""


class Needs(NamedTuple):
    """What a tenant's pods need: cores and GiB with room, workers for its users, pods for its promise."""

    cores: Decimal
    memory_gib: Decimal
    most_memory_gib: Decimal
    workers: int
    replicas: int


def fits(size: WorkloadClass, needs: Needs) -> bool:
    """Whether pods of this size hold what is needed; how much memory workers take, the catalog sees to."""
    cores, memory, limit = requested(size)
    return (
        cores >= needs.cores
        and memory >= needs.memory_gib
        and limit >= needs.most_memory_gib
        and size.web.replicas >= needs.replicas
        and size.web.replicas * size.web.workers >= needs.workers
    )


def requested(size: WorkloadClass) -> tuple[Decimal, Decimal, Decimal]:
    """What all pods of a size request: cores and GiB; and the GiB that they may take at most."""
    kinds = ((size.web, size.web.replicas), (size.cron, size.cron.replicas))
    return (
        Decimal(sum(count * pod.cpu_request_millicores for pod, count in kinds)) / _MILLI,
        Decimal(sum(count * pod.memory_request_mib for pod, count in kinds)) / _MIB_PER_GIB,
        Decimal(sum(count * pod.memory_limit_mib for pod, count in kinds)) / _MIB_PER_GIB,
    )


def pods(catalog: Catalog, settled: Settled, levels: Levels) -> Iterator[Advice]:
    """Another workload class for a tenant whose CPU and memory were measured; none where its own fits."""
    (tenant, file), room = settled, headroom(catalog)
    cpu, memory = (levels.get((tenant.tenant, each)) for each in (Driver.CPU_USED, Driver.MEMORY_USED))
    if not (cpu and memory and cpu.intervals and memory.intervals):
        return
    sizes = catalog.classes.workload_classes
    now = file.options.workload_class or catalog.tiers[file.tier].offers[file.environment].workload_class
    promise = catalog.classes.resilience_classes[tenant.resilience_class]
    # No fewer workers than Odoo's rule gives its users, where it has as many today.
    today = sizes[now].web.replicas * sizes[now].web.workers
    needs = Needs(
        cpu.p95 * room,
        memory.p95 * room,
        max(memory.intervals) * room,
        min(today, math.ceil(tenant.users / USERS_PER_WORKER)),
        promise.web_replicas if tenant.environment is Environment.PRODUCTION else 1,
    )
    fitting = [name for name, size in sizes.items() if fits(size, needs)]
    target = min(fitting, key=lambda name: (*requested(sizes[name])[1::-1], name), default="")
    if target == now:
        return
    because = (
        f"95 % of the time {number(cpu.p95)} cores and {number(memory.p95)} GiB or less, at most "
        f"{number(max(memory.intervals))} GiB; {now} requests {_asked(sizes[now])}"
    )
    because += f", {target} {_asked(sizes[target])}" if target else ", and no class of the catalog holds it"
    yield Advice(tenant.tenant, WORKLOAD_CLASS, now, target, because)


def volumes(catalog: Catalog, settled: Settled, levels: Levels) -> Iterator[Advice]:
    """Another size for a database or a filestore that the tenant's file declares."""
    tenant, file = settled
    # Storage of a server of RDS never shrinks: a smaller number would save nothing.
    own = any(isinstance(fact, DatabaseInstance) for fact in tenant.facts)
    for setting, driver in _VOLUMES:
        level, now = levels.get((file.tenant, driver)), getattr(file.options, setting)
        if level is None or now is None or not level.most:
            continue
        may_shrink = not (own and driver is Driver.DATABASE_GIB)
        target = max(math.ceil(level.most * headroom(catalog)), 1)
        unused = _HUNDRED - _HUNDRED * level.most / now
        smaller = unused >= catalog.classes.signals.unused_percent and target < now
        if level.most > now or (smaller and may_shrink):
            because = f"at most {number(level.most)} GiB were used on a day; {now} GiB are declared"
            yield Advice(file.tenant, setting, f"{now}", f"{target}", because)


def _asked(size: WorkloadClass) -> str:
    cores, memory, _ = requested(size)
    return f"{number(cores)} cores and {number(memory)} GiB"

"""Sizes that would do: the setting of a tenant's file, and what it saves as `costack preview` shows it.

Pods get the smallest class of the catalog that holds what was measured, with room, and what Odoo needs;
volumes get what is used, with room. What was not measured gets no advice.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, NamedTuple

from allocation.engine.drivers import Driver
from allocation.preview.comparison import compared
from allocation.preview.estimates import Estimates
from allocation.preview.supposed import supposed
from allocation.review.usage_levels import Level
from allocation.statement.ledger.figure import alone, figure
from tiers.catalog.classes import WorkloadClass
from tiers.catalog.tier import Catalog
from tiers.facts.data import DatabaseInstance
from tiers.plan.plan import Plan, TenantPlan
from tiers.portfolio.folders import PORTFOLIOS
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.vocabulary import Environment

ROOM: Final = Decimal("1.2")
"""What is requested is at least this multiple of what 95 % of the intervals use."""
USERS_PER_WORKER: Final = 6
"""Concurrent users of one worker (Odoo documentation, "System configuration", worker number calculation)."""
WORKLOAD_CLASS: Final = "workload_class"
_HUNDRED: Final = 100
_MIB_PER_GIB: Final = 1024
_MILLI: Final = 1000
_VOLUMES: Final = (("database_gib", Driver.DATABASE_GIB), ("filestore_gib", Driver.FILESTORE_GIB))
Levels = Mapping[tuple[str, Driver], Level]


class Needs(NamedTuple):
    """What a tenant's pods need: cores and GiB with room, workers for its users, pods for its promise."""

    cores: Decimal
    memory_gib: Decimal
    most_memory_gib: Decimal
    workers: int
    replicas: int


@dataclass(frozen=True)
class Advice:
    """Another size for a tenant.

    Attributes:
        setting: The option of its file.
        now: Its value; of pods the class of the tier, where the file has none.
        target: The value that would do; empty where no class of the catalog would.
        because: What was measured, and what it needs.
        own: What the tenant saves a month, in units; None where no preview was made.
        bill: What the bill falls by, in units; pods on shared nodes free capacity and lower no bill.
    """

    tenant: str
    setting: str
    now: str
    target: str
    because: str
    own: int | None = None
    bill: int | None = None

    def command(self, portfolio: str) -> str:
        """The command that shows what it saves; empty without a target."""
        if not self.target:
            return ""
        where = ["--portfolio", str(PORTFOLIOS / portfolio), "--tenant", self.tenant]
        return shlex.join(["costack", "preview", *where, "--set", f"{self.setting}={self.target}"])


def advice(catalog: Catalog, plan: Plan, portfolio: Portfolio, levels: Levels) -> Iterator[Advice]:
    """Another size for every tenant that was measured and whose size does not fit; none while it moves."""
    files = {tenant.tenant: tenant for tenant in portfolio.tenants}
    for tenant in plan.tenants:
        file = files.get(tenant.tenant)
        if file is not None and tenant.move is None and file.move is None and file.tier == tenant.tier:
            yield from _of_pods(catalog, tenant, file, levels)
            yield from _of_volumes(catalog, tenant, file, levels)


def priced(estimates: Estimates, each: Advice) -> Advice:
    """The same with what it saves; without where the change is not possible."""
    if not each.target:
        return each
    after = supposed(estimates, each.tenant, None, {each.setting: each.target})
    if after is None:
        return each
    found = compared(estimates.now, after)
    (change,) = (one for one in found.tenants if one.tenant == each.tenant)
    (then, now), digits = found.ledgers, found.ledgers[1].digits
    own = figure(-change.cost.difference, then.total(each.tenant) - now.total(each.tenant), digits)
    return replace(each, own=own, bill=alone(-found.charged.difference, found.currency))


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
    pods = ((size.web, size.web.replicas), (size.cron, size.cron.replicas))
    return (
        Decimal(sum(count * pod.cpu_request_millicores for pod, count in pods)) / _MILLI,
        Decimal(sum(count * pod.memory_request_mib for pod, count in pods)) / _MIB_PER_GIB,
        Decimal(sum(count * pod.memory_limit_mib for pod, count in pods)) / _MIB_PER_GIB,
    )


def _of_pods(catalog: Catalog, tenant: TenantPlan, file: Tenant, levels: Levels) -> Iterator[Advice]:
    cpu, memory = (levels.get((tenant.tenant, each)) for each in (Driver.CPU_USED, Driver.MEMORY_USED))
    if not (cpu and memory and cpu.intervals and memory.intervals):
        return
    sizes = catalog.classes.workload_classes
    now = file.options.workload_class or catalog.tiers[file.tier].offers[file.environment].workload_class
    promise = catalog.classes.resilience_classes[tenant.resilience_class]
    # No fewer workers than Odoo's rule gives its users, where it has as many today.
    today = sizes[now].web.replicas * sizes[now].web.workers
    needs = Needs(
        cpu.p95 * ROOM,
        memory.p95 * ROOM,
        max(memory.intervals) * ROOM,
        min(today, math.ceil(tenant.users / USERS_PER_WORKER)),
        promise.web_replicas if tenant.environment is Environment.PRODUCTION else 1,
    )
    fitting = [name for name, size in sizes.items() if fits(size, needs)]
    target = min(fitting, key=lambda name: (*requested(sizes[name])[1::-1], name), default="")
    if target == now:
        return
    because = (
        f"95 % of the time {_number(cpu.p95)} cores and {_number(memory.p95)} GiB or less, at most "
        f"{_number(max(memory.intervals))} GiB; {now} requests {_asked(sizes[now])}"
    )
    because += f", {target} {_asked(sizes[target])}" if target else ", and no class of the catalog holds it"
    yield Advice(tenant.tenant, WORKLOAD_CLASS, now, target, because)


def _of_volumes(catalog: Catalog, tenant: TenantPlan, file: Tenant, levels: Levels) -> Iterator[Advice]:
    # Storage of a server of RDS never shrinks: a smaller number would save nothing.
    own = any(isinstance(fact, DatabaseInstance) for fact in tenant.facts)
    for setting, driver in _VOLUMES:
        level, now = levels.get((file.tenant, driver)), getattr(file.options, setting)
        if level is None or now is None or not level.most:
            continue
        may_shrink = not (own and driver is Driver.DATABASE_GIB)
        target = max(math.ceil(level.most * ROOM), 1)
        unused = _HUNDRED - _HUNDRED * level.most / now
        smaller = unused >= catalog.classes.signals.unused_percent and target < now
        if level.most > now or (smaller and may_shrink):
            because = f"at most {_number(level.most)} GiB were used on a day; {now} GiB are declared"
            yield Advice(file.tenant, setting, f"{now}", f"{target}", because)


def _asked(size: WorkloadClass) -> str:
    cores, memory, _ = requested(size)
    return f"{_number(cores)} cores and {_number(memory)} GiB"


def _number(value: Decimal) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")

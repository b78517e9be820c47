"""Nodes: as many of their class as hold what pods requested at most, also while one of them is gone.

Requests are what a node must hold, whatever of them is used: who requests too much has advice of its own.
How many pods a node takes besides is for the cluster to know.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from allocation.engine.drivers import CAPACITY, Driver
from allocation.preview.rightsizing.advice import Advice, headroom, number
from allocation.preview.rightsizing.pods import Levels
from tiers.catalog.tier import Catalog
from tiers.facts.compute import NodeGroup, Workload
from tiers.facts.monitoring import PlatformPart
from tiers.facts.network import PodGroup
from tiers.plan.plan import Plan, TenantPlan, facts_of
from tiers.plan.warnings import interfaces_of
from tiers.portfolio.tenant import Portfolio
from tiers.vocabulary import PLATFORM

_LEAST: Final = 2
"""One may fail."""
_MILLI: Final = 1000
_MIB_PER_GIB: Final = 1024
_HUNDRED: Final = 100


_DRIVERS: Final = (Driver.CPU_REQUESTS, Driver.MEMORY_REQUESTS)


class _Measured(NamedTuple):
    """The levels, and how many days the month has."""

    levels: Levels
    month_days: int


class Requested(NamedTuple):
    """What the pods of a node group requested at most: the sum of each tenant's own most.

    `measured_percent` is how much of the month was measured of who was measured least.
    """

    cores: Decimal
    memory_gib: Decimal
    measured_percent: Decimal


@dataclass(frozen=True)
class MeasuredNodes:
    """A node group with what was requested of it.

    Attributes:
        group: What is deployed.
        tenant: Whose; None of the shared one.
        requested: None where somebody's requests were not measured.
        target: How many nodes would do; None where nobody knows.
        because: What follows for their number, or why nothing does.
        setting: Where their number is written in `platform.yaml`; empty where the catalog has it.
    """

    group: NodeGroup
    tenant: str | None
    requested: Requested | None
    target: int | None
    because: str
    setting: str = ""

    @property
    def advice(self) -> Advice | None:
        """Another number; None where this one fits, nothing is known, or the catalog says it."""
        if self.target in (None, self.group.nodes) or not self.setting:
            return None
        now, target = f"{self.group.nodes}", f"{self.target}"
        return Advice(None, self.setting, now, target, self.because)


def measured_nodes(
    catalog: Catalog, plan: Plan, portfolio: Portfolio, levels: Levels, month_days: int
) -> Iterator[MeasuredNodes]:
    """Every node group in the plan, with what was requested of it; none where no requests were measured."""
    if not any(driver in _DRIVERS for _, driver in levels):
        return
    groups, measured = facts_of(plan.platform, NodeGroup), _Measured(levels, month_days)
    own = {tenant.tenant: found for tenant in plan.tenants if (found := facts_of(tenant.facts, NodeGroup))}
    shared = [tenant for tenant in plan.tenants if tenant.tenant not in own]
    names = {spec.name for spec in portfolio.platform.cluster.node_groups}
    for group in groups:
        name = group.id.partition("/nodes-")[2]
        if len(groups) > 1 or name not in names:
            why = "which pods run on which of several groups is not measured: no advice"
            yield MeasuredNodes(group, None, None, None, why)
            continue
        yield _judged(catalog, plan, group, shared, measured, f"cluster.node_groups.{name}.nodes")
    for tenant in plan.tenants:
        for group in own.get(tenant.tenant, ()):
            yield _judged(catalog, plan, group, [tenant], measured, "")


def _judged(  # noqa: PLR0917 - a group and what it is judged by
    catalog: Catalog,
    plan: Plan,
    group: NodeGroup,
    tenants: list[TenantPlan],
    measured: _Measured,
    setting: str,
) -> MeasuredNodes:
    whose = group.tenant
    running = [each for each in tenants if _lasting(each.facts)]
    known = measured.levels
    missing = [each.tenant for each in running if any((each.tenant, of) not in known for of in _DRIVERS)]
    if missing or not running:
        named = f", {missing[0]} among them" if missing else ""
        why = f"{len(missing)} of {len(running)} tenants were not measured{named}: no advice"
        return MeasuredNodes(group, whose, None, None, why)
    asked = _requested(plan, whose, running, measured)
    least = catalog.classes.rightsizing.least_measured_percent
    if asked.measured_percent < least:
        why = f"{number(asked.measured_percent)} % of the month was measured, {least} % are needed: no advice"
        return MeasuredNodes(group, whose, asked, None, why)
    per_node = catalog.classes.node_classes[group.instance_type].branch_interfaces
    interfaces = sum(interfaces_of(each) for each in running if facts_of(each.facts, PodGroup))
    target = _target(group, asked, headroom(catalog), -(-interfaces // max(per_node, 1)))
    because = _because(group, asked, target)
    if not setting and target != group.nodes:
        because += "; their number is that of the control class in the catalog (`dedicated_nodes`)"
    return MeasuredNodes(group, whose, asked, target, because, setting)


def _target(group: NodeGroup, asked: Requested, room: Decimal, least: int) -> int:
    """How many nodes do: also while one of them is gone, and with headroom while all are there."""
    cores, memory = there(group, 1)
    needed = [
        max(math.ceil(need / has) + 1, math.ceil(need * room / has))
        for need, has in ((asked.cores, cores), (asked.memory_gib, memory))
    ]
    return max(_LEAST, least, *needed)


def there(group: NodeGroup, nodes: int) -> tuple[Decimal, Decimal]:
    """The cores and GiB for pods of so many nodes."""
    millicores, mib = group.allocatable_cpu_millicores, group.allocatable_memory_mib
    return Decimal(nodes * millicores) / _MILLI, Decimal(nodes * mib) / _MIB_PER_GIB


def _because(group: NodeGroup, asked: Requested, target: int) -> str:
    cores, memory = there(group, group.nodes)
    return (
        f"at most {number(asked.cores)} cores and {number(asked.memory_gib)} GiB were requested; "
        f"{group.nodes} nodes have {number(cores)} cores and {number(memory)} GiB, and {target} hold it "
        "while one is gone"
    )


def _requested(plan: Plan, tenant: str | None, tenants: list[TenantPlan], measured: _Measured) -> Requested:
    levels = measured.levels
    names = [each.tenant for each in tenants]
    if tenant is None:
        # Of others that were measured, such as the platform's own pods, too; never of the capacity itself.
        planned = {each.tenant for each in plan.tenants}
        others = {name for name, driver in levels if driver in _DRIVERS and name not in planned}
        names += sorted(others - {CAPACITY})
    cores, memory = (
        sum((max(levels[name, driver].intervals) for name in names if (name, driver) in levels), Decimal(0))
        for driver in _DRIVERS
    )
    declared = [each for each in _lasting(plan.platform) if each.nodes is None] if tenant is None else []
    if PLATFORM not in names:
        cores += (
            Decimal(sum(each.replicas * each.compute.cpu_request_millicores for each in declared)) / _MILLI
        )
        mib = sum(each.replicas * each.compute.memory_request_mib for each in declared)
        memory += Decimal(mib) / _MIB_PER_GIB
    fewest = min(len(levels[each.tenant, driver].days) for each in tenants for driver in _DRIVERS)
    return Requested(cores, memory, Decimal(_HUNDRED * fewest) / measured.month_days)


def _lasting(facts: Iterable[object]) -> list[Workload | PlatformPart]:
    return [each for each in facts if isinstance(each, Workload | PlatformPart) and not each.is_part]

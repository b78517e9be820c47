"""Servers and caches: the class that holds what was measured, with headroom, and what is promised.

A class is never smaller than what is promised: the connections that roles are given, the sessions that
tenants may have, the standby that is sold beside a server. Storage of a server of RDS can never shrink, so
none is advised. What was measured too little gets no advice, and the reason is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from allocation.preview.rightsizing.advice import Advice, headroom, number, settled_tenants
from allocation.review.metric_levels import Metric, MetricLevel, Metrics, nodes_of
from tiers.catalog.classes import CacheClass, DatabaseClass, MachineClass
from tiers.catalog.tier import Catalog, OwnCache, OwnDatabase
from tiers.facts.copies import DatabaseStandby
from tiers.facts.data import CacheGroup, CacheSpace, DatabaseInstance, TenantDatabase
from tiers.facts.record import FactRecord
from tiers.plan.plan import Plan
from tiers.portfolio.tenant import Portfolio

_MIB: Final = 1024 * 1024
_MIB_PER_GIB: Final = 1024
_HUNDRED: Final = 100
Machine = DatabaseInstance | CacheGroup


class Place(NamedTuple):
    """A server or a cache, the setting that says its class, and the class.

    `tenant` is None for what tenants share. `users` are all facts that may use it.
    """

    fact: Machine
    tenant: str | None
    setting: str
    size: str
    users: tuple[FactRecord, ...]


class Load(NamedTuple):
    """How busy a machine was; of a cache the busiest node.

    CPU is in percent of all vCPUs, memory in MiB; `connections` are those of a server, `evictions` those of
    all nodes of a cache.
    """

    measured_percent: Decimal
    cpu_p95: Decimal
    cpu_average: Decimal
    memory_mib: Decimal
    connections: int
    evictions: int


class Needs(NamedTuple):
    """What a class must have: `vcpus` for 95 % of the time, `average_vcpus` of a burstable one's baseline."""

    vcpus: Decimal
    average_vcpus: Decimal
    memory_mib: Decimal
    connections: Decimal


@dataclass(frozen=True)
class MeasuredMachine:
    """A server or a cache with what was measured.

    Attributes:
        place: What it is, and where its class is written.
        load: How busy it was; None where nothing was measured, or too little to say.
        target: The class that would do; its own where that one fits, empty where none of the catalog would.
        because: What follows for its size, or why nothing does.
    """

    place: Place
    load: Load | None
    target: str | None
    because: str

    @property
    def advice(self) -> Advice | None:
        """Another class; None where its own fits, or nothing is known."""
        place = self.place
        if self.target is None or self.target == place.size:
            return None
        return Advice(place.tenant, place.setting, place.size, self.target, self.because)


def measured_machines(
    catalog: Catalog, plan: Plan, portfolio: Portfolio, metrics: Metrics
) -> Iterator[MeasuredMachine]:
    """Every server and cache of the primary region whose class a file says, measured or not."""
    for place in _places(catalog, plan, portfolio):
        sizes = _menu(catalog, place.fact)
        if place.size not in sizes or _type_of(sizes[place.size]) != _machine_type(place.fact):
            yield MeasuredMachine(place, None, None, "its file has another class than what is deployed")
            continue
        yield _judged(catalog, place, metrics)


def _judged(catalog: Catalog, place: Place, metrics: Metrics) -> MeasuredMachine:
    sizes = _menu(catalog, place.fact)
    now = sizes[place.size]
    if now.memory_mib is None:
        return MeasuredMachine(place, None, None, f"the catalog does not say the memory_mib of {place.size}")
    load = _load(place.fact, now.memory_mib, metrics)
    if load is None:
        return MeasuredMachine(place, None, None, "not measured: no advice")
    least = catalog.classes.rightsizing.least_measured_percent
    if load.measured_percent < least:
        said = f"{number(load.measured_percent)} % of the month was measured, {least} % are needed: no advice"
        return MeasuredMachine(place, load, None, said)
    if load.memory_mib < 0:
        said = "more memory was free than its class has: the class changed in the month: no advice"
        return MeasuredMachine(place, load, None, said)
    needs = _needs(catalog, place, now, load)
    fitting = [name for name, size in sizes.items() if _holds(size, needs)]
    if isinstance(place.fact, CacheGroup) and load.evictions:
        fitting = [name for name in fitting if (sizes[name].memory_mib or 0) > now.memory_mib]
    target = _chosen(place, sizes, fitting)
    return MeasuredMachine(place, load, target, _because(place, now, load, sizes.get(target)))


def _chosen(
    place: Place, sizes: Mapping[str, DatabaseClass] | Mapping[str, CacheClass], fitting: Iterable[str]
) -> str:
    """The one with the least memory; of a server no more than a step down. Empty where none fits.

    What the system keeps of a server's files in memory counts as free: what a smaller one reads from its disk
    shows only when it is there (RDS User Guide, "Amazon RDS best practices").
    """

    def memory(name: str) -> int:
        return sizes[name].memory_mib or 0

    ranked = sorted(fitting, key=lambda name: (memory(name), sizes[name].vcpus, name))
    smaller = [name for name in ranked if memory(name) < memory(place.size)]
    if smaller and isinstance(place.fact, DatabaseInstance):
        return smaller[-1]
    return ranked[0] if ranked else ""


def _holds(size: MachineClass, needs: Needs) -> bool:
    most = size.max_connections if isinstance(size, DatabaseClass) else 0
    steady = size.vcpus * Decimal(size.baseline_cpu_percent or _HUNDRED) / _HUNDRED
    return (
        size.memory_mib is not None
        and size.memory_mib >= needs.memory_mib
        and size.vcpus >= needs.vcpus
        and steady >= needs.average_vcpus
        and most >= needs.connections
    )


def _needs(catalog: Catalog, place: Place, now: MachineClass, load: Load) -> Needs:
    """What was measured with headroom; of what is promised no more than it has today."""
    room, rules = headroom(catalog), catalog.classes.rightsizing
    memory, connections = load.memory_mib * room, Decimal(load.connections) * room
    floor = min(Decimal(_promised_mib(catalog, place)), Decimal(now.memory_mib or 0))
    if isinstance(now, DatabaseClass):
        connections = max(connections, min(_reserved(place), Decimal(now.max_connections)))
    else:
        memory = memory * _HUNDRED / (_HUNDRED - rules.cache_reserved_percent)
    return Needs(
        now.vcpus * load.cpu_p95 / _HUNDRED * room,
        now.vcpus * load.cpu_average / _HUNDRED * room,
        max(memory, floor),
        connections,
    )


def _promised_mib(catalog: Catalog, place: Place) -> int:
    """Sessions that tenants may have in a cache; the standby's memory, of a server that has one."""
    if isinstance(place.fact, CacheGroup):
        spaces = (each for each in place.users if isinstance(each, CacheSpace))
        return sum(each.memory_mib for each in spaces if each.group == place.fact.id)
    memory = {each.instance_class: each.memory_mib or 0 for each in catalog.classes.database_classes.values()}
    standbys = [each for each in place.users if isinstance(each, DatabaseStandby)]
    beside = (each.instance_class for each in standbys if each.server == place.fact.id)
    return max((memory.get(each, 0) for each in beside), default=0)


def _reserved(place: Place) -> Decimal:
    """What roles may open; those of a shared server never all at once (`tiers/plan/warnings.py`: 150 %)."""
    roles = [each for each in place.users if isinstance(each, TenantDatabase)]
    here = [each for each in roles if each.server == place.fact.id]
    asked = Decimal(sum(each.connection_limit + each.reader_connections for each in here))
    return asked if place.tenant is not None else asked * 2 / 3


def _load(fact: Machine, memory_mib: int, metrics: Metrics) -> Load | None:
    """How busy *fact* was; None where one of its metrics is missing, or a node."""
    if isinstance(fact, DatabaseInstance):
        asked, nodes = (Metric.CPU, Metric.CONNECTIONS, Metric.FREE_MEMORY), 1
    else:
        asked, nodes = (Metric.CPU, Metric.CACHE_MEMORY, Metric.EVICTIONS), fact.nodes
    found: Mapping[Metric, list[MetricLevel]] = {
        metric: list(nodes_of(metrics, fact.id, metric)) for metric in asked
    }
    if any(len(levels) < nodes for levels in found.values()):
        return None
    cpu = found[Metric.CPU]
    if isinstance(fact, DatabaseInstance):
        (free,), (opened,) = found[Metric.FREE_MEMORY], found[Metric.CONNECTIONS]
        memory, connections, evictions = memory_mib - free.least / _MIB, int(opened.most), 0
    else:
        memory = max(level.most for level in found[Metric.CACHE_MEMORY]) / _MIB
        connections, evictions = 0, int(sum(level.total for level in found[Metric.EVICTIONS]))
    return Load(
        min(level.measured_percent for levels in found.values() for level in levels),
        max(level.p95 for level in cpu),
        max(level.average for level in cpu),
        memory,
        connections,
        evictions,
    )


def _because(place: Place, now: MachineClass, load: Load, target: MachineClass | None) -> str:
    busy = (
        f"95 % of the time {number(load.cpu_p95)} % of {now.vcpus} vCPUs or less, "
        f"{number(load.cpu_average)} % on average, at most {_gib(load.memory_mib)} GiB"
    )
    if isinstance(place.fact, DatabaseInstance):
        busy += f" and {load.connections:,} connections"
    elif load.evictions:
        busy += f", {load.evictions:,} evictions"
    has = f"{busy}; {place.size} has {_said(now)}"
    if target is None:
        return f"{has}, and no class of the catalog holds it"
    return f"{has}, and fits" if target == now else f"{has}, the target {_said(target)}"


def _said(size: MachineClass) -> str:
    baseline = f" ({size.baseline_cpu_percent} % of them on average)" if size.baseline_cpu_percent else ""
    connections = f" and {size.max_connections:,} connections" if isinstance(size, DatabaseClass) else ""
    return f"{size.vcpus} vCPUs{baseline}, {_gib(Decimal(size.memory_mib or 0))} GiB{connections}"


def _gib(mib: Decimal) -> str:
    return number(mib / _MIB_PER_GIB)


def _menu(catalog: Catalog, fact: Machine) -> Mapping[str, DatabaseClass] | Mapping[str, CacheClass]:
    server = isinstance(fact, DatabaseInstance)
    return catalog.classes.database_classes if server else catalog.classes.cache_classes


def _type_of(size: DatabaseClass | CacheClass) -> str:
    return size.instance_class if isinstance(size, DatabaseClass) else size.node_type


def _machine_type(fact: Machine) -> str:
    return fact.instance_class if isinstance(fact, DatabaseInstance) else fact.node_type


def _places(catalog: Catalog, plan: Plan, portfolio: Portfolio) -> Iterator[Place]:
    platform, everything = portfolio.platform, tuple(plan.all_facts())
    for shared in plan.platform:
        if isinstance(shared, DatabaseInstance):
            size = platform.database.database_class
            yield Place(shared, None, "database.database_class", size, everything)
        elif isinstance(shared, CacheGroup):
            yield Place(shared, None, "cache.cache_class", platform.cache.cache_class, everything)
    for tenant, file in settled_tenants(plan, portfolio):
        offer, options = catalog.tiers[file.tier].offers[file.environment], file.options
        for fact in tenant.facts:
            if isinstance(fact, DatabaseInstance) and isinstance(offer.database, OwnDatabase):
                size = options.database_class or offer.database.database_class
                yield Place(fact, tenant.tenant, "database_class", size, tenant.facts)
            elif isinstance(fact, CacheGroup) and isinstance(offer.cache, OwnCache):
                size = options.cache_class or offer.cache.cache_class
                yield Place(fact, tenant.tenant, "cache_class", size, tenant.facts)

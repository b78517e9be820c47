"""Warnings about an allowed plan: crowded servers, tenants beyond their offer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.catalog.promises import RANKS
from tiers.catalog.tier import Catalog
from tiers.facts.every_fact import (
    CacheGroup,
    CacheSpace,
    LoadBalancer,
    LogicalBackup,
    NodeGroup,
    PlatformPart,
    PodGroup,
    RedisExporter,
    ScheduledJob,
    TenantDatabase,
    UsageExporter,
    Workload,
)
from tiers.facts.ingress import ControllerKind
from tiers.facts.names import CACHE, DATABASE
from tiers.plan.estate.names import tight
from tiers.plan.plan import Plan, TenantPlan, facts_of
from tiers.portfolio.network import public_network
from tiers.portfolio.resilience import cheaper_tiers, promised
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.portfolio.versions.chosen import version_advice
from tiers.vocabulary import Environment, LifecycleStage

_NAMED: Final = 3
_TWO: Final = 2
_USERS: Final = 100
"""AWS: users in a group, those of Costack included (ElastiCache User Guide, "Role-Based Access Control")."""


def advice(catalog: Catalog, portfolio: Portfolio, plan: Plan) -> list[str]:
    """The warnings, one sentence each; an empty list when there are none."""
    return [
        *_crowded_database(catalog, portfolio, plan),
        *_crowded_cache(catalog, portfolio, plan),
        *_pinned_version(portfolio),
        *_cache_logins(plan),
        *_crowded_nodes(plan),
        *_crowded_interfaces(catalog, plan),
        *_ended_controller(portfolio),
        *_way_in(catalog, plan),
        *_unknown_clients(portfolio),
        *(f"platform/network: {each}" for each in public_network(portfolio.platform)),
        *tight(plan),
        *(warning for tenant in plan.tenants for warning in _untested(tenant)),
        *version_advice(portfolio),
        *(warning for tenant in portfolio.tenants for warning in _over_provisioned(catalog, tenant)),
        *(warning for tenant in portfolio.tenants for warning in _beyond_fair_use(catalog, tenant)),
    ]


def _unknown_clients(portfolio: Portfolio) -> Iterator[str]:
    known = {tenant.client for tenant in portfolio.tenants}
    platform = portfolio.platform
    for section, named in (("open_book", platform.open_book), ("budgets", platform.budgets.clients)):
        for client in (each for each in named if each not in known):
            yield f"platform/{section}: no tenant has the client '{client}': correct it, or take it out"


def _crowded_database(catalog: Catalog, portfolio: Portfolio, plan: Plan) -> Iterator[str]:
    name = portfolio.platform.database.database_class
    room = catalog.classes.database_classes[name].max_connections
    databases = [
        fact
        for tenant in plan.tenants
        for fact in facts_of(tenant.facts, TenantDatabase)
        if fact.server == DATABASE
    ]
    # Role limits are ceilings that are never reached together; 150 % of the server's limit is usual.
    if (wanted := sum(each.connection_limit + each.reader_connections for each in databases)) * 2 > room * 3:
        yield (
            f"platform/database: the roles of {len(databases)} tenants may open {wanted} connections, "
            f"more than 150 % of the {room} of database_class {name}; take a larger class or a second server"
        )
    stored = sum(fact.storage_gib for fact in databases)
    if stored > portfolio.platform.database.storage_gib:
        yield (
            f"platform/database: tenants are expected to store {stored} GiB, the server starts with "
            f"{portfolio.platform.database.storage_gib} GiB"
        )


def _pinned_version(portfolio: Portfolio) -> Iterator[str]:
    version = portfolio.platform.database.engine_version
    major, minor, _ = version.partition(".")
    if minor:
        yield (
            f"platform/database: engine_version {version} is a minor version, which AWS upgrades only when "
            f'it must: write "{major}" to get newer ones in the maintenance window'
        )


def _crowded_cache(catalog: Catalog, portfolio: Portfolio, plan: Plan) -> Iterator[str]:
    name = portfolio.platform.cache.cache_class
    room = catalog.classes.cache_classes[name].memory_mib
    wanted = sum(
        fact.memory_mib
        for tenant in plan.tenants
        for fact in facts_of(tenant.facts, CacheSpace)
        if fact.group == CACHE
    )
    if wanted > room:
        yield (
            f"platform/cache: tenants are promised {wanted} MiB of sessions, a node of cache_class {name} "
            f"has {room} MiB"
        )


def _cache_logins(plan: Plan) -> Iterator[str]:
    (shared,) = facts_of(plan.platform, CacheGroup)
    spaces = [space for tenant in plan.tenants for space in facts_of(tenant.facts, CacheSpace)]
    ours = 1 + len(facts_of(plan.platform, RedisExporter))
    if (count := sum(space.user is not None for space in spaces)) > _USERS - ours:
        yield (
            f"platform/cache: {count} tenants have a user in the shared cache, AWS lets a user group have "
            f"{_USERS} with {ours} of our own: ask AWS for a higher quota (users per user group), or split "
            "the portfolio"
        )
    if shared.replaced_number is not None:
        yield (
            "platform/cache: the token that all tenants had still opens the shared cache: once all pods have "
            "their users, end it with `costack rotate platform --next --stack NAME`"
        )


def _crowded_nodes(plan: Plan) -> Iterator[str]:
    running = (fact for fact in plan.all_facts() if isinstance(fact, Workload | PlatformPart))
    # What runs in a second region's cluster takes none of these nodes.
    everywhere = [pod for pod in running if not pod.is_part]
    shared = [pod for pod in everywhere if pod.nodes is None]
    # Without groups another portfolio counts the nodes, and knows their room.
    if groups := facts_of(plan.platform, NodeGroup):
        yield from _short_of_nodes("platform", groups, shared)
    for tenant in plan.tenants:
        if own := facts_of(tenant.facts, NodeGroup):
            pods = [pod for pod in everywhere if pod.tenant == tenant.tenant]
            yield from _short_of_nodes(tenant.tenant, own, pods)


def _short_of_nodes(
    owner: str, groups: list[NodeGroup], pods: list[Workload | PlatformPart]
) -> Iterator[str]:
    for what, room, wanted in (
        (
            "millicores",
            sum(group.nodes * group.allocatable_cpu_millicores for group in groups),
            sum(pod.replicas * pod.compute.cpu_request_millicores for pod in pods),
        ),
        (
            "MiB",
            sum(group.nodes * group.allocatable_memory_mib for group in groups),
            sum(pod.replicas * pod.compute.memory_request_mib for pod in pods),
        ),
    ):
        if wanted > room:
            yield f"{owner}: pods request {wanted} {what}, the node groups have {room}; add nodes"


def _crowded_interfaces(catalog: Catalog, plan: Plan) -> Iterator[str]:
    """Pods with a security group wait for a node that has an interface for them."""
    grouped = [tenant for tenant in plan.tenants if facts_of(tenant.facts, PodGroup)]
    own = [tenant for tenant in grouped if facts_of(tenant.facts, NodeGroup)]
    shared = [tenant for tenant in grouped if tenant not in own]
    for owner, groups, tenants in (
        ("platform", facts_of(plan.platform, NodeGroup), shared),
        *((tenant.tenant, facts_of(tenant.facts, NodeGroup), [tenant]) for tenant in own),
    ):
        wanted = sum(interfaces_of(tenant) for tenant in tenants)
        room = sum(
            group.nodes * catalog.classes.node_classes[group.instance_type].branch_interfaces
            for group in groups
        )
        if groups and wanted > room:
            yield (
                f"{owner}: pods with a security group take {wanted} branch interfaces, the node groups have "
                f"{room}; add nodes, or take a class that has more"
            )


def interfaces_of(tenant: TenantPlan) -> int:
    """The most of its pods at once: all that load may start, one more in a rollout, and a job."""
    pods = facts_of(tenant.facts, Workload)
    measured = len(facts_of(tenant.facts, UsageExporter))
    return sum(max(pod.replicas, pod.max_replicas) for pod in pods) + measured + 2


def _ended_controller(portfolio: Portfolio) -> Iterator[str]:
    """Nobody mends ingress-nginx any longer (kubernetes.io, "Ingress NGINX Retirement", 2025-11-11)."""
    if portfolio.platform.ingress.controller is ControllerKind.INGRESS_NGINX:
        yield (
            "platform/ingress: ingress-nginx ended in March 2026, and nobody mends what is found in it; take "
            "another ingress controller (ingress.controller)"
        )


def _way_in(catalog: Catalog, plan: Plan) -> Iterator[str]:
    """Nobody reaches two zones through one."""
    promises = catalog.classes.resilience_classes
    tenants = [each.tenant for each in plan.tenants if promises[each.resilience_class].multi_az]
    if not tenants:
        return
    more = f" and {len(tenants) - _NAMED} more" if len(tenants) > _NAMED else ""
    who = f"{', '.join(tenants[:_NAMED])}{more}: promised to outlive a zone, and"
    for way in facts_of(plan.platform, LoadBalancer):
        pods, zones = way.ingress_replicas, way.ingress_zones
        if pods is None or zones is None:
            yield (
                f"platform/ingress: {who} nobody says whether the ingress controller does; write how many "
                "pods it has and in how many zones (ingress.replicas, ingress.zones)"
            )
        elif zones < _TWO:  # and so with one pod
            yield (
                f"platform/ingress: {who} everybody reaches them through {pods} pod{'s' * (pods > 1)} of the "
                "ingress controller in one zone; run it in two (ingress.replicas, ingress.zones)"
            )
        if way.public_addresses < _TWO:
            yield (
                f"platform/ingress: {who} the load balancer has one public address, which is in one zone; "
                "give it one in each of two (ingress.public_addresses)"
            )


def _untested(tenant: TenantPlan) -> Iterator[str]:
    """Dumps that ought to be restored and that no schedule restores, because there is no room for it."""
    due = any(fact.restore_test_age_days for fact in facts_of(tenant.facts, LogicalBackup))
    tested = any(fact.restore_test for fact in facts_of(tenant.facts, ScheduledJob))
    if due and not tested and tenant.lifecycle_stage is not LifecycleStage.DECOMMISSIONING:
        yield (
            f"{tenant.tenant}: its dumps are not tested by themselves, because a restore takes more than a "
            "node's disk has; name a StorageClass of the cluster for its volumes in platform.yaml "
            "(restore_tests.storage_class)"
        )


def _over_provisioned(catalog: Catalog, tenant: Tenant) -> Iterator[str]:
    tier = catalog.tiers[tenant.tier]
    promise = promised(tier, tenant)
    if tenant.environment is not Environment.PRODUCTION or RANKS[promise] >= RANKS[tier.resilience_class]:
        return
    for cheaper in cheaper_tiers(tier, tenant, catalog)[:1]:
        fees = [each.offers[tenant.environment].fee_per_month for each in (tier, cheaper)]
        yield (
            f"{tenant.tenant}: its promise is {promise}, {tier.tier} gives {tier.resilience_class}; "
            f"{cheaper.tier} honours the promise for {fees[0] - fees[1]} {tier.currency} a month less"
        )


def _beyond_fair_use(catalog: Catalog, tenant: Tenant) -> Iterator[str]:
    offer = catalog.tiers[tenant.tier].offers[tenant.environment]
    fair, prices = offer.fair_use, offer.overage_prices if tenant.options.overage else None
    for name in ("users", "database_gib", "filestore_gib"):
        value, bound = getattr(tenant.options, name), getattr(fair, name)
        sold = prices is not None and getattr(prices, name) is not None
        if value is not None and value > bound and not sold:
            limit = f"the fair use of {tenant.tier}, which is {bound}"
            yield f"{tenant.tenant}: options.{name} {value} is beyond {limit}"

"""Adds capacity: as many nodes and as much storage as the tenants of a portfolio request."""

from __future__ import annotations

from tiers.catalog.tier import Catalog
from tiers.facts.compute import NodeGroup, Workload
from tiers.facts.data import TenantDatabase
from tiers.facts.monitoring import LogShipper, PlatformPart
from tiers.facts.names import DATABASE
from tiers.plan.plan import Plan, facts_of
from tiers.plan.resolve import Resolver
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Portfolio
from tiers.portfolio.what_if import AssumedPortfolio


def add_capacity(
    catalog: Catalog, portfolio: Portfolio, resolver: Resolver | None = None
) -> AssumedPortfolio:
    """*portfolio* with nodes added to its first group until pods fit, and storage until databases do.

    Where everything fits it is the same one; neither is ever reduced. The requests of platform pods and of
    tenants without their own nodes count; every node of a group has the same capacity.
    """
    plan = (resolver or Resolver(catalog, portfolio.platform)).plan(portfolio)
    platform = portfolio.platform
    notes: list[str] = []
    if more := _missing_nodes(plan):
        platform = _with_nodes(platform, more)
        group = platform.cluster.node_groups[0]
        notes.append(
            f"pods need {more} more nodes of {group.name} ({group.node_class}), {group.nodes} in all"
        )
    stored = sum(
        fact.storage_gib
        for tenant in plan.tenants
        for fact in facts_of(tenant.facts, TenantDatabase)
        if fact.server == DATABASE
    )
    if stored > platform.database.storage_gib:
        platform = _with_storage(platform, stored)
        notes.append(f"databases need {stored} GiB: the shared server grows to that size")
    if not notes:
        return AssumedPortfolio(portfolio)
    return AssumedPortfolio(Portfolio(platform=platform, tenants=portfolio.tenants), tuple(notes))


def _missing_nodes(plan: Plan) -> int:
    groups = facts_of(plan.platform, NodeGroup)
    if not groups:  # another portfolio counts the nodes of this cluster
        return 0
    lasting = [fact for fact in plan.all_facts() if isinstance(fact, Workload | PlatformPart)]
    # What runs in a second region's cluster takes none of these nodes.
    pods = [fact for fact in lasting if fact.nodes is None and not fact.is_part]
    first = groups[0]
    # Each node that is added runs one more of these.
    everywhere = [fact.compute for fact in facts_of(plan.platform, LogShipper)]
    missing = 0
    for one, room, wanted in (
        (
            first.allocatable_cpu_millicores - sum(each.cpu_request_millicores for each in everywhere),
            sum(group.nodes * group.allocatable_cpu_millicores for group in groups),
            sum(pod.replicas * pod.compute.cpu_request_millicores for pod in pods),
        ),
        (
            first.allocatable_memory_mib - sum(each.memory_request_mib for each in everywhere),
            sum(group.nodes * group.allocatable_memory_mib for group in groups),
            sum(pod.replicas * pod.compute.memory_request_mib for pod in pods),
        ),
    ):
        missing = max(missing, -(-(wanted - room) // one))
    return missing


def _with_nodes(platform: Platform, more: int) -> Platform:
    first, *others = platform.cluster.node_groups
    grown = first.model_copy(update={"nodes": first.nodes + more})
    cluster = platform.cluster.model_copy(update={"node_groups": (grown, *others)})
    return platform.model_copy(update={"cluster": cluster})


def _with_storage(platform: Platform, storage_gib: int) -> Platform:
    database = platform.database
    most = max(database.max_storage_gib, storage_gib)
    grown = database.model_copy(update={"storage_gib": storage_gib, "max_storage_gib": most})
    return platform.model_copy(update={"database": grown})

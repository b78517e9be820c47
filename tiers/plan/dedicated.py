"""A tenant's own resources: a namespace with its quota, a PostgreSQL server, a session cache or a user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.catalog.classes import Classes, DedicatedNodes
from tiers.catalog.tier import Offer, OwnCache, OwnDatabase
from tiers.facts.compute import Namespace, NamespaceQuota, NodeGroup
from tiers.facts.data import (
    KEY_DELETION_WINDOW_DAYS,
    CacheGroup,
    CacheSpace,
    DatabaseInstance,
    Key,
    ManagedSecret,
)
from tiers.facts.every_fact import Fact, Job, LogGroup, PlatformPart, PodGroup, ScheduledJob, Workload
from tiers.facts.names import CACHE
from tiers.naming import CACHE_NAME_LIMIT, physical_name
from tiers.plan.namespaces.quota import job_pods, largest, most_web_pods, resized, room_of, web_pods
from tiers.plan.namespaces.shared import routed
from tiers.plan.owner import (
    about,
    is_protected,
    own_cache_group,
    own_node_group,
    own_server,
    token_fields,
)
from tiers.plan.postgresql.jobs import own_server_jobs
from tiers.portfolio.platform import Platform
from tiers.portfolio.postgresql.versions import own_version
from tiers.portfolio.rotation import NEVER
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory

_LASTING: Final = ("cron", "web")
"""The workloads of every tenant."""


def own_nodes(classes: Classes, tenant: Tenant, wanted: DedicatedNodes) -> Iterator[Fact]:
    """Worker nodes for one tenant's pods only."""
    room = classes.node_classes[wanted.node_class]
    yield NodeGroup(
        **about(tenant, "nodes", CostCategory.COMPUTE),
        instance_type=wanted.node_class,
        nodes=wanted.nodes,
        allocatable_cpu_millicores=room.allocatable_cpu_millicores,
        allocatable_memory_mib=room.allocatable_memory_mib,
        volume_gib=wanted.volume_gib,
    )


def on_own_nodes(fact: Fact, tenant: Tenant) -> Fact:
    """*fact* of a tenant with nodes of its own: if it has pods, they run there."""
    if not isinstance(fact, Workload | Job | ScheduledJob | PlatformPart):
        return fact
    return fact.model_copy(update={"nodes": own_node_group(tenant)})


def own_key(tenant: Tenant) -> Iterator[Fact]:
    """The key of everything a tenant does not share.

    It exists from the first day, in every class of controls: another key would replace what it
    encrypts.
    """
    yield Key(**about(tenant, "key", CostCategory.SECURITY), deletion_window_days=KEY_DELETION_WINDOW_DAYS)


def own_database(
    classes: Classes,
    platform: Platform,
    tenant: Tenant,
    offer: OwnDatabase,
    *,
    audited: bool,
    log_days: int,
    backup_gib: int,
    may_have_replica: bool,
) -> Iterator[Fact]:
    """The server, its log and its master user's secret; version and window are the platform's.

    *backup_gib* is the expected size of its automated backups. *may_have_replica* is the tier's, whether a
    standby is bought or not: so buying one, and giving it up, changes nothing of the server.
    """
    size = classes.database_classes[offer.database_class]
    window = tenant.options.maintenance_window or platform.database.maintenance_window
    yield DatabaseInstance(
        **about(tenant, "server", CostCategory.COMPUTE),
        instance_class=size.instance_class,
        engine_version=own_version(platform.database, tenant),
        upgrade=tenant.database_upgrade,
        multi_az=offer.multi_az,
        storage_gib=offer.storage_gib,
        max_storage_gib=offer.max_storage_gib,
        backup_retention_days=offer.backup_retention_days,
        maintenance_window=window,
        backup_window=platform.database.backup_window,
        deletion_protection=is_protected(platform, tenant),
        performance_insights=size.performance_insights,
        audited=audited,
        vcpus=size.vcpus,
        backup_gib=backup_gib,
        may_have_replica=may_have_replica,
        master_number=(tenant.rotation or NEVER).ended if may_have_replica else 0,
    )
    yield LogGroup(
        **about(tenant, "server-logs", CostCategory.STORAGE),
        ingest_gib_per_month=size.log_gib_per_month,
        retention_days=log_days,
    )
    yield ManagedSecret(**about(tenant, "server-secret", CostCategory.SECURITY), owner=own_server(tenant))
    yield from own_server_jobs(platform, tenant)


def own_cache(classes: Classes, platform: Platform, tenant: Tenant, offer: OwnCache) -> Iterator[Fact]:
    """The replication group; engine and version are the platform's."""
    size = classes.cache_classes[offer.cache_class]
    yield CacheGroup(
        **about(tenant, "cache", CostCategory.COMPUTE),
        engine=platform.cache.engine,
        engine_version=platform.cache.engine_version,
        node_type=size.node_type,
        nodes=offer.nodes,
        multi_az=offer.multi_az,
        snapshot_retention_days=offer.snapshot_retention_days,
        maintenance_window=tenant.options.maintenance_window or platform.cache.maintenance_window,
        memory_mib=size.memory_mib,
        **token_fields(tenant.rotation),
    )


def session_space(platform: Platform, tenant: Tenant, offer: Offer) -> CacheSpace:
    """Where its sessions are: in its own cache, or in the shared one, where it has a user of its own.

    Nobody else's pods reach a cache of its own with its token, so there it needs no user.
    """
    own = isinstance(offer.cache, OwnCache)
    token = tenant.rotation if own else platform.cache.rotation
    return CacheSpace(
        **about(tenant, "sessions", CostCategory.COMPUTE),
        group=own_cache_group(tenant) if own else CACHE,
        prefix=tenant.tenant,
        memory_mib=offer.session_cache_mib,
        rotation_number=token.used if token else 0,
        user=None if own else physical_name(platform.portfolio, tenant.tenant, limit=CACHE_NAME_LIMIT),
    )


def own_pod_group(
    platform: Platform, tenant: Tenant, offer: Offer, namespace: str, operations: str
) -> Iterator[Fact]:
    """The security group of its pods, for a server or cache of its own where the cluster has such groups."""
    own = isinstance(offer.database, OwnDatabase) or isinstance(offer.cache, OwnCache)
    if own and platform.cluster.pod_security_groups:
        yield PodGroup(
            **about(tenant, "pod-group", CostCategory.NETWORK),
            namespace=namespace,
            operations=operations,
            lasting=_LASTING,
        )


def own_namespace(
    classes: Classes, platform: Platform, tenant: Tenant, offer: Offer, namespace: str
) -> Iterator[Fact]:
    """The namespace, and a quota for the worst moment of a rollout and the volumes of a restore test."""
    yield Namespace(
        **about(tenant, "namespace", CostCategory.COMPUTE),
        namespace=namespace,
        pod_security_version=platform.cluster.version,
        dns_peers=platform.cluster.dns_peers,
        **routed(platform),
    )
    size = classes.workload_classes[offer.workload_class]
    counted = [
        (web_pods(size.web.replicas, size.web.max_replicas), size.web),
        (size.cron.replicas, size.cron),
        job_pods(size.job, tested=offer.backup_class is not None),
    ]
    if platform.parts and platform.parts.usage_exporter:
        counted.append((1, platform.parts.usage_exporter))
    room = room_of(counted, offer.database_gib, offer.filestore_gib)
    most = most_web_pods(size.web.replicas, size.web.max_replicas)
    room = room.plus(resized(classes, most, size.web))
    yield NamespaceQuota(
        **about(tenant, "quota", CostCategory.COMPUTE),
        namespace=namespace,
        **room._asdict(),
        largest_pod=largest(pod for count, pod in counted if count),
    )

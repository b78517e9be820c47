"""The shared platform as facts: some are created here, some are adopted with the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

from tiers.catalog.tier import Catalog
from tiers.facts.data import KEY_DELETION_WINDOW_DAYS
from tiers.facts.every_fact import (
    Bucket,
    CacheGroup,
    ClusterControlPlane,
    DatabaseInstance,
    Fact,
    FactRecord,
    FileShare,
    FileSystem,
    FileSystemBackup,
    Key,
    LoadBalancer,
    LogGroup,
    LogicalBackup,
    ManagedSecret,
    Metrics,
    NatGateway,
    Network,
    NodeGroup,
    Origin,
    Route,
    TenantDatabase,
    Workload,
)
from tiers.facts.names import (
    BACKUP_BUCKET,
    DATABASE,
    FILE_SYSTEM,
)
from tiers.facts.network import NODES_FROM, subnet_ranges
from tiers.plan.backups.archive import together
from tiers.plan.expected_usage import automated_backups_gib
from tiers.plan.monitoring import dashboard_facts
from tiers.plan.namespaces.shared import namespace_facts
from tiers.plan.owner import about_platform
from tiers.plan.parts.ingress import ingress_facts
from tiers.plan.parts.logs import log_facts
from tiers.plan.parts.shared import part_facts
from tiers.plan.postgresql.jobs import shared_server_jobs
from tiers.plan.security.facts import platform_security
from tiers.portfolio.platform import Platform
from tiers.portfolio.postgresql.versions import shared_version
from tiers.vocabulary import CostCategory

Kind = TypeVar("Kind", bound=FactRecord)
# One tenant's query may take this part of the shared server's disk for itself. An index is built in temporary
# files too, so it must stay above the largest index of a database that the shared server is meant for.
_TEMPORARY_PART: Final = 10


def platform_facts(catalog: Catalog, platform: Platform, tenants: Sequence[Sequence[Fact]]) -> Iterator[Fact]:
    """All facts of the platform; usage-billed ones are as large as *tenants* together need."""
    yield from _network(platform)
    yield from _data_services(catalog, platform, tenants)
    yield from shared_server_jobs(platform)
    yield from _backups(platform, tenants)
    yield from namespace_facts(catalog, platform, tenants)
    yield from _cluster(catalog, platform)
    yield from _adopted_services(platform)
    yield from platform_security(platform)
    yield from dashboard_facts(platform)
    yield from part_facts(platform)
    yield from log_facts(platform)
    yield from ingress_facts(platform, {route.namespace for route in _all(tenants, Route)})


def _network(platform: Platform) -> Iterator[Fact]:
    network = platform.network
    # The security group is created here even in an adopted network.
    yield Network(
        **about_platform(platform, "network", CostCategory.NETWORK),
        zones=network.zones,
        client_cidrs=(*network.client_cidrs, *_own_nodes(platform)),
        cidr=network.cidr,
        vpc_id=network.vpc_id,
        subnet_ids=network.subnet_ids,
        subnet_cidrs=network.subnet_cidrs,
    )


def _own_nodes(platform: Platform) -> list[str]:
    """The node network of a created cluster."""
    if platform.cluster.created is None:
        return []
    return subnet_ranges(platform.network.cidr, len(platform.network.zones), NODES_FROM)


def _data_services(catalog: Catalog, platform: Platform, tenants: Sequence[Sequence[Fact]]) -> Iterator[Fact]:
    database, size = platform.database, catalog.classes.database_classes[platform.database.database_class]
    yield Key(
        **about_platform(platform, "key", CostCategory.SECURITY),
        deletion_window_days=KEY_DELETION_WINDOW_DAYS,
    )
    yield DatabaseInstance(
        **about_platform(platform, "database", CostCategory.COMPUTE),
        instance_class=size.instance_class,
        engine_version=shared_version(database),
        upgrade=database.upgrade,
        multi_az=database.multi_az,
        storage_gib=database.storage_gib,
        max_storage_gib=database.max_storage_gib,
        backup_retention_days=database.backup_retention_days,
        maintenance_window=database.maintenance_window,
        backup_window=database.backup_window,
        deletion_protection=platform.deletion_protection,
        performance_insights=size.performance_insights,
        temp_file_limit_gib=max(database.storage_gib // _TEMPORARY_PART, 1),
        vcpus=size.vcpus,
        backup_gib=_shared_backups_gib(tenants, database.backup_retention_days),
    )
    yield LogGroup(
        **about_platform(platform, "database-logs", CostCategory.STORAGE),
        ingest_gib_per_month=size.log_gib_per_month,
        retention_days=platform.observability.log_retention_days,
    )
    yield ManagedSecret(**about_platform(platform, "database-secret", CostCategory.SECURITY), owner=DATABASE)
    yield _cache(catalog, platform)
    files = list(_shared_files(tenants))
    yield FileSystem(
        **about_platform(platform, "file-system", CostCategory.STORAGE),
        storage_gib=sum(share.storage_gib for share in files),
        throughput_mode=platform.file_system.throughput_mode,
        deletion_protection=platform.deletion_protection,
        read_gib_per_month=sum(share.read_gib_per_month for share in files),
        write_gib_per_month=sum(share.write_gib_per_month for share in files),
    )


def _cache(catalog: Catalog, platform: Platform) -> CacheGroup:
    cache, size = platform.cache, catalog.classes.cache_classes[platform.cache.cache_class]
    return CacheGroup(
        **about_platform(platform, "cache", CostCategory.COMPUTE),
        engine=cache.engine,
        engine_version=cache.engine_version,
        node_type=size.node_type,
        nodes=cache.nodes,
        multi_az=cache.multi_az,
        snapshot_retention_days=cache.snapshot_retention_days,
        maintenance_window=cache.maintenance_window,
        memory_mib=size.memory_mib,
        users=True,
        rotation_number=cache.rotation.used if cache.rotation else 0,
        replaced_number=cache.rotation.replaced if cache.rotation else None,
    )


def _backups(platform: Platform, tenants: Sequence[Sequence[Fact]]) -> Iterator[Fact]:
    dumps = [fact for fact in _all(tenants, LogicalBackup) if fact.bucket == BACKUP_BUCKET]
    archive = together(dump.archive for dump in dumps)
    yield Bucket(
        **about_platform(platform, "backup-bucket", CostCategory.RESILIENCE),
        storage_gib=sum(dump.storage_gib for dump in dumps) - (archive.stored_gib if archive else 0),
        archive=archive,
        noncurrent_days=platform.backup_bucket.noncurrent_days,
        expire_after_days=platform.backup_bucket.expire_after_days,
        deletion_protection=platform.deletion_protection,
        put_requests_per_month=sum(dump.put_requests_per_month for dump in dumps),
    )
    yield FileSystemBackup(
        **about_platform(platform, "file-system-backup", CostCategory.RESILIENCE),
        file_system=FILE_SYSTEM,
        schedule=platform.file_system.backup_schedule,
        retention_days=platform.file_system.backup_retention_days,
        storage_gib=sum(share.storage_gib for share in _shared_files(tenants)),
    )


def _cluster(catalog: Catalog, platform: Platform) -> Iterator[Fact]:
    cluster, created = platform.cluster, platform.cluster.created
    about = about_platform if created else _adopted
    yield ClusterControlPlane(
        **about(platform, "control-plane", CostCategory.COMPUTE),
        cluster=cluster.name,
        version=cluster.version,
        ingress_namespace=cluster.ingress_namespace,
        node_role_arn=cluster.node_role_arn,
        node_subnet_ids=cluster.node_subnet_ids,
        admin_cidrs=created.admin_cidrs if created else (),
        log_retention_days=created.log_retention_days if created else 0,
        addons=created.addons if created else {},
        counted=cluster.counted_in is None,
        pod_security_groups=cluster.pod_security_groups,
        security_group_id=cluster.security_group_id,
        secret_store=cluster.secret_store,
    )
    for group in cluster.node_groups:
        room = catalog.classes.node_classes[group.node_class]
        yield NodeGroup(
            **about(platform, f"nodes-{group.name}", CostCategory.COMPUTE),
            instance_type=group.node_class,
            nodes=group.nodes,
            allocatable_cpu_millicores=room.allocatable_cpu_millicores,
            allocatable_memory_mib=room.allocatable_memory_mib,
            volume_gib=group.volume_gib,
        )
    for service in platform.services:
        yield Workload(
            **_adopted(platform, f"service-{service.name}", CostCategory.COMPUTE),
            namespace=service.name,
            replicas=service.replicas,
            compute=service.alone(),
        )


def _adopted_services(platform: Platform) -> Iterator[Fact]:
    ingress, observability = platform.ingress, platform.observability
    yield LoadBalancer(
        **_adopted(platform, "load-balancer", CostCategory.NETWORK),
        public_addresses=ingress.public_addresses,
        capacity_units=ingress.capacity_units,
        ingress_replicas=ingress.replicas,
        ingress_zones=ingress.zones,
    )
    about = about_platform if platform.cluster.created else _adopted
    yield NatGateway(
        **about(platform, "nat", CostCategory.NETWORK),
        gateways=ingress.nat_gateways,
        data_gib_per_month=ingress.nat_data_gib_per_month,
    )
    yield LogGroup(
        **_adopted(platform, "logs", CostCategory.STORAGE),
        ingest_gib_per_month=observability.log_gib_per_month,
        retention_days=observability.log_retention_days,
    )
    yield Metrics(
        **_adopted(platform, "metrics", CostCategory.STORAGE),
        samples_per_month=observability.metric_samples_per_month,
    )


def _shared_files(tenants: Sequence[Sequence[Fact]]) -> Iterator[FileShare]:
    for share in _all(tenants, FileShare):
        if share.mounted and share.file_system == FILE_SYSTEM:
            yield share


def _shared_backups_gib(tenants: Sequence[Sequence[Fact]], retention_days: int) -> int:
    databases = [fact for fact in _all(tenants, TenantDatabase) if fact.server == DATABASE]
    return automated_backups_gib(
        sum(database.storage_gib for database in databases),
        sum(database.changed_mib_per_day for database in databases),
        retention_days,
    )


def _all(tenants: Sequence[Sequence[Fact]], kind: type[Kind]) -> Iterator[Kind]:
    return (fact for facts in tenants for fact in facts if isinstance(fact, kind))


def _adopted(platform: Platform, name: str, category: CostCategory) -> dict[str, Any]:
    return about_platform(platform, name, category) | {"origin": Origin.ADOPTED}

"""One tenant as facts: its tier's offer and its own options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.catalog.classes import PodClass, WorkloadClass
from tiers.catalog.tier import Catalog, Offer, OwnCache, OwnDatabase, OwnFileSystem
from tiers.facts.every_fact import (
    Egress,
    Fact,
    FactId,
    FileShare,
    Labour,
    LogGroup,
    OdooProcess,
    TenantDatabase,
    Workload,
)
from tiers.facts.names import DATABASE, FILE_SYSTEM
from tiers.plan.backups.dumps import backup_facts
from tiers.plan.backups.rehearsals import rehearsals
from tiers.plan.decommission import decommission_facts
from tiers.plan.dedicated import (
    on_own_nodes,
    own_cache,
    own_database,
    own_key,
    own_namespace,
    own_nodes,
    own_pod_group,
    session_space,
)
from tiers.plan.expected_usage import (
    automated_backups_gib,
    changed_mib_per_day,
)
from tiers.plan.monitoring import exporter_connections, watching_facts
from tiers.plan.namespaces.priority import with_priority
from tiers.plan.namespaces.shared import operations_namespace, shared_namespace
from tiers.plan.namespaces.spread import with_spread
from tiers.plan.owner import about, own_server
from tiers.plan.routes.cdn import cdn_facts, traffic_of
from tiers.plan.routes.route import record_facts, route_fact
from tiers.plan.second_region import (
    own_file_system,
    own_files,
    region_copies,
    warm_standby,
)
from tiers.plan.security.facts import tenant_security
from tiers.plan.services.facts import service_labour, with_services
from tiers.plan.sleep import sleep_facts, with_awake_minutes
from tiers.plan.versions.jobs import module_update, odoo_jobs
from tiers.portfolio.controls import log_retention_days, measures_of
from tiers.portfolio.platform import Platform
from tiers.portfolio.postgresql.versions import has_standby
from tiers.portfolio.tenant import Tenant
from tiers.portfolio.versions.chosen import image_of
from tiers.portfolio.versions.image import OdooImage
from tiers.vocabulary import CostCategory, Environment, Isolation, LifecycleStage

# Odoo's pool is per process. A preforked worker serves one request at a time and rarely holds more than
# a few connections; the threaded server is one process for all users.
_CONNECTIONS_PREFORKED: Final = 8
_CONNECTIONS_THREADED: Final = 32
_CONNECTIONS_OF_JOBS: Final = 4  # a backup holds two, the set-up job and the gate of a copy one each
_CONNECTIONS_EVENTED: Final = 16  # 80 browsers are back within seconds (docs/odoo-versions.md)


def tenant_facts(catalog: Catalog, platform: Platform, tenant: Tenant) -> Iterator[Fact]:
    """All facts of *tenant*, in the order they are declared."""
    nodes = measures_of(catalog.classes, catalog.tiers[tenant.tier], tenant).dedicated_nodes
    if nodes:
        yield from own_nodes(catalog.classes, tenant, nodes)
    for made in _facts(catalog, platform, tenant):
        fact = with_spread(catalog, platform, tenant, with_awake_minutes(made, tenant))
        yield with_priority(platform, tenant, on_own_nodes(fact, tenant) if nodes else fact)


def _facts(catalog: Catalog, platform: Platform, tenant: Tenant) -> Iterator[Fact]:
    tier = catalog.tiers[tenant.tier]
    measures = measures_of(catalog.classes, tier, tenant)
    offer = _chosen(tier.offers[tenant.environment], tenant)
    offer = with_services(offer, catalog, tenant)
    offer = offer.model_copy(update={"log_retention_days": log_retention_days(offer, measures)})
    size = catalog.classes.workload_classes[offer.workload_class]
    own = tier.isolation is Isolation.OWN
    shared = shared_namespace(platform, tenant.environment)
    namespace = platform.cluster.namespace(f"odoo-{tenant.tenant}") if own else shared
    if own:
        yield from own_namespace(catalog.classes, platform, tenant, offer, namespace)
    yield from _dedicated(catalog, platform, tenant, offer, audited=measures.audited)
    yield from own_pod_group(platform, tenant, offer, namespace, operations_namespace(platform))
    yield from _storage(platform, tenant, offer, size, namespace)
    yield from _runtime(platform, tenant, size, namespace)
    yield from _network(platform, tenant, size, namespace, open_internet=measures.open_internet)
    yield traffic_of(tenant, offer.expected_use)
    yield from backup_facts(catalog, platform, tenant, offer, namespace)
    yield from sleep_facts(platform, tenant, offer, size, namespace)
    yield from decommission_facts(platform, tenant, offer, size, namespace)
    yield from watching_facts(catalog, platform, tenant, offer, namespace)
    yield LogGroup(
        **about(tenant, "logs", CostCategory.STORAGE),
        ingest_gib_per_month=offer.log_gib_per_month,
        retention_days=offer.log_retention_days,
    )
    if offer.support_hours_per_month:
        yield Labour(
            **about(tenant, "support", CostCategory.SUPPORT),
            activity="support",
            hours_per_month=offer.support_hours_per_month,
        )
    yield from tenant_security(tenant, measures)
    yield from service_labour(catalog, tenant)


def _dedicated(
    catalog: Catalog, platform: Platform, tenant: Tenant, offer: Offer, *, audited: bool
) -> Iterator[Fact]:
    own = (OwnDatabase, OwnCache, OwnFileSystem)
    if any(isinstance(placed, own) for placed in (offer.database, offer.cache, offer.file_system)):
        yield from own_key(tenant)
    if isinstance(offer.database, OwnDatabase):
        yield from own_database(
            catalog.classes,
            platform,
            tenant,
            offer.database,
            audited=audited,
            log_days=offer.log_retention_days,
            backup_gib=automated_backups_gib(
                offer.database_gib, changed_mib_per_day(offer), offer.database.backup_retention_days
            ),
            may_have_replica=offer.standby_fee_per_month is not None,
        )
    if isinstance(offer.cache, OwnCache):
        yield from own_cache(catalog.classes, platform, tenant, offer.cache)
    if isinstance(offer.file_system, OwnFileSystem):
        yield from own_files(platform, tenant, offer, offer.file_system)
    if offer.region_copies and offer.backup_class:
        backup = catalog.classes.backup_classes[offer.backup_class]
        yield from region_copies(platform, tenant, offer, offer.region_copies, backup)
        yield from rehearsals(catalog, platform, tenant)
        if has_standby(tenant):
            copies = offer.region_copies
            yield from warm_standby(catalog.classes, platform, tenant, offer, copies, audited=audited)


def _storage(
    platform: Platform, tenant: Tenant, offer: Offer, size: WorkloadClass, namespace: str
) -> Iterator[Fact]:
    per_process = _CONNECTIONS_PREFORKED if size.web.workers else _CONNECTIONS_THREADED
    yield TenantDatabase(
        **about(tenant, "database", CostCategory.STORAGE),
        server=own_server(tenant) if isinstance(offer.database, OwnDatabase) else DATABASE,
        database=f"odoo_{_identifier(tenant)}",
        role=f"t_{_identifier(tenant)}",
        connection_limit=_connection_ceiling(size, per_process) + exporter_connections(platform),
        connections_per_process=per_process,
        connections_evented=_CONNECTIONS_EVENTED if size.web.workers else 0,
        storage_gib=offer.database_gib,
        changed_mib_per_day=changed_mib_per_day(offer),
        reader_connections=tenant.options.reader_connections,
    )
    yield session_space(platform, tenant, offer)
    yield from _file_shares(platform, tenant, offer, namespace)


def _file_shares(platform: Platform, tenant: Tenant, offer: Offer, namespace: str) -> Iterator[Fact]:
    own = isinstance(offer.file_system, OwnFileSystem)
    prefixed = bool(platform.cluster.namespace_prefix)

    def share(name: str, file_system: FactId, *, mounted: bool) -> FileShare:
        return FileShare(
            **about(tenant, name, CostCategory.STORAGE),
            file_system=file_system,
            namespace=namespace,
            path=f"/tenants/{tenant.tenant}",
            owner_user=platform.images.odoo.run_as_user,
            owner_group=platform.images.odoo.run_as_group,
            storage_gib=offer.filestore_gib,
            mounted=mounted,
            volume=platform.cluster.namespace(f"{tenant.tenant}-{name}") if prefixed else "",
            read_gib_per_month=offer.expected_use.filestore_read_gib,
            write_gib_per_month=offer.expected_use.filestore_write_gib,
        )

    # The directory on the shared file system stays when a tenant moves to one of its own: a tier change
    # must remove nothing that may hold data.
    yield share("filestore", FILE_SYSTEM, mounted=not own)
    if own:
        yield share("own-filestore", own_file_system(tenant), mounted=True)


def _runtime(platform: Platform, tenant: Tenant, size: WorkloadClass, namespace: str) -> Iterator[Fact]:
    # A copy of production must be harmless before anything runs on it.
    harmless = tenant.environment is not Environment.PRODUCTION
    # A tenant that is decommissioned is stopped: the final backup is of a database at rest.
    closed = tenant.lifecycle_stage is LifecycleStage.DECOMMISSIONING

    update = module_update(platform, tenant, size)

    def workload(name: str, pods: PodClass, most: int, workers: int, threads: int) -> Workload:
        image = image_of(platform, tenant).model_dump(include=set(OdooImage.model_fields))
        return Workload(
            **about(tenant, name, CostCategory.COMPUTE),
            namespace=namespace,
            replicas=0 if closed else pods.replicas,
            max_replicas=0 if closed else most,
            compute=pods.alone(),
            odoo=OdooProcess(
                **image,
                web_workers=workers,
                cron_threads=threads,
                neutralised=harmless,
                update_number=update.number if update else 0,
            ),
        )

    yield from odoo_jobs(platform, tenant, size, namespace, harmless=harmless)
    yield workload("web", size.web, size.web.max_replicas, size.web.workers, 0)
    if size.cron.replicas:
        yield workload("cron", size.cron, 0, 0, size.cron.threads)


def _network(
    platform: Platform, tenant: Tenant, size: WorkloadClass, namespace: str, *, open_internet: bool
) -> Iterator[Fact]:
    yield from record_facts(platform, tenant)
    yield from cdn_facts(platform, tenant)
    yield route_fact(platform, tenant, namespace, preforks=bool(size.web.workers))
    # A copy of production must neither send its mail nor take its payments.
    production = tenant.environment is Environment.PRODUCTION
    yield Egress(
        **about(tenant, "egress", CostCategory.NETWORK),
        namespace=namespace,
        internet=production and open_internet,
        cidrs=tenant.options.egress_cidrs if production and not open_internet else (),
        mail_ports=tenant.options.mail_ports if production else (),
    )


def _chosen(offer: Offer, tenant: Tenant) -> Offer:
    """The offer with the sizes that this tenant chose instead of the offer's."""
    options = tenant.options
    chosen: dict[str, object] = {
        "workload_class": options.workload_class,
        "database_gib": options.database_gib,
        "filestore_gib": options.filestore_gib,
    }
    if isinstance(offer.database, OwnDatabase) and options.database_class:
        sized = {"database_class": options.database_class}
        chosen["database"] = offer.database.model_copy(update=sized)
    if isinstance(offer.cache, OwnCache) and options.cache_class:
        chosen["cache"] = offer.cache.model_copy(update={"cache_class": options.cache_class})
    return offer.model_copy(update={name: value for name, value in chosen.items() if value is not None})


def _connection_ceiling(size: WorkloadClass, per_process: int) -> int:
    # Workers and the websocket process hold a pool each, a cron thread one connection more for LISTEN,
    # and every tenant one LISTEN on the maintenance database.
    pod = size.web.workers * per_process + _CONNECTIONS_EVENTED if size.web.workers else per_process
    web = max(size.web.replicas, size.web.max_replicas) * pod
    cron = size.cron.replicas * size.cron.threads * (per_process + 1)
    return web + cron + 1 + _CONNECTIONS_OF_JOBS


def _identifier(tenant: Tenant) -> str:
    return tenant.tenant.replace("-", "_")

"""A tenant's own resources, as its facts have them; the others are the platform's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pulumi

from components.aws.cache import SessionCache
from components.aws.database import PostgresServer
from components.aws.keys import encryption_key
from components.aws.nodes import WorkerNodes
from components.aws.routes.cdn import StaticCdn
from components.kubernetes.database_administrator import DATABASE_ADMIN, tenants_administrator
from components.kubernetes.isolation import TenantQuota, TenantsNamespace
from components.naming import physical_name
from components.places import Administered, CachePlace, KeyPlace, PlatformPlace, ServerPlace
from components.tenant.access import Access, access_of
from components.tenant.restore.restored_server import servers_as_they_were
from tiers.facts.every_fact import (
    CacheGroup,
    CacheSpace,
    Cdn,
    DatabaseInstance,
    FactId,
    Job,
    Key,
    LogGroup,
    Namespace,
    NamespaceQuota,
    NodeGroup,
    PodGroup,
    Route,
    TenantDatabase,
)
from tiers.facts.names import CACHE, DATABASE
from tiers.plan.plan import TenantPlan, fact_named, facts_of


class Services(NamedTuple):
    """The namespace and the services of a tenant.

    `servers` are all servers with a database of it, two while it moves; it works on `server`.
    """

    namespace: pulumi.Input[pulumi.Resource]
    servers: Mapping[FactId, Administered]
    server: ServerPlace
    cache: CachePlace
    key: KeyPlace
    cloud_ids: dict[FactId, pulumi.Input[str]]
    storage_gib: dict[FactId, pulumi.Input[int]]
    access: Access
    masters: Mapping[FactId, pulumi.Output[str]]
    """The secret of the master user of each server whose password Costack makes, by the server's fact."""
    cdns: Sequence[pulumi.Resource] = ()
    """What must be there before pages name the CDN."""


def services_of(tenant: TenantPlan, platform: PlatformPlace, child: pulumi.ResourceOptions) -> Services:
    """Declare the own resources of *tenant*, and use the platform's for the rest.

    Logical names contain the tenant, never the tier: another tier finds a resource under the same name.
    """
    cloud_ids: dict[FactId, pulumi.Input[str]] = {}
    storage_gib: dict[FactId, pulumi.Input[int]] = {}
    masters: dict[FactId, pulumi.Output[str]] = {}
    namespaces = _namespaces(tenant, platform, child)
    key = _key(tenant, platform, child, cloud_ids)
    access = access_of(tenant, platform, namespaces, child)
    servers = {DATABASE: Administered(platform.server, platform.administrator, DATABASE_ADMIN)}
    for own in facts_of(tenant.facts, DatabaseInstance):
        label = physical_name(platform.name, tenant.tenant, "postgresql")
        logs = fact_named(tenant.facts, LogGroup, "server-logs")
        made = PostgresServer(label, own, logs=logs, network=access.network, key=key, opts=access.admitted)
        servers[own.id] = Administered(
            made.place,
            *tenants_administrator(tenant, platform, DATABASE_ADMIN, made.place, key, child, own.upgrade),
        )
        if made.master_secret is not None:
            masters[own.id] = made.master_secret
        cloud_ids[own.id] = made.place.arn
        cloud_ids[f"{own.id}-secret"] = made.place.master_secret_arn
        storage_gib[own.id] = made.place.storage_gib
        for fact, past in servers_as_they_were(
            tenant, platform, (own.id, made), key, access.admitted
        ).items():
            servers[fact], cloud_ids[fact] = past, past.server.arn
            cloud_ids[f"{fact}-secret"] = past.server.master_secret_arn
            storage_gib[fact] = past.server.storage_gib
    _own_nodes(tenant, platform, child)
    cdns = _cdns(tenant, child, cloud_ids)
    caches = {CACHE: platform.cache}
    for group in facts_of(tenant.facts, CacheGroup):
        label = physical_name(platform.name, tenant.tenant, "sessions")
        caches[group.id] = SessionCache(label, group, access.network, key, access.admitted).place
        cloud_ids[group.id] = caches[group.id].arn
    used = servers[fact_named(tenant.facts, TenantDatabase, "database").server].server
    cache = caches[fact_named(tenant.facts, CacheSpace, "sessions").group]
    namespace = namespaces[facts_of(tenant.facts, Route)[0].namespace]
    return Services(namespace, servers, used, cache, key, cloud_ids, storage_gib, access, masters, cdns)


def _key(
    tenant: TenantPlan,
    platform: PlatformPlace,
    child: pulumi.ResourceOptions,
    cloud_ids: dict[FactId, pulumi.Input[str]],
) -> KeyPlace:
    """The key of a tenant's own data; shared data is under the platform's key."""
    for fact in facts_of(tenant.facts, Key):
        if fact.region == tenant.region:
            name = physical_name(platform.name, tenant.tenant)
            alias = physical_name(name, "data")
            made = encryption_key(f"{name}-key", f"Data of tenant {tenant.tenant}", fact, child, alias=alias)
            cloud_ids[fact.id] = made.arn
            return made
    return platform.key


def _cdns(
    tenant: TenantPlan, child: pulumi.ResourceOptions, cloud_ids: dict[FactId, pulumi.Input[str]]
) -> list[pulumi.Resource]:
    """The CDN of *tenant*, with its records."""
    made: list[pulumi.Resource] = []
    for fact in facts_of(tenant.facts, Cdn):
        cdn = StaticCdn(tenant.tenant, fact, child)
        cloud_ids[fact.id] = cdn.distribution.arn
        made += [cdn.distribution, *cdn.records]
    return made


def _own_nodes(tenant: TenantPlan, platform: PlatformPlace, child: pulumi.ResourceOptions) -> None:
    for fact in facts_of(tenant.facts, NodeGroup):
        if platform.nodes is None:
            raise ValueError(
                f"{fact.id}: the cluster takes no node groups; the loader should have refused it"
            )
        WorkerNodes(
            physical_name(platform.name, tenant.tenant, "nodes"),
            fact,
            platform.nodes,
            tags=tenant.cost_tags().as_tags(),
            dedicated_to=tenant.tenant,
            opts=child,
        )


def _namespaces(
    tenant: TenantPlan, platform: PlatformPlace, child: pulumi.ResourceOptions
) -> Mapping[str, pulumi.Input[pulumi.Resource]]:
    """The namespaces in which it has pods: those of its own, and those that the platform has."""
    made: dict[str, pulumi.Input[pulumi.Resource]] = {}
    for own in facts_of(tenant.facts, Namespace):
        made[own.namespace] = namespace = TenantsNamespace(own.namespace, own, child)
        after = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[namespace]))
        for quota in facts_of(tenant.facts, NamespaceQuota):
            TenantQuota(physical_name(tenant.tenant, "quota"), quota, after)
    where = {fact_named(tenant.facts, Job, "database-setup").namespace}
    where |= {fact.namespace for fact in facts_of(tenant.facts, Route)}
    where |= {fact.namespace for fact in facts_of(tenant.facts, PodGroup)}
    return {name: platform.namespaces[name] for name in sorted(where - made.keys())} | made

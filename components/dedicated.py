"""What a tenant has to itself, where its facts say so; what they leave out is the platform's."""

from __future__ import annotations

from typing import NamedTuple

import pulumi
import pulumi_kubernetes as k8s

from components.administration import DATABASE_ADMIN, database_administrator
from components.cache import SessionCache
from components.database import PostgresServer
from components.isolation import TenantQuota, TenantsNamespace
from components.naming import physical_name
from components.places import CachePlace, PlatformPlace, ServerPlace
from tiers.facts import CacheGroup, DatabaseInstance, FactId, Namespace, NamespaceQuota, Route
from tiers.plan import TenantPlan, facts_of
from tiers.platform_facts import OPERATIONS_NAMESPACE


class Services(NamedTuple):
    """Where a tenant runs and what it runs on.

    `administrator` is the service account that may set up databases on `server`.
    """

    namespace: pulumi.Input[pulumi.Resource]
    server: ServerPlace
    administrator: pulumi.Input[pulumi.Resource]
    administrator_name: str
    cache: CachePlace
    cloud_ids: dict[FactId, pulumi.Input[str]]


def services_of(tenant: TenantPlan, platform: PlatformPlace, child: pulumi.ResourceOptions) -> Services:
    """Declare what *tenant* has of its own, and point to the platform for the rest.

    Logical names say whose a thing is, never what was sold: another tier finds it under the same name.
    """
    cloud_ids: dict[FactId, pulumi.Input[str]] = {}
    namespace = _namespace(tenant, platform, child)
    server, account, name = platform.server, platform.administrator, DATABASE_ADMIN
    for own in facts_of(tenant.facts, DatabaseInstance):
        label = physical_name(platform.name, tenant.tenant, "postgresql")
        server = PostgresServer(label, own, platform.network, platform.key, child).place
        account, name = _administrator(tenant, platform, server, child)
        cloud_ids[own.id] = server.arn
        cloud_ids[f"{own.id}-secret"] = server.master_secret_arn
    cache = platform.cache
    for group in facts_of(tenant.facts, CacheGroup):
        label = physical_name(platform.name, tenant.tenant, "sessions")
        cache = SessionCache(label, group, platform.network, platform.key, child).place
        cloud_ids[group.id] = cache.arn
    return Services(namespace, server, account, name, cache, cloud_ids)


def _namespace(
    tenant: TenantPlan, platform: PlatformPlace, child: pulumi.ResourceOptions
) -> pulumi.Input[pulumi.Resource]:
    own = facts_of(tenant.facts, Namespace)
    if not own:
        return platform.namespaces[facts_of(tenant.facts, Route)[0].namespace]
    namespace = TenantsNamespace(own[0].namespace, own[0], child)
    after = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[namespace]))
    for quota in facts_of(tenant.facts, NamespaceQuota):
        TenantQuota(physical_name(tenant.tenant, "quota"), quota, after)
    return namespace


def _administrator(
    tenant: TenantPlan,
    platform: PlatformPlace,
    server: ServerPlace,
    child: pulumi.ResourceOptions,
) -> tuple[k8s.core.v1.ServiceAccount, str]:
    name = physical_name(tenant.tenant, DATABASE_ADMIN)
    operations = platform.namespaces[OPERATIONS_NAMESPACE]
    account = database_administrator(
        name,
        physical_name(platform.name, tenant.tenant, DATABASE_ADMIN),
        cluster=platform.cluster,
        namespace=OPERATIONS_NAMESPACE,
        server=server,
        key=platform.key,
        child=child,
        inside=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[operations])),
    )
    return account, name

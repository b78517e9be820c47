"""The common fields of facts of a platform or a tenant, and the ids of its own server, cache and nodes."""

from __future__ import annotations

from typing import Any

from tiers.facts.every_fact import FactId
from tiers.portfolio.platform import Platform
from tiers.portfolio.rotation import Rotation
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory, CostDomain, Environment, LifecycleStage


def is_protected(platform: Platform, tenant: Tenant) -> bool:
    """Whether the tenant's data is protected from deletion: always, except in temporary environments."""
    ends = tenant.environment is Environment.MIGRATION or not tenant.protected
    return platform.deletion_protection and not ends


def is_decommissioning(tenant: Tenant) -> bool:
    """Whether a tenant is being decommissioned: retained resources are marked before any is removed."""
    return tenant.lifecycle_stage is LifecycleStage.DECOMMISSIONING


def own_server(tenant: Tenant) -> FactId:
    """The id of a tenant's own PostgreSQL server."""
    return f"{tenant.tenant}/server"


def own_cache_group(tenant: Tenant) -> FactId:
    """The id of a tenant's own session cache."""
    return f"{tenant.tenant}/cache"


def own_node_group(tenant: Tenant) -> FactId:
    """The id of a tenant's own worker nodes."""
    return f"{tenant.tenant}/nodes"


def about(
    tenant: Tenant, name: str, category: CostCategory, domain: CostDomain = CostDomain.TENANT_RUNTIME
) -> dict[str, Any]:
    """The common fields of every fact of a tenant."""
    return {
        "id": f"{tenant.tenant}/{name}",
        "tenant": tenant.tenant,
        "domain": domain,
        "category": category,
        "region": tenant.region,
    }


def about_platform(platform: Platform, name: str, category: CostCategory) -> dict[str, Any]:
    """The common fields of every fact of a platform."""
    return {
        "id": f"platform/{name}",
        "tenant": None,
        "domain": CostDomain.SHARED_PLATFORM,
        "category": category,
        "region": platform.region,
    }


def token_fields(rotation: Rotation | None) -> dict[str, Any]:
    """The token of a tenant's own session cache at a stage of a rotation, as the fields of its fact.

    AWS takes a second token while the first still opens the cache, then one alone (Amazon ElastiCache User
    Guide, "Authenticating with the AUTH command").
    """
    if rotation is None:
        return {}
    update = "SET" if rotation.stage is None else "ROTATE"
    return {
        "rotation_number": rotation.used,
        "replaced_number": rotation.replaced,
        "rotation_update": update,
    }

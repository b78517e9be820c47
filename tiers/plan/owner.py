"""What every fact of a tenant says, and what its own server, cache and nodes are called."""

from __future__ import annotations

from typing import Any

from tiers.facts.every_fact import FactId
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory, CostDomain, Environment, LifecycleStage


def is_protected(platform: Platform, tenant: Tenant) -> bool:
    """Whether what holds a tenant's data refuses to be deleted: always, but for what was made to end."""
    ends = tenant.environment is Environment.MIGRATION or not tenant.protected
    return platform.deletion_protection and not ends


def is_ending(tenant: Tenant) -> bool:
    """Whether it was decided that a tenant ends: what must be kept is made to stay before anything goes."""
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
    """What every fact of a tenant says."""
    return {
        "id": f"{tenant.tenant}/{name}",
        "tenant": tenant.tenant,
        "domain": domain,
        "category": category,
        "region": tenant.region,
    }

"""The tenants of a plan, each built after whom it reads at this update."""

from __future__ import annotations

from collections.abc import Iterator

from components.places import PlatformPlace
from components.tenant.stack import TenantStack
from tiers.plan.plan import Plan, TenantPlan


def tenant_stacks(plan: Plan, platform: PlatformPlace) -> list[TenantStack]:
    """Declare every tenant of *plan*, in its order.

    Who is refreshed from another one that is backed up for it comes after that one, and waits for it.
    """
    made: dict[str, TenantStack] = {}
    for tenant in _sources_first(plan):
        source = _copied_live(tenant)
        made[tenant.tenant] = TenantStack(tenant, platform, copied=made[source].live_backup if source else ())
    return [made[tenant.tenant] for tenant in plan.tenants]


def _sources_first(plan: Plan) -> Iterator[TenantPlan]:
    """Nobody is copied while it is refreshed itself, so one step is enough."""
    yield from (tenant for tenant in plan.tenants if not _copied_live(tenant))
    yield from (tenant for tenant in plan.tenants if _copied_live(tenant))


def _copied_live(tenant: TenantPlan) -> str | None:
    restore = tenant.restore
    return restore.from_tenant if restore and restore.live and tenant.reads_another else None

"""What a plan would cost with a tenant on another tier, or with other settings, as in a preview."""

from __future__ import annotations

from collections.abc import Mapping

from allocation.preview.cost_estimate import CostEstimate
from allocation.preview.estimates import Estimates
from tiers.errors import CatalogError
from tiers.plan.storage import keeping_storage
from tiers.portfolio.what_if import with_platform, with_tenant
from tiers.vocabulary import TenantId


def supposed(
    estimates: Estimates,
    tenant: TenantId,
    tier: str | None = None,
    settings: Mapping[str, str] | None = None,
) -> CostEstimate | None:
    """The cost estimate after the change; None if it is not possible, as `costack preview` explains.

    Args:
        estimates: Of the portfolio as it is written.
        tenant: Who changes.
        tier: The tier it is on then; None for its own.
        settings: Fields of its file and their new values.
    """
    try:
        changed = with_tenant(estimates.catalog, estimates.portfolio, tenant, tier, settings or {})
        plan = estimates.resolver.plan(changed.portfolio)
    except CatalogError:
        return None
    after, _ = keeping_storage(estimates.now.plan, plan)
    return estimates.of_plan(after)


def supposed_platform(estimates: Estimates, settings: Mapping[str, str]) -> CostEstimate | None:
    """The same after a change of the platform: paths of `platform.yaml` and their new values."""
    try:
        changed = with_platform(estimates.catalog, estimates.portfolio, settings).portfolio
        plan = estimates.resolver.plan(changed)
    except CatalogError:
        return None
    after, _ = keeping_storage(estimates.now.plan, plan)
    return estimates.of_plan(after)

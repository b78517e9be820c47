"""What a plan would cost with one tenant on another tier, or with other settings, as in a preview."""

from __future__ import annotations

from collections.abc import Mapping

from allocation.preview.cost_estimate import CostEstimate, cost_estimate
from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError
from tiers.plan.resolve import resolve
from tiers.plan.storage import keeping_storage
from tiers.portfolio.tenant import Portfolio
from tiers.portfolio.what_if import with_tenant
from tiers.vocabulary import TenantId


def supposed(  # noqa: PLR0917 - what is changed, and how
    catalog: Catalog,
    portfolio: Portfolio,
    before: CostEstimate,
    tenant: TenantId,
    tier: str | None = None,
    settings: Mapping[str, str] | None = None,
) -> CostEstimate | None:
    """The cost estimate after the change; None if it is not possible, as `costack preview` explains.

    Args:
        catalog: The catalog of *before*.
        portfolio: The portfolio of *before*.
        before: What it costs now.
        tenant: Who changes.
        tier: The tier it is on then; None for its own.
        settings: Fields of its file and their new values.
    """
    try:
        plan = resolve(catalog, with_tenant(catalog, portfolio, tenant, tier, settings or {}).portfolio)
    except CatalogError:
        return None
    after, _ = keeping_storage(before.plan, plan)
    return cost_estimate(after, before.conditions)

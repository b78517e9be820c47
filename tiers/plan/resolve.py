"""From a catalog and a portfolio to the plan."""

from __future__ import annotations

from pathlib import Path

from tiers.catalog.tier import Catalog
from tiers.facts.every_fact import FactId
from tiers.plan.move import move_facts
from tiers.plan.plan import Plan, TenantPlan
from tiers.plan.platform import platform_facts
from tiers.portfolio.controls import controls_of, fee_of
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.portfolio.move import on_working_tier
from tiers.portfolio.resilience import promised
from tiers.portfolio.tenant import Portfolio, Tenant


def plan_of_folder(folder: Path) -> Plan:
    """The plan of the portfolio in *folder*, with the catalog that comes with costack.

    Raises:
        CatalogError: With every mistake in every file.
    """
    catalog, portfolio = load_catalog_and_portfolio(folder)
    return resolve(catalog, portfolio)


def resolve(catalog: Catalog, portfolio: Portfolio) -> Plan:
    """Turn a catalog and a portfolio that was checked against it into the plan."""
    tenants = tuple(_resolve_tenant(catalog, portfolio, tenant) for tenant in portfolio.tenants)
    platform = portfolio.platform
    plan = Plan(
        portfolio=platform.portfolio,
        currency=platform.currency,
        region=platform.region,
        service_line=platform.service_line,
        catalog_version=catalog.version,
        platform=tuple(platform_facts(catalog, platform, [tenant.facts for tenant in tenants])),
        tenants=tenants,
    )
    _refuse_duplicates(plan)
    return plan


def _resolve_tenant(catalog: Catalog, portfolio: Portfolio, tenant: Tenant) -> TenantPlan:
    tenant_now = on_working_tier(catalog, tenant)
    tier = catalog.tiers[tenant_now.tier]
    return TenantPlan(
        tenant=tenant.tenant,
        portfolio=portfolio.platform.portfolio,
        client=tenant.client,
        first_client=tenant.first_client,
        environment=tenant.environment,
        tier=tier.tier,
        tier_version=tier.version,
        isolation=tier.isolation,
        resilience_class=promised(tier, tenant_now),
        controls=controls_of(tier, tenant_now),
        region=tenant.region,
        service_line=tenant.service_line,
        lifecycle_stage=tenant.lifecycle_stage,
        users=tenant.options.users,
        fee_per_month=fee_of(tier, tenant_now),
        budget_per_month=tenant.budget_per_month,
        expires_at=tenant.ends_at,
        cutover=tenant.cutover,
        move=tenant.move,
        facts=tuple(move_facts(catalog, portfolio.platform, tenant)),
    )


def _refuse_duplicates(plan: Plan) -> None:
    seen: set[FactId] = set()
    for fact in plan.all_facts():
        if fact.id in seen:
            raise ValueError(f"two facts of the plan are called '{fact.id}'")
        seen.add(fact.id)

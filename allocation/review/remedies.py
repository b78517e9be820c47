"""The tiers that would help a tenant, and what they cost its client more."""

from __future__ import annotations

from decimal import Decimal

from allocation.money import units_of
from tiers.catalog.tier import Catalog
from tiers.plan.plan import TenantPlan
from tiers.vocabulary import Isolation


def roomier(catalog: Catalog, tenant: TenantPlan, measure: str, used: Decimal) -> str | None:
    """The tier with the lowest fee whose fair use covers *used*."""
    offers = {
        name: tier.offers[tenant.environment]
        for name, tier in catalog.tiers.items()
        if tenant.environment in tier.offers and name != tenant.tier
    }
    fits = [name for name, offer in offers.items() if getattr(offer.fair_use, measure) >= used]
    return min(fits, key=lambda name: (offers[name].fee_per_month, name), default=None)


def apart(catalog: Catalog, tenant: TenantPlan | None) -> str | None:
    """The tier with the lowest fee that gives a tenant its own namespace; None where none does."""
    tier = tenant and catalog.tiers.get(tenant.tier)
    if tenant is None or tier is None or tier.isolation is Isolation.OWN:
        return None
    offers = {
        other: sold.offers[tenant.environment].fee_per_month
        for other, sold in catalog.tiers.items()
        if tenant.environment in sold.offers and sold.isolation is Isolation.OWN
    }
    return min(offers, key=lambda tier: (offers[tier], tier), default=None)


def dearer(catalog: Catalog, tenant: TenantPlan, tier: str) -> int:
    """What *tier* costs the client more than the tenant's own, in units a month."""
    return units_of(catalog.tiers[tier].offers[tenant.environment].fee_per_month - tenant.fee_per_month)

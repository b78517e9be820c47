"""The tiers that would help a tenant, and what they cost its client more."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from allocation.money import units_of
from tiers.catalog.tier import Catalog
from tiers.plan.plan import TenantPlan
from tiers.vocabulary import Controls, Isolation

_NOTHING: Final = Decimal(0)


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
    """What *tier* costs the client more, in units a month, with the options and services that it has now.

    A plan does not list them: they are what the client pays above its offer. On another tier they stay, and
    enhanced controls that were chosen have the fee of that tier, or none where it includes them.
    """
    sold, own = catalog.tiers[tier], catalog.tiers.get(tenant.tier)
    offer = sold.offers[tenant.environment]
    had = own.offers.get(tenant.environment) if own else None
    kept = max(tenant.fee_per_month - had.fee_per_month, _NOTHING) if had else _NOTHING
    if own and had and tenant.controls is Controls.ENHANCED and own.controls is not Controls.ENHANCED:
        kept -= min(kept, had.enhanced_fee_per_month or _NOTHING)
        kept += _NOTHING if sold.controls is Controls.ENHANCED else offer.enhanced_fee_per_month or _NOTHING
    return units_of(offer.fee_per_month + kept - tenant.fee_per_month)

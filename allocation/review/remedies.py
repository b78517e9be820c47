"""The tiers that would help a tenant, and what they cost its client more."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from allocation.money import units_of
from tiers.catalog.fees import ENHANCED, OFFER
from tiers.catalog.tier import Catalog
from tiers.plan.plan import TenantPlan
from tiers.vocabulary import Controls, Isolation

_NOTHING: Final = Decimal(0)
_OPTIONS: Final = "options"


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

    These are the parts of its fee. On another tier they stay, and enhanced controls that were chosen have the
    fee of that tier, or none where it includes them.
    """
    sold = catalog.tiers[tier]
    offer = sold.offers[tenant.environment]
    parts = dict(_bought(catalog, tenant))
    if parts.pop(ENHANCED, None) is not None and sold.controls is not Controls.ENHANCED:
        parts[ENHANCED] = offer.enhanced_fee_per_month or _NOTHING
    return units_of(offer.fee_per_month + sum(parts.values()) - tenant.fee_per_month)


def _bought(catalog: Catalog, tenant: TenantPlan) -> Iterator[tuple[str, Decimal]]:
    """What the client pays above its offer, by name; in one sum where an earlier version made the plan."""
    if tenant.fee_parts:
        yield from ((each.part, each.fee_per_month) for each in tenant.fee_parts if each.part != OFFER)
        return
    own = catalog.tiers.get(tenant.tier)
    had = own.offers.get(tenant.environment) if own else None
    if own is None or had is None:
        return
    more = max(tenant.fee_per_month - had.fee_per_month, _NOTHING)
    if tenant.controls is Controls.ENHANCED and own.controls is not Controls.ENHANCED:
        enhanced = min(more, had.enhanced_fee_per_month or _NOTHING)
        more -= enhanced
        yield ENHANCED, enhanced
    yield _OPTIONS, more

"""The overage terms of a tenant: those of its offer, and whether its client agreed to pay."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.catalog.overage import OverageTerms, overage_terms
from tiers.catalog.tier import Tier
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import Fault


def overage_of(tier: Tier, tenant: Tenant) -> OverageTerms | None:
    """What *tenant* pays beyond its fair use; None where its offer has no overage prices."""
    offer = tier.offers[tenant.environment]
    agreed = tenant.options.overage is not None
    return overage_terms(offer.fair_use, offer.overage_prices, agreed=agreed)


def overage_faults(tenant: Tenant, tier: Tier) -> Iterator[Fault]:
    """Why a tenant cannot agree to overage."""
    if tenant.options.overage is not None and overage_of(tier, tenant) is None:
        where = f"{tier.tier} for {tenant.environment}"
        yield ("options", "overage"), f"{where} has no overage_prices, so there is nothing to agree to"

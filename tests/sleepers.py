"""Tenants that sleep, for tests: one as it is sold, and one with a server of its own, as nobody sells it."""

from __future__ import annotations

from typing import Any

from tests.portfolios import WORKING_HOURS, catalog, local_portfolio, tenant
from tiers.catalog.tier import Offer, OwnDatabase
from tiers.plan.plan import Plan
from tiers.plan.resolve import resolve
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.vocabulary import Environment

TIER = "shared-namespace"
STAGING = catalog().tiers[TIER].offers[Environment.STAGING]


def sleeper(environment: str = "staging", **options: Any) -> Tenant:
    """A tenant that is awake on weekdays from 7 to 19."""
    return tenant(
        "acme-test", environment=environment, options={"users": 3, "schedule": WORKING_HOURS, **options}
    )


def own_server(**changes: Any) -> Offer:
    """Staging on a server of its own."""
    server = OwnDatabase(
        placement="own",
        database_class="s",
        multi_az=False,
        storage_gib=20,
        max_storage_gib=100,
        backup_retention_days=1,
    )
    return STAGING.model_copy(update={"database": server, "backup_class": None, **changes})


def plan_with(offer: Offer, *tenants: Tenant) -> Plan:
    """The plan of *tenants* where staging is sold as *offer*."""
    sold = catalog().tiers[TIER]
    tier = sold.model_copy(update={"offers": {**sold.offers, Environment.STAGING: offer}})
    changed = catalog().model_copy(update={"tiers": {**catalog().tiers, tier.tier: tier}})
    return resolve(changed, Portfolio(platform=local_portfolio().platform, tenants=tenants))

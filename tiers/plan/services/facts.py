"""What a tenant's services add to its plan: hours of people, and more logs that are kept for longer."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.catalog.tier import Catalog, Offer
from tiers.facts.every_fact import Labour, category_of
from tiers.plan.owner import about
from tiers.portfolio.services.bought import services_of
from tiers.portfolio.tenant import Tenant


def with_services(offer: Offer, catalog: Catalog, tenant: Tenant) -> Offer:
    """*offer* with the logs that the tenant's services add."""
    taken = services_of(tenant, catalog.services).values()
    return offer.model_copy(
        update={
            "log_gib_per_month": offer.log_gib_per_month + sum(each.log_gib_per_month for each in taken),
            "log_retention_days": max(
                [offer.log_retention_days, *(each.log_retention_days for each in taken)]
            ),
        }
    )


def service_labour(catalog: Catalog, tenant: Tenant) -> Iterator[Labour]:
    """The hours that people work for the tenant's services."""
    for name, service in services_of(tenant, catalog.services).items():
        for each in service.activities:
            yield Labour(
                **about(tenant, f"{name}-{each.activity}", category_of(each.activity)),
                activity=each.activity,
                hours_per_month=each.hours_per_month,
            )

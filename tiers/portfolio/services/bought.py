"""The services that a tenant buys: what they cost the client, and why a request is refused."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.catalog.services import Service, Services, bought
from tiers.catalog.tier import Catalog, OwnDatabase, Tier
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import Fault, Location, not_among
from tiers.vocabulary import Environment

_OPTION: Location = ("options", "services")


def services_of(tenant: Tenant, services: Services | None) -> dict[str, Service]:
    """The services that *tenant* buys, by id."""
    known = bought(services)
    return {name: known[name] for name in tenant.options.services if name in known}


def service_option_faults(tenant: Tenant, tier: Tier, catalog: Catalog) -> Iterator[Fault]:
    """Why a tenant cannot buy the services that its file asks for."""
    wanted, known = tenant.options.services, bought(catalog.services)
    if wanted and tenant.environment is not Environment.PRODUCTION:
        yield _OPTION, f"services are for production, and this is a {tenant.environment} environment"
        return
    sold = catalog.services
    if wanted and sold is not None and sold.currency != tier.currency:
        yield _OPTION, f"services are sold in {sold.currency}, and {tier.tier} in {tier.currency}"
        return
    if twice := sorted({name for name in wanted if wanted.count(name) > 1}):
        yield _OPTION, f"'{twice[0]}' appears twice"
    for name in wanted:
        if name not in known:
            yield _OPTION, not_among(known, name, "services that are sold by themselves")
        elif known[name].needs_own_database and not isinstance(
            tier.offers[tenant.environment].database, OwnDatabase
        ):
            yield _OPTION, f"{name} needs a database server of the tenant's own, and {tier.tier} shares one"

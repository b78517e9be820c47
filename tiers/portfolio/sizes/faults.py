"""Why a size in a tenant's file is not allowed: no row of its menu, or nothing of the tenant's own has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tiers.catalog.tier import Catalog, Offer, OwnCache, OwnDatabase
from tiers.portfolio.tenant import Options, Tenant
from tiers.strict_yaml import Fault, not_among


def size_faults(tenant: Tenant, catalog: Catalog) -> Iterator[Fault]:
    """Where and why a size is not allowed; while a tenant moves, its file may have sizes of both tiers."""
    options, classes = tenant.options, catalog.classes
    for name, size, menu in (
        ("workload_class", options.workload_class, classes.workload_classes),
        ("database_class", options.database_class, classes.database_classes),
        ("cache_class", options.cache_class, classes.cache_classes),
    ):
        if size is not None and size not in menu:
            yield ("options", name), not_among(menu, size, catalog.classes_file)
    offers = list(_offers(tenant, catalog))
    if not offers:
        return  # the tier's own check reports it
    shared = {
        "database_class": "its database is on the shared server",
        "cache_class": "its sessions are in the shared cache",
    }
    for name in sizes_of_nothing(options, offers):
        yield ("options", name), f"on {tenant.tier} {shared[name]}; take the line out"


def sizes_of_nothing(options: Options, offers: Sequence[Offer]) -> tuple[str, ...]:
    """The options that say the size of a server or cache that none of *offers* has."""
    own = {
        "database_class": any(isinstance(offer.database, OwnDatabase) for offer in offers),
        "cache_class": any(isinstance(offer.cache, OwnCache) for offer in offers),
    }
    return tuple(name for name, has in own.items() if getattr(options, name) is not None and not has)


def _offers(tenant: Tenant, catalog: Catalog) -> Iterator[Offer]:
    for name in (tenant.tier, *([tenant.move.from_tier] if tenant.move else ())):
        tier = catalog.tiers.get(name)
        if tier is not None and tenant.environment in tier.offers:
            yield tier.offers[tenant.environment]

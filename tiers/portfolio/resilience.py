"""Checks promises against the offer: resilience classes, second regions, data residency."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from tiers.catalog.classes import Classes
from tiers.catalog.promises import RANKS
from tiers.catalog.tier import Catalog, Offer, Tier
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import Fault, Location
from tiers.vocabulary import Environment, Region, ResilienceClass

Place = TypeVar("Place")


def promised(tier: Tier, tenant: Tenant) -> ResilienceClass:
    """The resilience class a tenant is promised; environments other than production get the weakest."""
    if tenant.environment is not Environment.PRODUCTION:
        return ResilienceClass.STANDARD
    return tenant.options.resilience_class or tier.resilience_class


def tenant_faults(tenant: Tenant, tier: Tier, platform: Platform, classes: Classes) -> Iterator[Fault]:
    """Why the promises or regions in a tenant's file are not allowed."""
    wanted = tenant.options.resilience_class
    if wanted is not None and tenant.environment is not Environment.PRODUCTION:
        yield (
            ("options", "resilience_class"),
            f"a {tenant.environment} environment has resilience class standard only",
        )
    elif wanted is not None and RANKS[wanted] > RANKS[tier.resilience_class]:
        yield (
            ("options", "resilience_class"),
            f"tier {tier.tier} cannot honour {wanted}, only {tier.resilience_class}",
        )
    else:
        yield from _too_small(tenant, tier, classes)
    yield from _region_faults(tenant, tier.offers[tenant.environment], platform)
    places: list[tuple[Location, Region | None]] = [
        (("region",), tenant.region),
        (("options", "dr_region"), tenant.options.dr_region),
    ]
    for where, region in places:
        if region and tenant.data_residency and region not in tenant.data_residency:
            allowed = ", ".join(tenant.data_residency)
            yield where, f"data_residency forbids {region}; it allows {allowed}"


def _too_small(tenant: Tenant, tier: Tier, classes: Classes) -> Iterator[Fault]:
    size = classes.workload_classes.get(tenant.options.workload_class or "")
    promise = promised(tier, tenant)
    needed = classes.resilience_classes[promise].web_replicas
    if size is not None and size.web.replicas < needed:
        yield (
            ("options", "workload_class"),
            f"has {size.web.replicas} web replicas, but {promise} needs {needed}",
        )


def _region_faults(tenant: Tenant, offer: Offer, platform: Platform) -> Iterator[Fault]:
    where = ("options", "dr_region")
    region, offered = tenant.options.dr_region, ", ".join(platform.dr_regions) or "none"
    if offer.region_copies is None:
        if region is not None:
            yield where, f"{tenant.tier} keeps no copies of {tenant.environment} in a second region"
    elif region is None:
        yield (
            ("options",),
            f"dr_region is missing: {tenant.tier} copies to a second region; the platform offers {offered}",
        )
    elif region == tenant.region:
        yield where, f"{region} is the tenant's own region; a copy there is lost with the original"
    elif region not in platform.dr_regions:
        yield where, f"'{region}' is not among the platform's dr_regions, which are {offered}"
    elif tenant.options.warm_standby and region not in platform.dr_networks:
        yield (
            ("options", "warm_standby"),
            f"the platform has no network for a warm standby in {region}: set dr_networks.{region}",
        )
    if tenant.options.warm_standby and offer.standby_fee_per_month is None:
        yield (
            ("options", "warm_standby"),
            f"{tenant.tier} is not sold with a warm standby for a {tenant.environment} environment",
        )


def too_many_replications(
    by_place: Mapping[Place, Tenant], catalog: Catalog
) -> Iterator[tuple[Place, Fault]]:
    """The tenants whose automated backups exceed the limit of one region of one account."""
    counted: dict[Region, int] = {}
    for place, tenant in by_place.items():
        region = tenant.options.dr_region
        if region is None or not _replicates(tenant, catalog):
            continue
        counted[region] = counted.get(region, 0) + 1
        if counted[region] > MOST_REPLICATIONS_PER_REGION:
            message = (
                f"is replication {counted[region]} of automated backups into {region}; AWS allows "
                f"{MOST_REPLICATIONS_PER_REGION} per region and account, so choose another region"
            )
            yield place, (("options", "dr_region"), message)


def _replicates(tenant: Tenant, catalog: Catalog) -> bool:
    tier = catalog.tiers.get(tenant.tier)
    offer = tier.offers.get(tenant.environment) if tier else None
    return offer is not None and offer.region_copies is not None


def cheaper_tiers(tier: Tier, tenant: Tenant, catalog: Catalog) -> list[Tier]:
    """Tiers that honour what *tenant* is promised for a smaller fee, the cheapest first."""
    needed = RANKS[promised(tier, tenant)]
    fee = tier.offers[tenant.environment].fee_per_month
    enough = [
        other
        for other in catalog.tiers.values()
        if tenant.environment in other.offers
        and RANKS[other.resilience_class] >= needed
        and other.offers[tenant.environment].fee_per_month < fee
    ]
    return sorted(enough, key=lambda other: (other.offers[tenant.environment].fee_per_month, other.tier))


MOST_REPLICATIONS_PER_REGION: Final = 20
"""Replicated automated backups a destination region of an account may hold (RDS quotas)."""

"""Why a tenant cannot have a CDN, told before anything is deployed."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.catalog.tier import Offer
from tiers.facts.cdn import CERTIFICATE_REGION
from tiers.portfolio.failover.faults import second_cluster
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import Fault
from tiers.vocabulary import Environment


def cdn_faults(tenant: Tenant, offer: Offer, platform: Platform) -> Iterator[Fault]:
    """What *offer*, *platform* or other lines of the tenant's file say against `routes.cdn`."""
    cdn = tenant.routes.cdn
    if cdn is None:
        return
    at = ("routes", "cdn")
    if tenant.environment is not Environment.PRODUCTION:
        yield at, f"a {tenant.environment} environment has none: Odoo switches it off in copies of production"
    elif offer.cdn_fee_per_month is None:
        yield at, f"{tenant.tier} is not sold with a CDN"
    elif not tenant.options.website_visits_per_month:
        why = "is missing: a CDN costs what it sends, and nobody says how many visits there are"
        yield ("options", "website_visits_per_month"), why
    if (region := cdn.certificate_arn.split(":")[3]) != CERTIFICATE_REGION:
        yield (*at, "certificate_arn"), f"is in {region}, and CloudFront takes those of {CERTIFICATE_REGION}"
    if tenant.routes.allow_cidrs:
        yield at, "would be refused by allow_cidrs, and pass on to everybody what it had got; leave one out"
    for where in _internal(tenant, platform):
        yield at, f"needs an origin that the internet reaches, and {where}.alb.scheme is internal"


def _internal(tenant: Tenant, platform: Platform) -> Iterator[str]:
    """Where the way in of *tenant* is not for the internet: at home, and where it may start."""
    there = second_cluster(platform, tenant) if tenant.options.warm_standby else None
    ways = {"ingress": platform.ingress.alb}
    if there is not None:
        ways[f"dr_networks.{tenant.options.dr_region}.cluster.ingress"] = there.ingress.alb
    yield from (where for where, alb in ways.items() if alb is not None and alb.scheme == "internal")

"""The fact of a tenant's CDN, and what visits of a website send, with and without one.

What a visit sends was measured with Odoo 18's website as it is on the first day: the first page of somebody
who has nothing of it yet (tests/odoo/test_cdn.py measures it anew). Scripts are most of it: Odoo and the
ingress controllers send them as they are, CloudFront compressed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.catalog.tier import ExpectedUsage
from tiers.facts.cdn import Cdn, PriceClass
from tiers.facts.network import Traffic
from tiers.plan.expected_usage import traffic, up
from tiers.plan.owner import about
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory, Region

REQUESTS_PER_VISIT: Final = 5
KIB_PER_VISIT: Final = 600
"""What the CDN sends, compressed; 4 files of 571 KiB were seen."""
KIB_PER_VISIT_WITHOUT: Final = 2100
"""What the load balancer sends of the same files, as they are; 2,076 KiB were seen."""
_KIB_PER_GIB: Final = 1024 * 1024
_NORTH_ATLANTIC: Final = ("us-", "ca-", "mx-", "eu-", "il-")
_FAR: Final = ("sa-", "ap-southeast-2", "ap-southeast-4", "ap-southeast-6")


def cdn_facts(platform: Platform, tenant: Tenant) -> Iterator[Cdn]:
    """The CDN of *tenant*, if its file has one."""
    cdn, dns = tenant.routes.cdn, platform.ingress.dns
    if cdn is None:
        return
    visits = tenant.options.website_visits_per_month
    zone = dns.zone_of(cdn.hostname) if dns and tenant.routes.dns == "route-53" else None
    yield Cdn(
        **about(tenant, "cdn", CostCategory.NETWORK),
        hostname=cdn.hostname,
        origin_domain=tenant.hostname,
        certificate_arn=cdn.certificate_arn,
        price_class=cdn.price_class or nearest(tenant.region),
        links=cdn.links,
        zone_id=zone.id if zone else None,
        gib_per_month=up(visits * KIB_PER_VISIT, _KIB_PER_GIB),
        requests_per_month=visits * REQUESTS_PER_VISIT,
    )


def traffic_of(tenant: Tenant, use: ExpectedUsage) -> Traffic:
    """What *tenant* is expected to send; its website's static files too, where no CDN sends them."""
    usual, cdn = traffic(tenant, use), tenant.routes.cdn
    if cdn is not None and cdn.links:
        return usual
    more = up(tenant.options.website_visits_per_month * KIB_PER_VISIT_WITHOUT, _KIB_PER_GIB)
    return usual.model_copy(update={"internet_gib_per_month": usual.internet_gib_per_month + more})


def nearest(region: Region) -> PriceClass:
    """The cheapest price class with edge locations near *region*.

    >>> nearest("eu-west-1"), nearest("ap-south-1"), nearest("ap-southeast-2")
    ('PriceClass_100', 'PriceClass_200', 'PriceClass_All')
    """
    if region.startswith(_NORTH_ATLANTIC):
        return "PriceClass_100"
    return "PriceClass_All" if region.startswith(_FAR) else "PriceClass_200"

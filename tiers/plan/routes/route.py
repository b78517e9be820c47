"""The fact of a tenant's route: its host names, and how the platform's controller is to treat them."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.facts.dns import DnsRecords, ZoneRecord
from tiers.facts.names import EVENTED_PORT, HTTP_PORT
from tiers.facts.network import Route
from tiers.plan.owner import about
from tiers.portfolio.host_names import routed_names_of
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory


def record_facts(platform: Platform, tenant: Tenant) -> Iterator[DnsRecords]:
    """Records for the host names that lie in a hosted zone of the platform, where the tenant wants them."""
    dns = platform.ingress.dns
    if dns is None or tenant.routes.dns != "route-53":
        return
    lying = [(name.host, dns.zone_of(name.host)) for name in routed_names_of(tenant)]
    yield DnsRecords(
        **about(tenant, "dns", CostCategory.NETWORK),
        records=tuple(ZoneRecord(zone_id=zone.id, name=host) for host, zone in lying if zone),
        target=dns.target,
        target_zone_id=dns.target_zone_id,
        ttl_seconds=dns.ttl_seconds,
        queries_per_month=dns.queries_per_month,
    )


def route_fact(platform: Platform, tenant: Tenant, namespace: str, *, preforks: bool) -> Route:
    """The route of *tenant*; *preforks* says whether Odoo has a process of its own for websockets."""
    ingress = platform.ingress
    return Route(
        **about(tenant, "route", CostCategory.NETWORK),
        namespace=namespace,
        hostname=tenant.hostname,
        http_port=HTTP_PORT,
        websocket_port=EVENTED_PORT if preforks else HTTP_PORT,
        controller=ingress.controller,
        class_name=ingress.class_name,
        alb=ingress.alb,
        **{name: value for name, value in tenant.routes if value is not None and name != "cdn"},
    )

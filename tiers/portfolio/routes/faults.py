"""What the platform's ingress controller cannot do for a tenant, told before anything is deployed."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.facts.controllers import ALLOW_CIDRS, CERTIFICATE_ARN, CONTROLLERS, MOST_ALB_NETWORKS, refusal
from tiers.facts.ingress import ControllerKind
from tiers.portfolio.host_names import routed_names_of
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import Fault, Location


def route_faults(tenant: Tenant, platform: Platform) -> Iterator[Fault]:
    """Options of `routes` that the controller of *platform* cannot do, or that nobody may have."""
    kind, routes = platform.ingress.controller, tenant.routes
    for option in routes.wanted():
        if kind is None:
            known = ", ".join(CONTROLLERS)
            yield _place(option), f"needs ingress.controller in platform.yaml, one of {known}"
        elif why := CONTROLLERS[kind].cannot.get(option):
            yield _place(option), why
    networks = len(routes.allow_cidrs or ())
    if kind is ControllerKind.AWS and networks > MOST_ALB_NETWORKS:
        why = (
            f"has {networks} networks, and a rule of an Application Load Balancer holds "
            f"{MOST_ALB_NETWORKS} beside host name and path; take larger ones, or another ingress controller"
        )
        yield _place(ALLOW_CIDRS), why
    if routes.certificate and (region := routes.certificate.region) not in {None, platform.region}:
        yield _place(CERTIFICATE_ARN), f"is in {region}, and a load balancer takes those of {platform.region}"
    yield from _record_faults(tenant, platform)
    for name in routes.annotations:
        if why := refusal(name, kind):
            yield ("routes", "annotations", name), f"'{name}' {why}"


def _record_faults(tenant: Tenant, platform: Platform) -> Iterator[Fault]:
    """Where no record can be made; names in a client's own zone are the client's to make."""
    if tenant.routes.dns != "route-53":
        return
    dns = platform.ingress.dns
    if dns is None:
        yield ("routes", "dns"), "route-53 needs ingress.dns in platform.yaml, with a hosted zone"
        return
    if dns.zone_of(tenant.hostname) is None:
        known = ", ".join(zone.domain for zone in dns.zones)
        yield ("hostname",), f"lies in no hosted zone of ingress.dns, and dns is route-53; these are {known}"
    for name in routed_names_of(tenant):
        zone = dns.zone_of(name.host)
        if zone and zone.domain == name.host and dns.target_zone_id is None:
            why = "is the domain of a hosted zone, which can have no CNAME; write ingress.dns.target_zone_id"
            yield name.where, f"'{name.host}' {why}"


def _place(option: str) -> Location:
    return ("routes", *option.split("."))

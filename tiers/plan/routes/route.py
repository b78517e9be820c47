"""The fact of a tenant's route: its host names, and how the platform's controller is to treat them."""

from __future__ import annotations

from tiers.facts.names import EVENTED_PORT, HTTP_PORT
from tiers.facts.network import Route
from tiers.plan.owner import about
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory


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
        **dict(tenant.routes),
    )

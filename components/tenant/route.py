"""The way to a tenant from outside: its route, the page in its place, and records of its host names."""

from __future__ import annotations

import pulumi

from components.aws.records import HostRecords
from components.kubernetes.route import OdooRoute
from components.tenant.maintenance import maintenance_of
from tiers.facts.every_fact import DnsRecords, Route, Workload
from tiers.plan.plan import TenantPlan, fact_named, facts_of


def build_route(
    tenant: TenantPlan,
    route: Route,
    ingress_namespace: str,
    *,
    inside: pulumi.ResourceOptions,
    child: pulumi.ResourceOptions,
) -> None:
    """Declare how *tenant* is reached.

    Args:
        tenant: The tenant.
        route: Its route.
        ingress_namespace: Where the ingress controller is.
        inside: Options of objects in the namespace, which wait for it.
        child: Options of AWS resources.
    """
    page = maintenance_of(tenant, route, ingress_namespace, inside)
    OdooRoute(tenant.tenant, route, fact_named(tenant.facts, Workload, "web"), inside, maintenance=page)
    for records in facts_of(tenant.facts, DnsRecords):
        HostRecords(tenant.tenant, records, child)

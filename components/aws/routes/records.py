"""Records of a tenant's host names in hosted zones of Route 53."""

from __future__ import annotations

import pulumi
from pulumi_aws import route53

from components.naming import component_type, physical_name, short_hash
from tiers.facts.every_fact import DnsRecords


class HostRecords(pulumi.ComponentResource):
    """A record for each host name; one that is there already, whoever made it, is no record of Costack's.

    Args:
        tenant: The tenant.
        fact: The names, their zones, and where they lead.
        opts: Options of the component.
    """

    def __init__(self, tenant: str, fact: DnsRecords, opts: pulumi.ResourceOptions | None = None) -> None:
        name = physical_name(tenant, "dns")
        super().__init__(component_type("HostRecords"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        for each in fact.records:
            called = physical_name(tenant, short_hash(each.name), "dns")
            if fact.target_zone_id:
                alias = {"name": fact.target, "zone_id": fact.target_zone_id, "evaluate_target_health": False}
                route53.Record(
                    called, zone_id=each.zone_id, name=each.name, type="A", aliases=[alias], opts=child
                )
            else:
                route53.Record(
                    called,
                    zone_id=each.zone_id,
                    name=each.name,
                    type="CNAME",
                    ttl=fact.ttl_seconds,
                    records=[fact.target],
                    opts=child,
                )
        self.register_outputs({})

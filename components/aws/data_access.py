"""The security group of a tenant's own server and cache, and that of the pods it admits."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_aws import ec2, vpc

from components.aws.network import admit_addresses
from components.naming import component_type, physical_name
from components.places import NetworkPlace, Text


class DataAccess(pulumi.ComponentResource):
    """Who may connect to one tenant's own server and cache.

    With a group of the tenant's pods that group alone, otherwise the cluster's addresses, as for shared
    services. A server changes its groups while it runs (RDS User Guide, "Settings for DB instances"), and
    keeps this one for good: what changes later is rules. A rule that is no longer declared goes at the end of
    an update, so the cluster's addresses are admitted until the pods have started anew with their group.

    Args:
        name: Logical name, with portfolio and tenant.
        ports: The tenant's own services, and their ports.
        network: The network of the services.
        grouped: Whether the tenant's pods have a group of their own.
        opts: Options of the component.
    """

    def __init__(
        self,
        name: str,
        ports: Mapping[str, int],
        network: NetworkPlace,
        *,
        grouped: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("DataAccess"), name, {"services": sorted(ports)}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        group = self._group(f"{name}-data", "Server and cache of one tenant", network)
        self.pods_group_id: Text | None = None
        self.rules: list[vpc.SecurityGroupIngressRule]
        if grouped:
            # It has no rules: what its pods may do is in the cluster's group, which they keep.
            pods = self._group(f"{name}-pods", "Pods of one tenant", network)
            self.pods_group_id = pods.id
            self.rules = self._admit_pods(f"{name}-data", group, ports, pods)
        else:
            self.rules = admit_addresses(f"{name}-data", group, ports, network.client_cidrs, self._child)
        self.place = network._replace(security_group_id=group.id)
        self.register_outputs({})

    def _group(self, name: str, description: str, network: NetworkPlace) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            name, description=description, vpc_id=network.vpc_id, tags={"Name": name}, opts=self._child
        )

    def _admit_pods(
        self, name: str, group: ec2.SecurityGroup, ports: Mapping[str, int], pods: ec2.SecurityGroup
    ) -> list[vpc.SecurityGroupIngressRule]:
        return [
            vpc.SecurityGroupIngressRule(
                physical_name(name, service, "pods"),
                security_group_id=group.id,
                description=f"{service} from pods of the tenant",
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                referenced_security_group_id=pods.id,
                opts=self._child,
            )
            for service, port in ports.items()
        ]

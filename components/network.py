"""The private network of the data services."""

from __future__ import annotations

import ipaddress
from typing import Final

import pulumi
from pulumi_aws import ec2, vpc

from components.naming import component_type
from components.places import NetworkPlace
from tiers.facts import Network

POSTGRESQL_PORT: Final = 5432
REDIS_PORT: Final = 6379
NFS_PORT: Final = 2049
_PORTS: Final = {"postgresql": POSTGRESQL_PORT, "redis": REDIS_PORT, "nfs": NFS_PORT}
_SUBNET_BITS: Final = 4  # sixteen subnets to a VPC: room for zones and kinds to come


class PrivateNetwork(pulumi.ComponentResource):
    """A VPC with a private subnet per zone, and a security group that lets only the cluster's pods in.

    There is no route to the internet: databases need none. The cluster's VPC is routed to it by peering
    or a transit gateway, which belong to whoever owns the cluster.
    """

    def __init__(self, name: str, fact: Network, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(component_type("PrivateNetwork"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        self.vpc = ec2.Vpc(
            f"{name}-vpc",
            cidr_block=fact.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": name},
            opts=child,
        )
        self.subnet_cidrs = subnet_ranges(fact)
        self.subnets = [
            ec2.Subnet(
                f"{name}-{zone}",
                vpc_id=self.vpc.id,
                availability_zone=zone,
                cidr_block=cidr,
                map_public_ip_on_launch=False,
                tags={"Name": f"{name}-{zone}"},
                opts=child,
            )
            for zone, cidr in zip(fact.zones, self.subnet_cidrs, strict=True)
        ]
        self.security_group = self._security_group(name, fact, child)
        self.place = NetworkPlace(
            [subnet.id for subnet in self.subnets], self.subnet_cidrs, self.security_group.id
        )
        self.register_outputs({})

    def _security_group(self, name: str, fact: Network, child: pulumi.ResourceOptions) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            f"{name}-data",
            description="Data services of the shared platform, reached by the cluster's pods only",
            vpc_id=self.vpc.id,
            tags={"Name": f"{name}-data"},
            opts=child,
        )
        for service, port in _PORTS.items():
            for index, cidr in enumerate(fact.client_cidrs):
                vpc.SecurityGroupIngressRule(
                    f"{name}-{service}-{index}",
                    security_group_id=group.id,
                    description=f"{service} from the cluster's pods",
                    ip_protocol="tcp",
                    from_port=port,
                    to_port=port,
                    cidr_ipv4=cidr,
                    opts=child,
                )
        return group


def subnet_ranges(fact: Network) -> list[str]:
    """The address range of each zone's subnet, in the order of the zones."""
    ranges = ipaddress.IPv4Network(fact.cidr).subnets(prefixlen_diff=_SUBNET_BITS)
    return [str(next(ranges)) for _ in fact.zones]

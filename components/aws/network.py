"""The private network of the data services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pulumi
from pulumi_aws import ec2, vpc

from components.naming import component_type
from components.places import NetworkPlace
from tiers.facts.every_fact import Network
from tiers.facts.network import subnet_ranges

POSTGRESQL_PORT: Final = 5432
REDIS_PORT: Final = 6379
NFS_PORT: Final = 2049
_PORTS: Final = {"postgresql": POSTGRESQL_PORT, "redis": REDIS_PORT, "nfs": NFS_PORT}


class PrivateNetwork(pulumi.ComponentResource):
    """A VPC with a private subnet per zone, and a security group that lets only the cluster's pods in.

    Its subnets have no route to the internet: databases need none. An adopted cluster's VPC is connected
    by peering or a transit gateway, which belongs to the cluster's owner; file systems are then found by
    address, which the EFS driver asks AWS for (docs/real-account.md). In an adopted network only the security
    group is created.
    """

    def __init__(self, name: str, fact: Network, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(component_type("PrivateNetwork"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        self.vpc_id: pulumi.Input[str]
        subnet_ids: Sequence[pulumi.Input[str]]
        if fact.vpc_id:
            self.vpc_id, subnet_ids, self.subnet_cidrs = fact.vpc_id, fact.subnet_ids, list(fact.subnet_cidrs)
        else:
            self.subnet_cidrs = subnet_ranges(fact.cidr, len(fact.zones))
            self.vpc_id, subnet_ids = _created(name, fact, self.subnet_cidrs, child)
        self.security_group = self._security_group(name, fact, child)
        self.place = NetworkPlace(
            subnet_ids, self.subnet_cidrs, self.security_group.id, self.vpc_id, fact.client_cidrs
        )
        self.register_outputs({})

    def _security_group(self, name: str, fact: Network, child: pulumi.ResourceOptions) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            f"{name}-data",
            # EC2 takes no apostrophe here.
            description="Data services of the shared platform, reached by pods of the cluster only",
            vpc_id=self.vpc_id,
            tags={"Name": f"{name}-data"},
            # A group cannot change its description, and data services need no other group for it.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["description"]),
        )
        admit_addresses(name, group, _PORTS, fact.client_cidrs, child)
        return group


def admit_addresses(
    name: str,
    group: ec2.SecurityGroup,
    ports: Mapping[str, int],
    cidrs: Sequence[str],
    child: pulumi.ResourceOptions,
) -> list[vpc.SecurityGroupIngressRule]:
    """Rules of *group* that let whoever has one of these addresses connect to *ports*, services by name."""
    return [
        vpc.SecurityGroupIngressRule(
            f"{name}-{service}-{index}",
            security_group_id=group.id,
            description=f"{service} from pods of the cluster",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            cidr_ipv4=cidr,
            opts=child,
        )
        for service, port in ports.items()
        for index, cidr in enumerate(cidrs)
    ]


def _created(
    name: str, fact: Network, ranges: Sequence[str], child: pulumi.ResourceOptions
) -> tuple[pulumi.Output[str], list[pulumi.Output[str]]]:
    vpc = ec2.Vpc(
        f"{name}-vpc",
        cidr_block=fact.cidr,
        enable_dns_support=True,
        enable_dns_hostnames=True,
        tags={"Name": name},
        opts=child,
    )
    # AWS creates it open to itself; managed without a rule it lets nothing through.
    ec2.DefaultSecurityGroup(f"{name}-default", vpc_id=vpc.id, tags={"Name": f"{name}-default"}, opts=child)
    return vpc.id, [subnet.id for subnet in subnets_of(name, vpc.id, fact.zones, ranges, opts=child)]


def subnets_of(
    name: str,
    vpc_id: pulumi.Input[str],
    zones: Sequence[str],
    ranges: Sequence[str],
    *,
    opts: pulumi.ResourceOptions,
    **tags: str,
) -> list[ec2.Subnet]:
    """One subnet for each zone, without automatic public addresses."""
    return [
        ec2.Subnet(
            f"{name}-{zone}",
            vpc_id=vpc_id,
            availability_zone=zone,
            cidr_block=cidr,
            map_public_ip_on_launch=False,
            tags={"Name": f"{name}-{zone}", **tags},
            opts=opts,
        )
        for zone, cidr in zip(zones, ranges, strict=True)
    ]

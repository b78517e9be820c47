"""The network of a created cluster: subnets for nodes, and their routes out of the VPC."""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_aws import ec2

from components.aws.network import PrivateNetwork, subnets_of
from components.naming import component_type
from tiers.facts.every_fact import NatGateway, Network
from tiers.facts.network import NODES_FROM, PUBLIC_FROM, subnet_ranges

_ANYWHERE: Final = "0.0.0.0/0"


class ClusterNetwork(pulumi.ComponentResource):
    """Private subnets for nodes, public ones for load balancers and NAT, and a gateway endpoint for S3.

    With fewer NAT gateways than zones the zones share them: cheaper, but lost with their zone.
    """

    def __init__(
        self,
        name: str,
        fact: Network,
        nat: NatGateway,
        network: PrivateNetwork,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("ClusterNetwork"), name, nat.model_dump(mode="json"), opts)
        self._name, self._fact, self._vpc = name, fact, network.vpc_id
        self._child = pulumi.ResourceOptions(parent=self)
        public = self._subnets("public", PUBLIC_FROM, "kubernetes.io/role/elb")
        nodes = self._subnets("nodes", NODES_FROM, "kubernetes.io/role/internal-elb")
        self.subnet_ids = [subnet.id for subnet in nodes]
        gateways = self._gateways(public, nat.gateways)
        tables = [self._out_through(zone, nodes, gateways) for zone in range(len(nodes))]
        self.ways_out = ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=self._vpc,
            service_name=f"com.amazonaws.{fact.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            opts=self._child,
        )
        self.register_outputs({})

    def _subnets(self, kind: str, first: int, role: str) -> list[ec2.Subnet]:
        zones = self._fact.zones
        ranges = subnet_ranges(self._fact.cidr, len(zones), first)
        name = f"{self._name}-{kind}"
        return subnets_of(name, self._vpc, zones, ranges, opts=self._child, **{role: "1"})

    def _gateways(self, public: list[ec2.Subnet], count: int) -> list[ec2.NatGateway]:
        internet = ec2.InternetGateway(f"{self._name}-internet", vpc_id=self._vpc, opts=self._child)
        table = ec2.RouteTable(f"{self._name}-public", vpc_id=self._vpc, opts=self._child)
        ec2.Route(
            f"{self._name}-public-out",
            route_table_id=table.id,
            destination_cidr_block=_ANYWHERE,
            gateway_id=internet.id,
            opts=self._child,
        )
        for zone, subnet in zip(self._fact.zones, public, strict=True):
            ec2.RouteTableAssociation(
                f"{self._name}-public-{zone}", route_table_id=table.id, subnet_id=subnet.id, opts=self._child
            )
        return [self._gateway(index, public[index % len(public)], internet) for index in range(count)]

    def _gateway(self, index: int, subnet: ec2.Subnet, internet: ec2.InternetGateway) -> ec2.NatGateway:
        name = f"{self._name}-nat-{index}"
        address = ec2.Eip(f"{name}-address", domain="vpc", tags={"Name": name}, opts=self._child)
        return ec2.NatGateway(
            name,
            subnet_id=subnet.id,
            allocation_id=address.id,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[internet]),
        )

    def _out_through(
        self, index: int, nodes: list[ec2.Subnet], gateways: list[ec2.NatGateway]
    ) -> ec2.RouteTable:
        zone = self._fact.zones[index]
        table = ec2.RouteTable(f"{self._name}-nodes-{zone}", vpc_id=self._vpc, opts=self._child)
        ec2.Route(
            f"{self._name}-nodes-{zone}-out",
            route_table_id=table.id,
            destination_cidr_block=_ANYWHERE,
            nat_gateway_id=gateways[index % len(gateways)].id,
            opts=self._child,
        )
        ec2.RouteTableAssociation(
            f"{self._name}-nodes-{zone}",
            route_table_id=table.id,
            subnet_id=nodes[index].id,
            opts=self._child,
        )
        return table

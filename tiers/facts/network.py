"""Facts about network access, in and out."""

from __future__ import annotations

import ipaddress
from typing import Final, Literal

from tiers.facts.record import FactRecord
from tiers.vocabulary import Count, Hostname, Positive

_SUBNET_BITS: Final = 4
NODES_FROM: Final = 5
PUBLIC_FROM: Final = 10
"""A VPC has sixteen ranges: data subnets take the first five, nodes the next, public subnets the last. A
zone that is added later moves no existing subnet."""


def subnet_ranges(cidr: str | None, count: int, first: int = 0) -> list[str]:
    """*count* of the sixteen address ranges of a VPC, starting at index *first*.

    >>> subnet_ranges("10.40.0.0/16", 2, NODES_FROM)
    ['10.40.80.0/20', '10.40.96.0/20']
    """
    if cidr is None:
        raise ValueError("an adopted network states its own ranges")
    ranges = list(ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=_SUBNET_BITS))
    return [str(each) for each in ranges[first : first + count]]


class Route(FactRecord):
    """A public host name and the ports behind it.

    `websocket_port` is 8072 when Odoo preforks and 8069 when it runs threads: nothing listens on 8072
    without workers, and `/websocket` on 8069 fails with them (Odoo, service/server.py).
    """

    kind: Literal["route"] = "route"
    namespace: str
    hostname: Hostname
    http_port: Positive
    websocket_port: Positive


class Egress(FactRecord):
    """Where a tenant's pods may connect (mail, payment, delivery): anywhere, or listed networks only.

    By HTTPS, and by `mail_ports`; inventories of Costack 0.2 and older mean the two that send.
    """

    kind: Literal["egress"] = "egress"
    namespace: str
    internet: bool
    cidrs: tuple[str, ...] = ()
    mail_ports: tuple[Positive, ...] = (465, 587)


class Network(FactRecord):
    """A VPC with one private subnet per zone for data, created with `cidr` or adopted with ids.

    A network that is created with the cluster also has subnets for nodes and public subnets.
    """

    kind: Literal["network"] = "network"
    zones: tuple[str, ...]
    client_cidrs: tuple[str, ...]
    cidr: str | None = None
    vpc_id: str | None = None
    subnet_ids: tuple[str, ...] = ()
    subnet_cidrs: tuple[str, ...] = ()


class PodGroup(FactRecord):
    """A security group of a tenant's pods, which its own server and cache let in instead of addresses.

    Its pods run in `namespace`, and jobs of it in `operations` too. `lasting` are the components that run all
    month: the others are jobs.
    """

    kind: Literal["pod-group"] = "pod-group"
    namespace: str
    operations: str
    lasting: tuple[str, ...]


class Traffic(FactRecord):
    """The expected traffic of a tenant: to the internet, and from zone to zone within its region.

    `inter_zone_gib_per_month` counts once, although AWS charges it both where it leaves and where it arrives.
    """

    kind: Literal["traffic"] = "traffic"
    internet_gib_per_month: Count
    inter_zone_gib_per_month: Count


class LoadBalancer(FactRecord):
    """The network load balancer in front of the ingress, with one public address per zone."""

    kind: Literal["load-balancer"] = "load-balancer"
    public_addresses: Count
    capacity_units: Count


class NatGateway(FactRecord):
    """NAT gateways, one address each, and the data expected through them."""

    kind: Literal["nat-gateway"] = "nat-gateway"
    gateways: Positive
    data_gib_per_month: Count

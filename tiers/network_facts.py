"""Facts about the ways in and out."""

from __future__ import annotations

from typing import Literal

from tiers.fact import FactRecord
from tiers.vocabulary import Count, Hostname, Positive


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
    """Where a tenant's pods may connect to for mail, payment, delivery: anywhere, or named networks only."""

    kind: Literal["egress"] = "egress"
    namespace: str
    internet: bool
    cidrs: tuple[str, ...] = ()


class Network(FactRecord):
    """A VPC with one private subnet per zone."""

    kind: Literal["network"] = "network"
    cidr: str
    zones: tuple[str, ...]
    client_cidrs: tuple[str, ...]


class LoadBalancer(FactRecord):
    """The network load balancer in front of the ingress, with one public address per zone."""

    kind: Literal["load-balancer"] = "load-balancer"
    public_addresses: Count
    capacity_units: Count


class NatGateway(FactRecord):
    """Outbound gateways, one address each, and the data expected through them."""

    kind: Literal["nat-gateway"] = "nat-gateway"
    gateways: Positive
    data_gib_per_month: Count

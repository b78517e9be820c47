"""Facts about network access, in and out."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from tiers.facts.ingress import AlbShare, Certificate, ControllerKind
from tiers.facts.record import FactRecord
from tiers.vocabulary import PRIVATE_RANGES, Cidr, Count, Frozen, Hostname, NamespaceName, Positive

_SUBNET_BITS: Final = 4
DNS_PORT: Final = 53
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


_Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._/-]{0,251}[A-Za-z0-9])?$")]


class DnsPeer(Frozen):
    """Where pods may ask for names: pods of a namespace, or addresses, where servers are no pods.

    NodeLocal DNSCache answers at 169.254.20.10 and, with kube-proxy's iptables, at the address of the
    cluster's DNS Service. Policies see the node's address of a server in the node's network, never its labels
    (kubernetes.io, "Using NodeLocal DNSCache in Kubernetes Clusters" and "Network Policies").
    """

    namespace: NamespaceName | None = None
    """Namespace of its pods; give this and `pod_labels`, or `cidr`."""
    pod_labels: Mapping[_Label, _Label] = {}
    """Labels of its pods."""
    cidr: Cidr | None = None
    """Private addresses instead, such as `169.254.20.10/32`; their port is 53."""
    ports: tuple[Annotated[int, Field(gt=0, lt=2**16)], ...] = (DNS_PORT,)
    """Ports of its pods, by UDP and TCP; not those of a Service in front of them."""

    @model_validator(mode="after")
    def _is_pods_or_addresses(self) -> Self:
        if (self.namespace is None) is (self.cidr is None) or bool(self.pod_labels) is (
            self.cidr is not None
        ):
            raise ValueError("give namespace and pod_labels, or cidr")
        if not self.ports:
            raise ValueError(f"ports: give at least one, or leave it out for {DNS_PORT}")
        return self

    @model_validator(mode="after")
    def _opens_nothing_but_names(self) -> Self:
        if self.cidr is None:
            return self
        if self.ports != (DNS_PORT,):
            raise ValueError(f"ports: addresses have port {DNS_PORT}; name pods to open another one")
        given = ipaddress.IPv4Network(self.cidr)
        if not any(given.subnet_of(ipaddress.IPv4Network(each)) for each in PRIVATE_RANGES):
            raise ValueError(
                f"cidr: {self.cidr} is not private, so pods without the internet would reach it by names; "
                "let the cluster's DNS ask there"
            )
        return self

    @property
    def label(self) -> str:
        """What people know it by: its pods, or its addresses."""
        return self.cidr or f"{self.namespace}/{','.join(self.pod_labels.values())}"


CLUSTER_DNS: Final = DnsPeer(namespace="kube-system", pod_labels={"k8s-app": "kube-dns"})
"""The DNS that EKS and kubeadm install."""


class Route(FactRecord):
    """The public host names of a tenant, the ports behind them, and how requests are treated on the way.

    `websocket_port` is 8072 when Odoo preforks and 8069 when it runs threads: nothing listens on 8072
    without workers, and `/websocket` on 8069 fails with them (Odoo, service/server.py). Host names in
    `redirects` lead to `hostname`; without `allow_cidrs` everybody may come. `controller` reads the
    Ingresses, of class `class_name`; None is unknown, and the cluster's default.
    """

    kind: Literal["route"] = "route"
    namespace: str
    hostname: Hostname
    http_port: Positive
    websocket_port: Positive
    aliases: tuple[Hostname, ...] = ()
    redirects: tuple[Hostname, ...] = ()
    allow_cidrs: tuple[Cidr, ...] = ()
    body_size_mib: Positive | None = None
    timeout_seconds: Positive | None = None
    certificate: Certificate | None = None
    dns: Literal["external-dns"] | None = None
    annotations: Mapping[str, str] = {}
    controller: ControllerKind | None = None
    class_name: str | None = None
    alb: AlbShare | None = None

    @property
    def hosts(self) -> tuple[Hostname, ...]:
        """The host names at which Odoo answers."""
        return (self.hostname, *self.aliases)


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

    Its pods run in `namespace`, and jobs of it in `operations` too. `lasting` are the components of Odoo
    that run all month: its others are jobs.
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
    """The network load balancer in front of the ingress, with one public address per zone.

    Behind it are `ingress_replicas` pods of the ingress controller in `ingress_zones`; None is unknown.
    """

    kind: Literal["load-balancer"] = "load-balancer"
    public_addresses: Count
    capacity_units: Count
    ingress_replicas: Positive | None = None
    ingress_zones: Positive | None = None


class NatGateway(FactRecord):
    """NAT gateways, one address each, and the data expected through them."""

    kind: Literal["nat-gateway"] = "nat-gateway"
    gateways: Positive
    data_gib_per_month: Count

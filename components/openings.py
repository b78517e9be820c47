"""What network policies open: to ranges and ports, to servers for names, to AWS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from tiers.facts.network import DnsPeer
from tiers.vocabulary import PRIVATE_RANGES

Manifest = dict[str, Any]
"""A part of a Kubernetes object, with the field names of the Kubernetes API."""

NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"
HTTPS: Final = 443
_POD_IDENTITY_AGENT: Final = "169.254.170.23/32"


def to_names(server: DnsPeer) -> Manifest:
    """An opening to a server for names."""
    # The name of a namespace is a label of it that nobody else can set.
    peer: Manifest = {"ipBlock": {"cidr": server.cidr}}
    if server.namespace:
        peer = {
            "namespaceSelector": {"matchLabels": {NAMESPACE_NAME: server.namespace}},
            "podSelector": {"matchLabels": dict(server.pod_labels)},
        }
    ports = [{"protocol": protocol, "port": port} for port in server.ports for protocol in ("UDP", "TCP")]
    return {"to": [peer], "ports": ports}


def to_ranges(cidrs: Sequence[str], *ports: int) -> Manifest:
    """An opening to addresses."""
    return {"to": [{"ipBlock": {"cidr": cidr}} for cidr in cidrs], "ports": tcp(ports)}


def to_internet(*ports: int) -> Manifest:
    """An opening to every address that is not private."""
    block = {"cidr": "0.0.0.0/0", "except": list(PRIVATE_RANGES)}
    return {"to": [{"ipBlock": block}], "ports": tcp(ports)}


def to_aws() -> list[Manifest]:
    """The openings to services of AWS, such as the bucket, and to the agent that gives pods their role."""
    return [to_internet(HTTPS), to_ranges([_POD_IDENTITY_AGENT], 80)]


def tcp(ports: Iterable[int]) -> list[Manifest]:
    """TCP at *ports*."""
    return [{"protocol": "TCP", "port": port} for port in ports]

"""Address ranges and zones of a network that cannot work, or that a firm would regret.

Sources: Amazon VPC User Guide, "VPC CIDR blocks" and "Subnet CIDR blocks" (/16 to /28, no overlap); Amazon
VPC Peering Guide, "VPC peering limitations" (no peering between ranges that overlap).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from itertools import combinations
from typing import Final

from tiers.portfolio.platform import Platform
from tiers.strict_yaml import Fault

_PRIVATE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
_LARGEST, _SMALLEST = 16, 28


def network_faults(platform: Platform) -> Iterator[Fault]:
    """Why the network of a platform cannot be built or reached."""
    network = platform.network
    if network.cidr is not None:
        yield from _zones(platform)
    for index, subnet in enumerate(network.subnet_ids):
        if subnet in network.subnet_ids[:index]:
            yield ("network", "subnet_ids", index), f"'{subnet}' is given twice; each zone has a subnet"
    yield from _subnets(platform)
    yield from _clients(platform)


def _zones(platform: Platform) -> Iterator[Fault]:
    """The zones of a network that is created: each gets a subnet, by its name."""
    zones = platform.network.zones
    for index, zone in enumerate(zones):
        if not zone.startswith(platform.region) or zone == platform.region:
            yield (
                ("network", "zones", index),
                f"'{zone}' is no zone of {platform.region}; expected one such as {platform.region}a",
            )
        if zone in zones[:index]:
            yield ("network", "zones", index), f"'{zone}' is given twice; each zone has one subnet"


def _subnets(platform: Platform) -> Iterator[Fault]:
    ranges = [ipaddress.IPv4Network(each) for each in platform.network.subnet_cidrs]
    for index, each in enumerate(ranges):
        if not _LARGEST <= each.prefixlen <= _SMALLEST:
            yield (
                ("network", "subnet_cidrs", index),
                f"{each} is no range of a subnet; AWS has /{_LARGEST} to /{_SMALLEST}",
            )
    for (_, one), (index, other) in combinations(enumerate(ranges), 2):
        if one.overlaps(other):
            yield ("network", "subnet_cidrs", index), f"{other} overlaps {one}; subnets of a VPC do not"


def _clients(platform: Platform) -> Iterator[Fault]:
    """Pods of an adopted cluster are in another VPC than the one that is created here."""
    cidr = platform.network.cidr
    if cidr is None or platform.cluster.created is not None:
        return
    for index, each in enumerate(platform.network.client_cidrs):
        if ipaddress.IPv4Network(each).overlaps(ipaddress.IPv4Network(cidr)):
            why = "AWS connects no networks that overlap, so choose another cidr"
            yield ("network", "client_cidrs", index), f"{each} overlaps network.cidr {cidr}; {why}"


def public_network(platform: Platform) -> Iterator[str]:
    """A warning for a created network with addresses of the internet, which its servers then cannot reach."""
    cidr = platform.network.cidr
    if cidr is None:
        return
    private = [ipaddress.IPv4Network(each) for each in _PRIVATE]
    if not any(ipaddress.IPv4Network(cidr).subnet_of(each) for each in private):
        yield f"network.cidr {cidr} is no private range; it hides hosts of the internet with these addresses"

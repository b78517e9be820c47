"""The contract of a platform between processes: ids, addresses, and what its tenants must wait for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pulumi
from pulumi.resource import DependencyResource

from components.aws.nodes import node_place
from components.places import (
    BucketPlace,
    CachePlace,
    FileSystemPlace,
    KeyPlace,
    NetworkPlace,
    NodePlace,
    PlatformPlace,
    ServerPlace,
    secret_store,
)
from tiers.facts.every_fact import CacheGroup, ClusterControlPlane, Network, Origin
from tiers.facts.network import subnet_ranges
from tiers.plan.plan import Plan, fact_named, is_protected


def contract_of(place: PlatformPlace) -> dict[str, Any]:
    """The plain part of *place*; a token of the cache is a secret and is passed separately."""
    cache = {"arn": place.cache.arn, "address": place.cache.address, "user_group": place.cache.user_group}
    return {
        "key": place.key._asdict(),
        "network": {
            "subnet_ids": list(place.network.subnet_ids),
            "security_group_id": place.network.security_group_id,
            "vpc_id": place.network.vpc_id,
        },
        "cluster_group_id": place.cluster_group_id,
        "server": place.server._asdict(),
        "cache": cache,
        "file_system": place.file_system._asdict(),
        "bucket": place.bucket._asdict(),
        "cluster": place.cluster,
        "nodes": place.nodes._asdict() if place.nodes else None,
        "administrator": _urn(place.administrator),
        "namespaces": {name: _urn(resource) for name, resource in place.namespaces.items()},
    }


def place_from(
    plan: Plan, contract: pulumi.Input[Mapping[str, Any]], session_token: pulumi.Input[str]
) -> PlatformPlace:
    """The platform that *plan* describes and another process built."""
    known = pulumi.Output.from_input(contract)
    network = fact_named(plan.platform, Network, "network")
    cluster = fact_named(plan.platform, ClusterControlPlane, "control-plane")

    def read(*path: str | int) -> pulumi.Output[str]:
        return known.apply(lambda values: told(values, path))

    def resource(*path: str | int) -> pulumi.Output[pulumi.Resource]:
        return known.apply(lambda values: DependencyResource(told(values, path)))

    return PlatformPlace(
        name=plan.portfolio,
        cluster=read("cluster"),
        ingress_namespace=cluster.ingress_namespace,
        nodes=_nodes(plan, cluster, read),
        key=KeyPlace(read("key", "arn"), read("key", "key_id")),
        network=_network(network, read),
        server=_server(known),
        cache=_cache(fact_named(plan.platform, CacheGroup, "cache"), read, session_token),
        file_system=FileSystemPlace(*(read("file_system", name) for name in FileSystemPlace._fields)),
        bucket=BucketPlace(*(read("bucket", name) for name in BucketPlace._fields)),
        administrator=resource("administrator"),
        namespaces=_Namespaces(resource),
        protected=is_protected(plan),
        cluster_group_id=read("cluster_group_id") if cluster.pod_security_groups else None,
        store=secret_store(plan.portfolio, cluster.secret_store),
    )


def _cache(
    fact: CacheGroup, read: Callable[..., pulumi.Output[str]], session_token: pulumi.Input[str]
) -> CachePlace:
    left = None if fact.replaced_number is None else pulumi.Output.secret(session_token)
    return CachePlace(read("cache", "arn"), read("cache", "address"), left, read("cache", "user_group"))


def _server(known: pulumi.Output[Any]) -> ServerPlace:
    def field(name: str) -> pulumi.Output[Any]:
        return known.apply(lambda values: values["server"][name])

    return ServerPlace(*map(field, ServerPlace._fields))


class _Namespaces(dict[str, pulumi.Input[pulumi.Resource]]):
    """The platform's namespaces by name, found when asked for."""

    def __init__(self, find: Callable[..., pulumi.Output[pulumi.Resource]]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, name: str) -> pulumi.Output[pulumi.Resource]:
        return self._find("namespaces", name)


def _network(fact: Network, read: Callable[..., pulumi.Output[str]]) -> NetworkPlace:
    return NetworkPlace(
        [read("network", "subnet_ids", index) for index in range(len(fact.zones))],
        list(fact.subnet_cidrs) or subnet_ranges(fact.cidr, len(fact.zones)),
        read("network", "security_group_id"),
        read("network", "vpc_id"),
        fact.client_cidrs,
    )


def _nodes(
    plan: Plan, cluster: ClusterControlPlane, read: Callable[..., pulumi.Output[str]]
) -> NodePlace | None:
    if cluster.origin is Origin.ADOPTED:
        return node_place(cluster)
    zones = fact_named(plan.platform, Network, "network").zones
    subnets = [read("nodes", "subnet_ids", index) for index in range(len(zones))]
    return NodePlace(read("cluster"), read("nodes", "role_arn"), subnets)


def _urn(resource: pulumi.Input[pulumi.Resource]) -> pulumi.Output[str]:
    return pulumi.Output.from_input(resource).apply(lambda values: values.urn)


def told(values: Any, path: tuple[str | int, ...]) -> Any:
    """What a contract says at *path*.

    Raises:
        ValueError: When it does not say it, as that of an older version.
    """
    for step in path:
        if isinstance(values, Mapping) and step not in values:
            raise ValueError(f"the platform does not tell its '{step}'; update its stack, then this one")
        values = values[step]
    return values

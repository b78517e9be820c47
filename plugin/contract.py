"""The contract of a platform between processes: ids, addresses, and what its tenants must wait for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pulumi
from pulumi.resource import DependencyResource
from pydantic import Field

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
from tiers.vocabulary import Frozen


class ContractKey(Frozen):
    """The KMS key of the platform's data."""

    arn: str
    """ARN of the key."""
    key_id: str
    """Id of the key."""


class ContractNetwork(Frozen):
    """The network of databases, caches and file systems."""

    subnet_ids: tuple[str, ...]
    """Private subnets, in the order of the platform's `zones`."""
    security_group_id: str
    """The security group that lets the cluster's pods in."""
    vpc_id: str
    """The VPC."""


class ContractServer(Frozen):
    """The shared PostgreSQL server."""

    arn: str
    """ARN of the instance."""
    address: str
    """Its host name; it listens on 5432."""
    master_secret_arn: str
    """ARN of the secret with the password of its master user; RDS manages it."""
    storage_gib: int
    """The storage that it really has, in GiB."""


class ContractCache(Frozen):
    """The shared session cache."""

    arn: str
    """ARN of the replication group."""
    address: str
    """Its host name; it listens on 6379, with TLS."""
    user_group: str | None = None
    """The group that each tenant's user joins; left out by a platform of an older version."""


class ContractFileSystem(Frozen):
    """The shared EFS file system."""

    id: str
    """Id of the file system."""
    arn: str
    """ARN of the file system."""


class ContractBucket(Frozen):
    """The bucket of dumps."""

    name: str
    """Name of the bucket."""
    arn: str
    """ARN of the bucket."""
    key_arn: str
    """ARN of the KMS key that its objects are encrypted with."""


class ContractNodes(Frozen):
    """Where the worker nodes of tenants join the cluster."""

    cluster: str
    """Name of the cluster."""
    role_arn: str
    """ARN of the role of nodes."""
    subnet_ids: tuple[str, ...]
    """Private subnets for nodes."""


class Contract(Frozen):
    """What a tenant's stack needs to know of its platform: ids and addresses, no secrets."""

    key: ContractKey
    """The key of the platform's data."""
    network: ContractNetwork
    """The network of data services."""
    cluster_group_id: str | None = None
    """Security group of the cluster, where tenants' pods have security groups of their own."""
    server: ContractServer
    """The shared PostgreSQL server."""
    cache: ContractCache
    """The shared session cache."""
    file_system: ContractFileSystem
    """The shared file system."""
    bucket: ContractBucket
    """The bucket of dumps."""
    cluster: str
    """Name of the EKS cluster."""
    nodes: ContractNodes | None = None
    """Where tenants can have nodes of their own; left out where they cannot."""
    administrator: str
    """URN of the service account that may set up databases on the shared server."""
    namespaces: Mapping[str, str] = Field(default_factory=dict)
    """URNs of the platform's namespaces, by their names."""
    priorities: str | None = None
    """URN of the priority classes of its pods; left out by a platform of an older version."""
    monthly_estimates: Mapping[str, str] = Field(default_factory=dict)
    """What each tenant is expected to cost this month, such as `412.07 USD`, by its id."""
    unpriced: Mapping[str, str] = Field(default_factory=dict)
    """What the amount of a tenant lacks because it has no known price, by the tenant's id."""


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
        "nodes": _node_contract(place.nodes),
        "administrator": _urn(place.administrator),
        "priorities": _urn(place.priorities),
        "namespaces": {name: _urn(resource) for name, resource in place.namespaces.items()},
    }


def _node_contract(nodes: NodePlace | None) -> dict[str, Any] | None:
    if nodes is None:
        return None
    return {"cluster": nodes.cluster, "role_arn": nodes.role_arn, "subnet_ids": list(nodes.subnet_ids)}


def place_from(
    plan: Plan,
    contract: pulumi.Input[Mapping[str, Any]],
    session_token: pulumi.Input[str],
    reference: pulumi.Resource | None = None,
) -> PlatformPlace:
    """The platform that *plan* describes and another process built.

    Args:
        plan: The portfolio.
        contract: What its platform tells.
        session_token: The token of the shared cache, where one opens it.
        reference: What stands for the platform's resources where another stack has them: the engine lets
            nothing wait for a resource that is not in the stack's own state.
    """
    known = pulumi.Output.from_input(contract)
    network = fact_named(plan.platform, Network, "network")
    cluster = fact_named(plan.platform, ClusterControlPlane, "control-plane")

    def read(*path: str | int) -> pulumi.Output[str]:
        return known.apply(lambda values: told(values, path))

    def resource(*path: str | int) -> pulumi.Output[pulumi.Resource]:
        return known.apply(lambda values: _found(told(values, path), reference))

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
        priorities=resource("priorities"),
        protected=is_protected(plan),
        cluster_group_id=read("cluster_group_id") if cluster.pod_security_groups else None,
        store=secret_store(plan.portfolio, cluster.secret_store),
        catalog=plan.catalog,
    )


def _found(urn: Any, reference: pulumi.Resource | None) -> pulumi.Resource:
    return DependencyResource(urn) if reference is None else reference


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

"""What components know of each other: addresses and ids, never the resources themselves.

So a tenant can be built on a platform of the same program, of another process or of another stack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import pulumi

Text = pulumi.Input[str]


class KeyPlace(NamedTuple):
    """A KMS key."""

    arn: Text
    key_id: Text


class NetworkPlace(NamedTuple):
    """Private subnets, their address ranges, and the security group that lets the cluster's pods in.

    The group admits `client_cidrs`; what gets a group of its own finds the VPC here.
    """

    subnet_ids: Sequence[Text]
    subnet_cidrs: Sequence[str]
    security_group_id: Text
    vpc_id: Text
    client_cidrs: Sequence[str]


class ServerPlace(NamedTuple):
    """A PostgreSQL server, the secret of its master user, and the storage it really has."""

    arn: Text
    address: Text
    master_secret_arn: Text
    storage_gib: pulumi.Input[int]


class Administered(NamedTuple):
    """A PostgreSQL server, and the service account that may set up databases on it."""

    server: ServerPlace
    administrator: pulumi.Input[pulumi.Resource]
    administrator_name: str


class CachePlace(NamedTuple):
    """A session cache: who logs in has its token, or is a user of its group.

    The token is a secret. With users it is the one that pods still have who were not replaced yet; None when
    there are none.
    """

    arn: Text
    address: Text
    auth_token: Text | None
    user_group: Text | None = None


class SecretStore(NamedTuple):
    """A ClusterSecretStore of External Secrets, and what the names of the parameters it reads begin with."""

    name: str
    path: str


class SecretPlace(NamedTuple):
    """How Secrets come into the cluster: from a store, encrypted with the key, or written as they are."""

    store: SecretStore | None
    key: KeyPlace


class FileSystemPlace(NamedTuple):
    """An EFS file system."""

    id: Text
    arn: Text


class BucketPlace(NamedTuple):
    """An S3 bucket, and the key its objects are encrypted with."""

    name: Text
    arn: Text
    key_arn: Text


class NodePlace(NamedTuple):
    """Where worker nodes join a cluster; nodes wait for the rights of their role, and go before them."""

    cluster: Text
    role_arn: Text
    subnet_ids: Sequence[Text]
    rights: Sequence[pulumi.Resource] = ()


def secret_store(portfolio: str, name: str | None) -> SecretStore | None:
    """The store *name* for what a portfolio keeps in it; None without one."""
    return SecretStore(name, f"/costack/{portfolio}") if name else None


class SecondClusterPlace(NamedTuple):
    """Where tenants start in a second region.

    `provider` is how Kubernetes objects reach the cluster; `namespaces` and `priorities` are what they wait
    for, as of a `PlatformPlace`.
    """

    provider: pulumi.ProviderResource
    cluster: Text
    ingress_namespace: str
    network: NetworkPlace
    namespaces: Mapping[str, pulumi.Input[pulumi.Resource]]
    priorities: pulumi.Input[pulumi.Resource]
    store: SecretStore | None


class PlatformPlace(NamedTuple):
    """What a tenant's stack needs to know of its platform.

    `nodes` is None when tenants cannot have their own nodes. `administrator`, `namespaces` and `priorities`
    are what its resources wait for: the service account that may set up databases on the shared server, the
    namespaces by name, and the priority classes of all pods. `protected` says whether the portfolio's data
    refuses deletion. `cluster_group_id` is the security group of the cluster, which pods with a group of
    their own keep; None when they have none. `store` is None where Secrets are written into the cluster
    themselves. `catalog` is where a catalog of one's own lies, for whoever judges what was declared.
    `second_clusters` are those of other regions, by region.
    """

    name: str
    cluster: Text
    ingress_namespace: str
    nodes: NodePlace | None
    key: KeyPlace
    network: NetworkPlace
    server: ServerPlace
    cache: CachePlace
    file_system: FileSystemPlace
    bucket: BucketPlace
    administrator: pulumi.Input[pulumi.Resource]
    namespaces: Mapping[str, pulumi.Input[pulumi.Resource]]
    priorities: pulumi.Input[pulumi.Resource]
    protected: bool = True
    cluster_group_id: Text | None = None
    store: SecretStore | None = None
    catalog: str | None = None
    second_clusters: Mapping[str, SecondClusterPlace] = MappingProxyType({})

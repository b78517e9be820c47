"""Who reaches a tenant's own server and cache: a security group of theirs, and the pods that it lets in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pulumi

from components.aws.data_access import DataAccess
from components.aws.network import POSTGRESQL_PORT, REDIS_PORT
from components.kubernetes.pod_group import PodGroupPolicies
from components.naming import physical_name
from components.places import NetworkPlace, PlatformPlace
from tiers.facts.every_fact import CacheGroup, DatabaseInstance, PodGroup
from tiers.plan.plan import TenantPlan, facts_of, uses_own_services


class Access(NamedTuple):
    """The network for a tenant's own services, and what must be there before they and its pods.

    The services are made with `admitted`, when they let in whom they should. Pods that connect to them wait
    for `joined`; `grouped` says whether those that run all month join a security group.
    """

    network: NetworkPlace
    admitted: pulumi.ResourceOptions
    joined: Sequence[pulumi.Resource] = ()
    grouped: bool = False


def access_of(
    tenant: TenantPlan,
    platform: PlatformPlace,
    namespaces: Mapping[str, pulumi.Input[pulumi.Resource]],
    child: pulumi.ResourceOptions,
) -> Access:
    """Declare who may connect to the own server and cache of *tenant*; without any it shares all network."""
    ports: dict[str, int] = {}
    if facts_of(tenant.facts, DatabaseInstance):
        ports["postgresql"] = POSTGRESQL_PORT
    if facts_of(tenant.facts, CacheGroup):
        ports["redis"] = REDIS_PORT
    if not ports:
        return Access(platform.network, child)
    groups, name = facts_of(tenant.facts, PodGroup), physical_name(platform.name, tenant.tenant)
    made = DataAccess(name, ports, platform.network, grouped=bool(groups), opts=child)
    admitted = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=made.rules))
    joined: list[pulumi.Resource] = []
    for fact in groups:
        if made.pods_group_id is None or platform.cluster_group_id is None:
            raise ValueError(f"{fact.id}: the cluster has no group; the loader should have refused it")
        ids = [platform.cluster_group_id, made.pods_group_id]
        joined += PodGroupPolicies(tenant.tenant, fact, ids, namespaces, child).policies
    return Access(made.place, admitted, joined, grouped=bool(joined) and uses_own_services(tenant))

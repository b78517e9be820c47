"""What a platform has in the cluster of a second region, so that tenants can start there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.isolation import TenantsNamespace
from components.kubernetes.network_policies import operations_policy
from components.kubernetes.priority import PriorityClasses
from components.naming import component_type, physical_name
from components.places import NetworkPlace, SecondClusterPlace, Text, secret_store
from components.tags.cost_tags import cost_tagged
from tiers.facts.every_fact import ClusterControlPlane, FactId, Namespace, PriorityClass
from tiers.plan.plan import Plan, RegionPart, fact_named, facts_of

_RENDERED: Final = "renderYamlToDirectory"


def second_clusters(plan: Plan, child: pulumi.ResourceOptions) -> Mapping[str, SecondClusterPlace]:
    """Declare what the platform of *plan* has in each second cluster; the places, by region."""
    return {
        part.region: SecondCluster(
            physical_name(plan.portfolio, part.region),
            plan.portfolio,
            part,
            cost_tagged(plan.platform_tags().model_copy(update={"region": part.region}), child),
        ).place
        for part in plan.second_regions
    }


def control_plane_arns(plan: Plan, account_of: Text) -> dict[FactId, pulumi.Input[str]]:
    """The ARN of each second cluster that *plan* counts: bills know its control plane by it.

    Args:
        plan: The portfolio.
        account_of: ARN of a resource in the account of these clusters.
    """

    def arn(cluster: str, region: str) -> pulumi.Output[str]:
        def of(known: str) -> str:
            _, partition, _, _, account, *_ = known.split(":")
            return f"arn:{partition}:eks:{region}:{account}:cluster/{cluster}"

        return pulumi.Output.from_input(account_of).apply(of)

    found = (facts_of(part.facts, ClusterControlPlane) for part in plan.second_regions)
    return {fact.id: arn(fact.cluster, fact.region) for each in found for fact in each if fact.counted}


class SecondCluster(pulumi.ComponentResource):
    """Priority classes and the namespace of database jobs in a cluster that is there already.

    The stack's own provider reaches the first cluster (ADR 6). This one has another: it takes the same
    kubeconfig and another context, or writes manifests into a folder beside that of the first.
    """

    def __init__(
        self, name: str, portfolio: str, part: RegionPart, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(component_type("SecondCluster"), name, {"region": part.region}, opts)
        child = pulumi.ResourceOptions(parent=self)
        fact = fact_named(part.facts, ClusterControlPlane, "control-plane")
        provider = k8s.Provider(name, **reached(fact, part.region), opts=child)
        inside = pulumi.ResourceOptions(parent=self, provider=provider)
        network = _network(fact)
        namespaces = {each.namespace: each for each in facts_of(part.facts, Namespace)}
        made = {name: TenantsNamespace(name, each, inside) for name, each in namespaces.items()}
        for namespace, resource in made.items():
            after = pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=[resource]))
            operations_policy(f"{namespace}-openings", namespace, network.subnet_cidrs, after)
        self.place = SecondClusterPlace(
            provider=provider,
            cluster=fact.cluster,
            ingress_namespace=fact.ingress_namespace,
            network=network,
            namespaces=made,
            priorities=PriorityClasses(name, facts_of(part.facts, PriorityClass), inside),
            store=secret_store(portfolio, fact.secret_store),
        )
        self.register_outputs({})


def _network(fact: ClusterControlPlane) -> NetworkPlace:
    """Its security group is there already, so nothing needs the VPC."""
    return NetworkPlace(fact.data_subnet_ids, fact.data_subnet_cidrs, fact.data_group_id or "", "", ())


def reached(fact: ClusterControlPlane, region: str) -> dict[str, Any]:
    """The arguments of the provider that reaches the cluster, by the stack's configuration of the first."""
    settings = pulumi.Config("kubernetes")
    if folder := settings.get(_RENDERED):
        return {"render_yaml_to_directory": f"{folder}-{region}"}
    kubeconfig = settings.get_secret("kubeconfig")
    return {"context": fact.context, **({"kubeconfig": kubeconfig} if kubeconfig else {})}

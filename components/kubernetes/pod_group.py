"""Which pods of a tenant join its security group: security groups for pods, as Amazon EKS has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import pods
from components.naming import component_type, physical_name
from components.places import Text
from tiers.facts.every_fact import PodGroup

_MEMBER: Final[Mapping[str, str]] = {"costack/pod-group": "own"}
_INSTANCE: Final = "app.kubernetes.io/instance"


def membership(*, grouped: bool) -> Mapping[str, str]:
    """The label of pods that run all month and join; none for those that do not.

    Who leaves loses it, so it starts anew without the group although the policy goes only at the end of the
    update.
    """
    return _MEMBER if grouped else {}


class PodGroupPolicies(pulumi.ComponentResource):
    """A SecurityGroupPolicy for the pods that run all month, and one for jobs in each of two namespaces.

    The policy acts when a pod is made (amazon-vpc-resource-controller-k8s, docs/sgp/workflow.md). Jobs need
    no label of their own: the template of a Job cannot change, and a finished pod gives its interface back.
    Of pods that run all month the label decides alone, whatever they are called: Odoo, or its usage exporter.

    Args:
        tenant: The tenant.
        fact: Where its pods and jobs run, and which of its components run all month.
        groups: The security groups of its pods: the cluster's own, which carries what pods may do, and its.
        namespaces: What objects in each namespace wait for.
        opts: Options of the component.
    """

    def __init__(
        self,
        tenant: str,
        fact: PodGroup,
        groups: Sequence[Text],
        namespaces: Mapping[str, pulumi.Input[pulumi.Resource]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("PodGroupPolicies"), tenant, fact.model_dump(mode="json"), opts)
        mine = pods.identity(tenant, "")
        del mine["app.kubernetes.io/component"]
        ends = {"key": "app.kubernetes.io/component", "operator": "NotIn", "values": list(fact.lasting)}
        jobs: dict[str, Any] = {"matchLabels": mine, "matchExpressions": [ends]}
        selected = (
            (fact.namespace, "pods", {"matchLabels": {_INSTANCE: tenant, **_MEMBER}}),
            (fact.namespace, "jobs", jobs),
            (fact.operations, "jobs", jobs),
        )
        self.policies = [
            k8s.apiextensions.CustomResource(
                f"{namespace}-{physical_name(tenant, kind)}",
                api_version="vpcresources.k8s.aws/v1beta1",
                kind="SecurityGroupPolicy",
                metadata={"name": physical_name(tenant, kind), "namespace": namespace},
                spec={"podSelector": selector, "securityGroups": {"groupIds": list(groups)}},
                opts=pulumi.ResourceOptions(parent=self, depends_on=[namespaces[namespace]]),
            )
            for namespace, kind, selector in selected
        ]
        self.register_outputs({})

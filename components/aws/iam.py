"""Access in AWS: trust policies, and roles for pods through EKS Pod Identity."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
from pulumi_aws import eks, iam

from components.naming import IAM_NAME_LIMIT, component_type, physical_name
from components.places import Text

_PODS: Final = "pods.eks.amazonaws.com"


class PodRole(pulumi.ComponentResource):
    """An IAM role that only one Kubernetes service account can use.

    Args:
        name: Logical name, and the role's own.
        cluster: Name of the EKS cluster.
        namespace: The namespace of the service account.
        service_account: Its name.
        statements: The permissions of the role, as IAM statements; resources may be outputs.
    """

    def __init__(
        self,
        name: str,
        *,
        cluster: Text,
        namespace: str,
        service_account: str,
        statements: Sequence[Mapping[str, Any]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("PodRole"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        trust = assume_role_policy(_PODS, "sts:AssumeRole", "sts:TagSession")
        self.role = role_of(name, physical_name(name, limit=IAM_NAME_LIMIT), trust, child)
        iam.RolePolicy(
            f"{name}-policy",
            role=self.role.name,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)}),
            opts=child,
        )
        eks.PodIdentityAssociation(
            f"{name}-pods",
            cluster_name=cluster,
            namespace=namespace,
            service_account=service_account,
            role_arn=self.role.arn,
            opts=child,
        )
        self.register_outputs({})


def role_of(logical: str, called: str, trust: pulumi.Input[str], opts: pulumi.ResourceOptions) -> iam.Role:
    """A role that its policies go with, also one that an update wrote and died before it could say so.

    AWS deletes no role that has a policy, and a policy that is declared again gets another name.
    """
    return iam.Role(logical, name=called, assume_role_policy=trust, force_detach_policies=True, opts=opts)


def assume_role_policy(service: str, *actions: str) -> str:
    """The trust policy that lets an AWS service assume a role."""
    return json.dumps(_trust(service, actions))


def assume_role_policy_within(arn: Text, service: str) -> pulumi.Output[str]:
    """The trust policy that lets an AWS service assume a role for the account of *arn* only.

    For services whose documentation says that they state the account: others would be locked out.
    """
    account = pulumi.Output.from_input(arn).apply(lambda known: known.split(":")[4])
    condition = {"StringEquals": {"aws:SourceAccount": account}}
    return pulumi.Output.json_dumps(_trust(service, ("sts:AssumeRole",), Condition=condition))


def _trust(service: str, actions: Sequence[str], **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions), **more}
    return {"Version": "2012-10-17", "Statement": [statement]}

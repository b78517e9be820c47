"""A created EKS cluster: control plane, add-ons, and the role of its nodes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
from pulumi_aws import cloudwatch, eks, iam

from components.aws.iam import assume_role_policy, role_of
from components.naming import IAM_NAME_LIMIT, component_type, physical_name
from components.places import KeyPlace, NodePlace, Text
from tiers.facts.every_fact import ClusterControlPlane

_MANAGED: Final = "arn:aws:iam::aws:policy/"
_CLUSTER_POLICIES: Final = {"cluster": "AmazonEKSClusterPolicy"}
_NODE_POLICIES: Final = {
    "worker": "AmazonEKSWorkerNodePolicy",
    "images": "AmazonEC2ContainerRegistryPullOnly",
    "cni": "AmazonEKS_CNI_Policy",
}
_LOGS: Final = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_EFS_DRIVER: Final = "aws-efs-csi-driver"
_EFS_ACCOUNT: Final = "efs-csi-controller-sa"
_EFS_POLICY: Final = f"{_MANAGED}service-role/AmazonEFSCSIDriverPolicy"
_PODS: Final = "pods.eks.amazonaws.com"
_NETWORK_DRIVER: Final = "vpc-cni"
# Without it network policies are not enforced.
_POLICIES: Final[Mapping[str, Any]] = {"enableNetworkPolicy": "true"}
# AWS advises mode `standard` where network policies are enforced; in `strict`, the default, all traffic of a
# pod leaves its node (EKS Best Practices Guide, "Security Groups Per Pod"; README of amazon-vpc-cni-k8s).
_POD_GROUPS: Final = {"env": {"ENABLE_POD_ENI": "true", "POD_SECURITY_GROUP_ENFORCING_MODE": "standard"}}
_INTERFACES: Final = {"interfaces": "AmazonEKSVPCResourceController"}


class ManagedCluster(pulumi.ComponentResource):
    """An EKS control plane in private subnets; Kubernetes secrets are encrypted with the platform's key.

    What a role may do is there before who takes it, and goes after it: EKS removes its network interfaces,
    and a node leaves, with these rights (terraform-provider-aws, documentation of aws_eks_cluster and
    aws_eks_node_group, "Ensure that IAM Role permissions are created before and deleted after").
    """

    def __init__(
        self,
        name: str,
        fact: ClusterControlPlane,
        subnet_ids: Sequence[Text],
        key: KeyPlace,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("ManagedCluster"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        logs = cloudwatch.LogGroup(
            f"{name}-log",
            name=f"/aws/eks/{fact.cluster}/cluster",
            retention_in_days=fact.log_retention_days,
            kms_key_id=key.arn,
            opts=child,
        )
        policies = {**_CLUSTER_POLICIES, **(_INTERFACES if fact.pod_security_groups else {})}
        role, rights = _role(f"{name}-control-plane", "eks.amazonaws.com", policies, child)
        self.cluster = eks.Cluster(
            name,
            name=fact.cluster,
            version=fact.version,
            role_arn=role.arn,
            vpc_config={
                "subnet_ids": list(subnet_ids),
                "endpoint_private_access": True,
                "endpoint_public_access": True,
                "public_access_cidrs": list(fact.admin_cidrs),
            },
            access_config={"authentication_mode": "API"},
            encryption_config={"provider": {"key_arn": key.arn}, "resources": ["secrets"]},
            enabled_cluster_log_types=list(_LOGS),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs, role, *rights]),
        )
        nodes, may = _role(f"{name}-nodes", "ec2.amazonaws.com", _NODE_POLICIES, child)
        self.nodes = NodePlace(self.cluster.name, nodes.arn, subnet_ids, may)
        self.group_id = self.cluster.vpc_config.cluster_security_group_id
        self.addons = self._addons(name, fact, child)
        self.register_outputs({})

    def _addons(
        self,
        name: str,
        fact: ClusterControlPlane,
        child: pulumi.ResourceOptions,
    ) -> list[pulumi.Resource]:
        driver, _ = _role(f"{name}-efs-driver", _PODS, {}, child)
        may = _attached(f"{name}-efs-driver-policy", driver, _EFS_POLICY, child)
        association = eks.PodIdentityAssociation(
            f"{name}-efs-driver-pods",
            cluster_name=self.cluster.name,
            namespace="kube-system",
            service_account=_EFS_ACCOUNT,
            role_arn=driver.arn,
            opts=child,
        )
        before: dict[str, list[pulumi.Resource]] = {_EFS_DRIVER: [association, may]}
        return [
            eks.Addon(
                f"{name}-{addon}",
                cluster_name=self.cluster.name,
                addon_name=addon,
                addon_version=version,
                configuration_values=_settings(addon, fact),
                # A new cluster has network driver, kube-proxy and CoreDNS already, unmanaged: an add-on that
                # may not overwrite them may fail (EKS API reference, CreateAddon, resolveConflicts).
                resolve_conflicts_on_create="OVERWRITE",
                resolve_conflicts_on_update="OVERWRITE",
                opts=pulumi.ResourceOptions(parent=self, depends_on=before.get(addon)),
            )
            for addon, version in sorted(fact.addons.items())
        ]


def _settings(addon: str, fact: ClusterControlPlane) -> str | None:
    if addon != _NETWORK_DRIVER:
        return None
    return json.dumps({**_POLICIES, **(_POD_GROUPS if fact.pod_security_groups else {})})


def _attached(
    name: str, role: iam.Role, policy: str, child: pulumi.ResourceOptions
) -> iam.RolePolicyAttachment:
    return iam.RolePolicyAttachment(name, role=role.name, policy_arn=policy, opts=child)


def _role(
    name: str, service: str, policies: Mapping[str, str], child: pulumi.ResourceOptions
) -> tuple[iam.Role, list[iam.RolePolicyAttachment]]:
    """A role, and the attachments that give it its rights."""
    pods = ("sts:TagSession",) if service == _PODS else ()
    trust = assume_role_policy(service, "sts:AssumeRole", *pods)
    role = role_of(name, physical_name(name, limit=IAM_NAME_LIMIT), trust, child)
    return role, [
        _attached(f"{name}-{purpose}", role, f"{_MANAGED}{policy}", child)
        for purpose, policy in policies.items()
    ]

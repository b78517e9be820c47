"""Worker nodes whose instances, disks and network interfaces have the cost tags, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
from pulumi_aws import autoscaling, ec2, eks

from components.naming import component_type
from components.placement import DEDICATED_TO
from components.places import NodePlace
from tiers.facts.every_fact import ClusterControlPlane, NodeGroup

# Graviton instances (m7g) need the arm64 image.
_IMAGE: Final = "AL2023_ARM_64_STANDARD"
_ROOT_DEVICE: Final = "/dev/xvda"


class WorkerNodes(pulumi.ComponentResource):
    """A managed node group with its own launch template.

    EKS does not propagate the tags of a node group: instances, disks and interfaces get theirs from the
    launch template, the Auto Scaling group from resources that tag it (aws/containers-roadmap #608, #1657).

    Args:
        name: Logical name.
        fact: The type and number of nodes.
        place: The cluster they join.
        tags: The cost tags; the launch template gets them from the tagging transform.
        dedicated_to: The only tenant whose pods may run here; None for shared nodes.
    """

    def __init__(
        self,
        name: str,
        fact: NodeGroup,
        place: NodePlace,
        *,
        tags: Mapping[str, str],
        dedicated_to: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("WorkerNodes"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        template = ec2.LaunchTemplate(f"{name}-template", **_template(fact), opts=child)
        self.group = eks.NodeGroup(
            name,
            cluster_name=place.cluster,
            node_role_arn=place.role_arn,
            subnet_ids=list(place.subnet_ids),
            ami_type=_IMAGE,
            instance_types=[fact.instance_type],
            scaling_config={"desired_size": fact.nodes, "min_size": fact.nodes, "max_size": fact.nodes + 1},
            update_config={"max_unavailable": 1},
            launch_template={
                "id": template.id,
                "version": template.latest_version.apply(str),
            },
            **_dedication(dedicated_to),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(place.rights)),
        )
        scaling = self.group.resources.apply(lambda made: made[0].autoscaling_groups[0].name)
        for key, value in tags.items():
            autoscaling.Tag(
                f"{name}-{key.partition('/')[2]}",
                autoscaling_group_name=scaling,
                tag={"key": key, "value": value, "propagate_at_launch": True},
                opts=child,
            )
        self.register_outputs({})


def node_place(cluster: ClusterControlPlane) -> NodePlace | None:
    """Where nodes join an adopted cluster; None when platform.yaml does not say how."""
    if not cluster.node_role_arn:
        return None
    return NodePlace(cluster.cluster, cluster.node_role_arn, cluster.node_subnet_ids)


def _dedication(tenant: str | None) -> dict[str, Any]:
    if tenant is None:
        return {}
    taint: Sequence[dict[str, str]] = [{"key": DEDICATED_TO, "value": tenant, "effect": "NO_SCHEDULE"}]
    return {"labels": {DEDICATED_TO: tenant}, "taints": taint}


def _template(fact: NodeGroup) -> dict[str, Any]:
    disk = {"volume_type": "gp3", "volume_size": fact.volume_gib, "encrypted": "true"}
    return {
        "block_device_mappings": [
            {"device_name": _ROOT_DEVICE, "ebs": {**disk, "delete_on_termination": "true"}}
        ],
        # One hop: a pod cannot reach the node's credentials (EKS best practices, IAM).
        "metadata_options": {
            "http_endpoint": "enabled",
            "http_tokens": "required",
            "http_put_response_hop_limit": 1,
        },
        "monitoring": {"enabled": True},
        "update_default_version": True,
    }

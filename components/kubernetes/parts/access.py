"""What a part may do with objects of the whole cluster."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.pods import Manifest


def allowed_in_cluster(
    name: str, account: tuple[str, str], rules: Sequence[Manifest], child: pulumi.ResourceOptions
) -> k8s.rbac.v1.ClusterRoleBinding:
    """A ClusterRole of *rules* for the service *account*, which is named with its namespace."""
    role = k8s.rbac.v1.ClusterRole(name, metadata={"name": name}, rules=list(rules), opts=child)
    return k8s.rbac.v1.ClusterRoleBinding(
        name,
        metadata={"name": name},
        role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        subjects=[{"kind": "ServiceAccount", "name": account[0], "namespace": account[1]}],
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[role])),
    )

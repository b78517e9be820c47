"""What every cluster of EKS has of security groups for pods: the kind of their policies.

The schema is that of the controller (amazon-vpc-resource-controller-k8s, config/crd/bases, kind
SecurityGroupPolicy, v1beta1); descriptions are left out.
"""

from __future__ import annotations

from typing import Any

from tests.localcloud.cluster import Cluster

API = "/apis/vpcresources.k8s.aws/v1beta1"
_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_EXPRESSION = {
    "type": "object",
    "required": ["key", "operator"],
    "properties": {"key": _TEXT, "operator": _TEXT, "values": _TEXTS},
}
_SELECTOR = {
    "type": "object",
    "properties": {
        "matchExpressions": {"type": "array", "items": _EXPRESSION},
        "matchLabels": {"type": "object", "additionalProperties": _TEXT},
    },
}
_GROUPS = {"type": "object", "properties": {"groupIds": {**_TEXTS, "minItems": 1}}}
_SPEC = {
    "type": "object",
    "properties": {
        "podSelector": _SELECTOR,
        "serviceAccountSelector": _SELECTOR,
        "securityGroups": _GROUPS,
    },
}
_KIND = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "securitygrouppolicies.vpcresources.k8s.aws"},
    "spec": {
        "group": "vpcresources.k8s.aws",
        "names": {
            "kind": "SecurityGroupPolicy",
            "plural": "securitygrouppolicies",
            "singular": "securitygrouppolicy",
        },
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1beta1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": _SPEC}}},
            }
        ],
    },
}


def install(cluster: Cluster) -> None:
    """Teach *cluster* the kind, and wait until its server knows it."""
    kinds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    cluster.client.post(kinds, json=_KIND).raise_for_status()
    cluster.wait_for(f"{API}/securitygrouppolicies")

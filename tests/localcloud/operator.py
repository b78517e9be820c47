"""What a cluster with the Prometheus operator has: its namespace, and its kind of rule.

The schema is the operator's own (PrometheusRule, v1), as far as alerts go: what it does not name is refused.
"""

from __future__ import annotations

from typing import Any

from tests.localcloud.cluster import Cluster

NAMESPACE = "monitoring"
_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS: dict[str, Any] = {"type": "object", "additionalProperties": _TEXT}
_DURATION: dict[str, Any] = {
    "type": "string",
    "pattern": r"^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$",
}


def _object(needed: list[str], **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": needed, "properties": properties}


_RULE = _object(
    ["expr"],
    alert=_TEXT,
    record=_TEXT,
    expr={"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True},
    labels=_TEXTS,
    annotations=_TEXTS,
    keep_firing_for=_DURATION,
    **{"for": _DURATION},
)
_GROUP = _object(["name"], name=_TEXT, interval=_DURATION, rules={"type": "array", "items": _RULE})
_SPEC = _object([], groups={"type": "array", "items": _GROUP})
_KIND = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "prometheusrules.monitoring.coreos.com"},
    "spec": {
        "group": "monitoring.coreos.com",
        "names": {"kind": "PrometheusRule", "plural": "prometheusrules", "singular": "prometheusrule"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": _object(["spec"], spec=_SPEC)},
            }
        ],
    },
}


def install(cluster: Cluster) -> None:
    """Bring what is needed of the operator into *cluster*, and wait until the server knows the kind."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    cluster.client.post("/api/v1/namespaces", json=namespace).raise_for_status()
    kinds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    cluster.client.post(kinds, json=_KIND).raise_for_status()
    cluster.wait_for("/apis/monitoring.coreos.com/v1/prometheusrules")

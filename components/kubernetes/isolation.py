"""Namespaces that admit pods of a Pod Security Standard, with quotas, default requests and readers."""

from __future__ import annotations

from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import pods
from components.kubernetes.network_policies import listed_traffic_only
from components.naming import component_type
from tiers.facts.every_fact import ComputeRequest, Namespace, NamespaceQuota
from tiers.facts.names import LOG_SHIPPER

_POD_SECURITY: Final = "pod-security.kubernetes.io"
TRAEFIK: Final = "traefik"
"""What Costack's own ingress controller, its Service and its account are called."""
_TRAEFIK_KINDS: Final = (
    *("ingressroutes", "ingressroutetcps", "ingressrouteudps", "middlewares", "middlewaretcps"),
    *("serverstransports", "serverstransporttcps", "tlsoptions", "tlsstores", "traefikservices"),
)
SUPPORT_GROUP: Final = "costack:support"
"""Members of this group in the cluster may only read pods, their logs and events."""
_SILENT: Final = ComputeRequest(
    cpu_request_millicores=100, memory_request_mib=128, cpu_limit_millicores=500, memory_limit_mib=512
)
"""What a pod of a shared namespace gets that says nothing."""
# The most objects a tenant needs in its namespace, with some for maintenance. Two claims are of a move, and
# two of a restore test with a storage class. cert-manager has a Secret for each host name; while it gets a
# certificate, one more and an Ingress.
_OBJECTS: Final = {
    "persistentvolumeclaims": 4,
    "secrets": 50,
    "configmaps": 20,
    "count/cronjobs.batch": 5,
    "count/jobs.batch": 30,
    "count/ingresses.networking.k8s.io": 25,
}


class TenantsNamespace(pulumi.ComponentResource):
    """A namespace without any traffic until a policy allows it; *quota* is that of one that tenants share."""

    def __init__(
        self,
        name: str,
        fact: Namespace,
        opts: pulumi.ResourceOptions | None = None,
        *,
        quota: NamespaceQuota | None = None,
    ) -> None:
        super().__init__(component_type("TenantsNamespace"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        self.namespace = k8s.core.v1.Namespace(
            name, metadata={"name": fact.namespace, "labels": _labels(fact)}, opts=child
        )
        inside = pulumi.ResourceOptions(parent=self, depends_on=[self.namespace])
        _support(name, fact.namespace, inside)
        if fact.routed_from:
            _routes(name, fact, fact.routed_from, inside)
        if fact.tenant is None:
            _defaults(name, fact.namespace, quota, inside)
        if quota is not None:
            metadata = {"name": "tenants", "namespace": fact.namespace}
            k8s.core.v1.ResourceQuota(
                f"{name}-quota", metadata=metadata, spec={"hard": _hard(quota)}, opts=inside
            )
        listed_traffic_only(name, fact, inside)
        self.register_outputs({})


class TenantQuota(pulumi.ComponentResource):
    """The quota of a tenant's own namespace, and the default requests of a pod.

    Without the limit range the quota would refuse every pod without requests.
    """

    def __init__(self, name: str, fact: NamespaceQuota, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(component_type("TenantQuota"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        metadata = {"name": "tenant", "namespace": fact.namespace}
        k8s.core.v1.ResourceQuota(name, metadata=metadata, spec={"hard": _hard(fact)}, opts=child)
        largest = pods.resources(fact.largest_pod)
        limit = {
            "default": largest["limits"],
            "defaultRequest": largest["requests"],
            "max": _bounded(fact.largest_pod, "limits"),
        }
        spec = {"limits": [{"type": "Container", **limit}]}
        k8s.core.v1.LimitRange(name, metadata=metadata, spec=spec, opts=child)
        self.register_outputs({})


def _hard(fact: NamespaceQuota) -> dict[str, str]:
    return {
        "requests.cpu": f"{fact.cpu_request_millicores}m",
        "requests.memory": f"{fact.memory_request_mib}Mi",
        "limits.memory": f"{fact.memory_limit_mib}Mi",
        "pods": str(fact.pods),
        "requests.storage": f"{fact.storage_gib}Gi",
        "services.loadbalancers": "0",
        "services.nodeports": "0",
        **{kind: str(count * fact.tenants) for kind, count in _OBJECTS.items()},
    }


def _bounded(compute: ComputeRequest, kind: str) -> dict[str, str]:
    """CPU and memory only. None for scratch space: a restore test needs as much as a tenant has data."""
    given = pods.resources(compute)[kind]
    return {each: given[each] for each in ("cpu", "memory")}


def _labels(fact: Namespace) -> dict[str, str]:
    """Enforce a fixed version, so that no upgrade refuses a pod; warn and audit by the latest."""
    # By its name the policy pack knows the one namespace that may be privileged.
    named = {"app.kubernetes.io/name": LOG_SHIPPER} if fact.pod_security == "privileged" else {}
    return {
        f"{_POD_SECURITY}/enforce": fact.pod_security,
        f"{_POD_SECURITY}/enforce-version": f"v{fact.pod_security_version}",
        f"{_POD_SECURITY}/audit": fact.pod_security,
        f"{_POD_SECURITY}/warn": fact.pod_security,
        **named,
    }


def _defaults(name: str, namespace: str, quota: NamespaceQuota | None, opts: pulumi.ResourceOptions) -> None:
    """Defaults for pods without requests in a shared namespace; all pods of this program have requests.

    A quota would refuse pods without them, and Kubernetes a default above the largest.
    """
    default, most = _SILENT, dict[str, Any]()
    if quota is not None:
        default = _no_larger(_SILENT, quota.largest_pod)
        most = {"max": _bounded(quota.largest_pod, "limits")}
    limits = {"default": _bounded(default, "limits"), "defaultRequest": _bounded(default, "requests"), **most}
    k8s.core.v1.LimitRange(
        f"{name}-defaults",
        metadata={"name": "defaults", "namespace": namespace},
        spec={"limits": [{"type": "Container", **limits}]},
        opts=opts,
    )


def _no_larger(one: ComputeRequest, other: ComputeRequest) -> ComputeRequest:
    return ComputeRequest(
        **{name: min(getattr(one, name), getattr(other, name)) for name in ComputeRequest.model_fields}
    )


def _support(name: str, namespace: str, opts: pulumi.ResourceOptions) -> None:
    metadata = {"name": "support", "namespace": namespace}
    look = {"apiGroups": [""], "resources": ["pods", "pods/log", "events"], "verbs": ["get", "list", "watch"]}
    group = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": SUPPORT_GROUP}
    _bound(f"{name}-support", metadata, [look], group, opts)


def _routes(name: str, fact: Namespace, controller: str, opts: pulumi.ResourceOptions) -> None:
    """What the ingress controller reads and writes. It keeps all Secrets of a namespace in memory, or none.

    RBAC cannot tell the Secrets with certificates from others, and Traefik waits until it may list them
    (3.6.12, pkg/provider/kubernetes/ingress/client.go). Of its own kinds it waits for all, and since 3.7 for
    ConfigMaps, too (pkg/provider/kubernetes/crd/client.go).
    """
    look = ["get", "list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["services", "secrets"], "verbs": look},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": look},
        {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": look},
        {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses/status"], "verbs": ["update"]},
    ]
    if fact.middlewares:
        rules += [
            {"apiGroups": ["traefik.io"], "resources": list(_TRAEFIK_KINDS), "verbs": look},
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": look},
        ]
    account = {"kind": "ServiceAccount", "name": TRAEFIK, "namespace": controller}
    _bound(f"{name}-routes", {"name": "routes", "namespace": fact.namespace}, rules, account, opts)


def _bound(
    name: str,
    metadata: dict[str, str],
    rules: list[dict[str, Any]],
    subject: dict[str, str],
    opts: pulumi.ResourceOptions,
) -> None:
    """A role, and who has it."""
    role = k8s.rbac.v1.Role(name, metadata=metadata, rules=rules, opts=opts)
    k8s.rbac.v1.RoleBinding(
        name,
        metadata=metadata,
        role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": metadata["name"]},
        subjects=[subject],
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[role])),
    )

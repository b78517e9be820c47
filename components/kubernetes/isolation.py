"""Namespaces that admit only restricted pods, and network policies that allow listed traffic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from components.aws.network import POSTGRESQL_PORT, REDIS_PORT
from components.kubernetes import pods
from components.kubernetes.pods import Manifest
from components.naming import component_type, physical_name
from tiers.facts.every_fact import ComputeRequest, Egress, Namespace, NamespaceQuota, Route
from tiers.facts.names import FINAL_BACKUP
from tiers.facts.network import DnsPeer
from tiers.vocabulary import PRIVATE_RANGES

_POD_SECURITY: Final = "pod-security.kubernetes.io"
SUPPORT_GROUP: Final = "costack:support"
"""Members of this group in the cluster may only read pods, their logs and events."""
_SILENT: Final = ComputeRequest(
    cpu_request_millicores=100, memory_request_mib=128, cpu_limit_millicores=500, memory_limit_mib=512
)
"""What a pod of a shared namespace gets that says nothing."""
# The most objects a tenant needs in its namespace, with some for certificates and for maintenance. Two claims
# are of a move, and two of a restore test with a storage class.
_OBJECTS: Final = {
    "persistentvolumeclaims": 4,
    "secrets": 20,
    "configmaps": 20,
    "count/cronjobs.batch": 5,
    "count/jobs.batch": 30,
    "count/ingresses.networking.k8s.io": 5,
}
_NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"
_POD_IDENTITY_AGENT: Final = "169.254.170.23/32"
_HTTPS: Final = 443


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
            name, metadata={"name": fact.namespace, "labels": _pod_security(fact)}, opts=child
        )
        inside = pulumi.ResourceOptions(parent=self, depends_on=[self.namespace])
        _support(name, fact.namespace, inside)
        if fact.tenant is None:
            _defaults(name, fact.namespace, quota, inside)
        if quota is not None:
            metadata = {"name": "tenants", "namespace": fact.namespace}
            k8s.core.v1.ResourceQuota(
                f"{name}-quota", metadata=metadata, spec={"hard": _hard(quota)}, opts=inside
            )
        every_pod: dict[str, Any] = {}
        _policy(
            f"{name}-default-deny",
            ("default-deny", fact.namespace),
            {"podSelector": every_pod, "policyTypes": ["Ingress", "Egress"]},
            inside,
        )
        _policy(
            f"{name}-allow-dns",
            ("allow-dns", fact.namespace),
            {
                "podSelector": every_pod,
                "policyTypes": ["Egress"],
                "egress": [_dns(server) for server in fact.dns_peers],
            },
            inside,
        )
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


class TenantBoundary(pulumi.ComponentResource):
    """What one tenant's pods may connect to, and what may connect to them."""

    def __init__(
        self,
        tenant: str,
        route: Route,
        egress: Egress,
        *,
        ingress_namespace: str,
        data_cidrs: Sequence[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("TenantBoundary"), tenant, egress.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        mine = {"app.kubernetes.io/name": "odoo", "app.kubernetes.io/instance": tenant}
        web = pods.identity(tenant, "web")
        rules: dict[str, Manifest] = {
            "from-ingress": _ingress_rule(web, ingress_namespace, route),
            "to-data": _egress_rule(mine, [_to(data_cidrs, POSTGRESQL_PORT, REDIS_PORT)]),
            "backup-to-storage": _backup_rule(mine),
        }
        if egress.internet:
            rules["to-internet"] = _egress_rule(mine, [_to_internet(_HTTPS, *egress.mail_ports)])
        if egress.cidrs:
            rules["to-named-networks"] = _egress_rule(mine, [_to(egress.cidrs, _HTTPS, *egress.mail_ports)])
        for purpose, spec in rules.items():
            name = physical_name(tenant, purpose)
            _policy(name, (name, route.namespace), spec, child)
        self.register_outputs({})


def operations_policy(
    name: str,
    namespace: str,
    data_cidrs: Sequence[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Jobs that administer databases may connect to databases and AWS; nothing may connect to them."""
    openings = [_to(data_cidrs, POSTGRESQL_PORT), _to_internet(_HTTPS), _to([_POD_IDENTITY_AGENT], 80)]
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": openings}
    _policy(name, ("operations", namespace), spec, opts)


def api_policy(
    name: str,
    namespace: str,
    selected: dict[str, str],
    api_cidrs: Sequence[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Pods that use the Kubernetes API may connect to it, and to nothing else."""
    _policy(name, (name, namespace), _egress_rule(selected, [to_api(api_cidrs)]), opts)


def scraped_policy(
    where: tuple[str, str],
    selected: dict[str, str],
    scraped: tuple[str, int],
    openings: Sequence[Manifest],
    opts: pulumi.ResourceOptions,
) -> None:
    """The policy *where*, by name and namespace, of pods that Prometheus asks.

    Only the namespace in *scraped* may connect, to the port in it. It opens nothing but *openings* to them.
    """
    watching, port = scraped
    peer = {"namespaceSelector": {"matchLabels": {_NAMESPACE_NAME: watching}}}
    spec = _egress_rule(selected, list(openings)) | {
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [peer], "ports": _tcp([port])}],
    }
    _policy(where[0], where, spec, opts)


def to_postgresql(data_cidrs: Sequence[str]) -> Manifest:
    """An opening to the databases of the platform and its tenants."""
    return _to(data_cidrs, POSTGRESQL_PORT)


def to_api(api_cidrs: Sequence[str]) -> Manifest:
    """An opening to the Kubernetes API."""
    return _to(api_cidrs, _HTTPS)


def to_storage() -> list[Manifest]:
    """The openings to the bucket, and to the agent that gives pods their role."""
    return [_to_internet(_HTTPS), _to([_POD_IDENTITY_AGENT], 80)]


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


def _pod_security(fact: Namespace) -> dict[str, str]:
    """Enforce a fixed version, so that no upgrade refuses a pod; warn and audit by the latest."""
    return {
        f"{_POD_SECURITY}/enforce": "restricted",
        f"{_POD_SECURITY}/enforce-version": f"v{fact.pod_security_version}",
        f"{_POD_SECURITY}/audit": "restricted",
        f"{_POD_SECURITY}/warn": "restricted",
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
    role = k8s.rbac.v1.Role(f"{name}-support", metadata=metadata, rules=[look], opts=opts)
    k8s.rbac.v1.RoleBinding(
        f"{name}-support",
        metadata=metadata,
        role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "support"},
        subjects=[{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": SUPPORT_GROUP}],
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[role])),
    )


def _policy(logical_name: str, where: tuple[str, str], spec: Manifest, opts: pulumi.ResourceOptions) -> None:
    name, namespace = where
    k8s.networking.v1.NetworkPolicy(
        logical_name, metadata={"name": name, "namespace": namespace}, spec=spec, opts=opts
    )


def _ingress_rule(selected: dict[str, str], ingress_namespace: str, route: Route) -> Manifest:
    # Namespace and pod selector in one peer: as two items they would mean "either", a common mistake.
    peer = {
        "namespaceSelector": {"matchLabels": {_NAMESPACE_NAME: ingress_namespace}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "traefik"}},
    }
    ports = sorted({route.http_port, route.websocket_port})
    return {
        "podSelector": {"matchLabels": selected},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [peer], "ports": _tcp(ports)}],
    }


def _egress_rule(selected: dict[str, str], openings: list[Manifest]) -> Manifest:
    return {"podSelector": {"matchLabels": selected}, "policyTypes": ["Egress"], "egress": openings}


def _backup_rule(mine: dict[str, str]) -> Manifest:
    """Nightly backups and the last one reach the bucket, and the agent that has their role."""
    rule = _egress_rule(mine, to_storage())
    parts = {"key": "app.kubernetes.io/component", "operator": "In", "values": ["backup", FINAL_BACKUP]}
    return rule | {"podSelector": {"matchLabels": mine, "matchExpressions": [parts]}}


def _dns(server: DnsPeer) -> Manifest:
    # The name of a namespace is a label of it that nobody else can set.
    peer: Manifest = {"ipBlock": {"cidr": server.cidr}}
    if server.namespace:
        peer = {
            "namespaceSelector": {"matchLabels": {_NAMESPACE_NAME: server.namespace}},
            "podSelector": {"matchLabels": dict(server.pod_labels)},
        }
    ports = [{"protocol": protocol, "port": port} for port in server.ports for protocol in ("UDP", "TCP")]
    return {"to": [peer], "ports": ports}


def _to(cidrs: Sequence[str], *ports: int) -> Manifest:
    return {"to": [{"ipBlock": {"cidr": cidr}} for cidr in cidrs], "ports": _tcp(ports)}


def _to_internet(*ports: int) -> Manifest:
    block = {"cidr": "0.0.0.0/0", "except": list(PRIVATE_RANGES)}
    return {"to": [{"ipBlock": block}], "ports": _tcp(ports)}


def _tcp(ports: Iterable[int]) -> list[Manifest]:
    return [{"protocol": "TCP", "port": port} for port in ports]

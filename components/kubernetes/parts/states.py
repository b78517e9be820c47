"""kube-state-metrics: what pods, claims and Services there are, and whose."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import pods
from components.kubernetes.network_policies import to_api
from components.kubernetes.parts.exporter import exporter
from components.naming import component_type
from tiers.facts.every_fact import StateExporter

PORT: Final = 8080
_TELEMETRY_PORT: Final = 8081
# What drivers, alerts and the dashboard ask for. No Secret and no ConfigMap: it could read what they hold.
_WATCHED: Final = {
    "": ("persistentvolumeclaims", "pods", "services"),
    "apps": ("deployments",),
    "batch": ("cronjobs", "jobs"),
}
_LABELLED: Final = ("persistentvolumeclaims", "pods", "services")
_COST_LABEL: Final = "cost/tenant"


class KubeStateMetrics(pulumi.ComponentResource):
    """One pod that may list and watch what it tells, in all namespaces, and nothing else."""

    def __init__(self, name: str, fact: StateExporter, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(component_type("KubeStateMetrics"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        labels = pods.identity(name, "states", name="kube-state-metrics")
        account = pods.service_account(name, name, fact.namespace, child)
        bound = _may_watch(name, fact.namespace, child)
        exporter(
            name,
            fact,
            labels,
            _pod(fact, name),
            parent=self,
            port=PORT,
            openings=[to_api(fact.api_cidrs)],
            after=[account, bound],
        )
        self.register_outputs({})


def arguments() -> list[str]:
    """What it is started with: only what it is asked for, with the labels that say whose a thing is."""
    resources = sorted(each for watched in _WATCHED.values() for each in watched)
    allowed = ",".join(f"{each}=[{_COST_LABEL}]" for each in _LABELLED)
    return [
        f"--resources={','.join(resources)}",
        f"--metric-labels-allowlist={allowed}",
        f"--port={PORT}",
        f"--telemetry-port={_TELEMETRY_PORT}",
    ]


def _pod(fact: StateExporter, account: str) -> pods.Manifest:
    container = pods.container(
        fact.name,
        fact.image,
        fact.compute,
        mounts=[{"name": "access", "mountPath": pods.API_ACCESS, "readOnly": True}],
        args=arguments(),
        ports=[{"name": pods.METRICS_PORT, "containerPort": PORT}],
        livenessProbe={"httpGet": {"path": "/healthz", "port": pods.METRICS_PORT}, "timeoutSeconds": 5},
    )
    return pods.pod(fact.run_as_user, fact.run_as_group, account, [container], [pods.api_access("access")])


def _may_watch(name: str, namespace: str, child: pulumi.ResourceOptions) -> k8s.rbac.v1.ClusterRoleBinding:
    rules = [
        {"apiGroups": [group], "resources": list(resources), "verbs": ["list", "watch"]}
        for group, resources in _WATCHED.items()
    ]
    role = k8s.rbac.v1.ClusterRole(name, metadata={"name": name}, rules=rules, opts=child)
    return k8s.rbac.v1.ClusterRoleBinding(
        name,
        metadata={"name": name},
        role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        subjects=[{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[role])),
    )

"""Traefik: the way from the load balancer to the tenants' pods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import pods
from components.kubernetes.isolation import TRAEFIK
from components.kubernetes.network_policies import ingress_policy
from components.kubernetes.parts.access import allowed_in_cluster
from components.kubernetes.priority import scheduling, spread
from components.naming import component_type
from tiers.facts.every_fact import IngressController
from tiers.facts.names import EVENTED_PORT, HTTP_PORT

METRICS: Final = 9100
ENTRIES: Final = {"web": (80, 8000), "websecure": (443, 8443)}
"""Name of a way in -> the port of the load balancer, and the port of the pods."""
_CONTROLLER: Final = "traefik.io/ingress-controller"
_LARGE_UPLOAD_SECONDS: Final = 900
_DRAIN_SECONDS: Final = 15


class Traefik(pulumi.ComponentResource):
    """Pods that read Ingresses, Services and Secrets of the namespaces with a tenant's route, and no other.

    Args:
        name: Logical name.
        fact: How many pods there are, and where.
        routed: The namespaces that it reads, with its rights in them: a pod that may not read one of them
            knows no route at all.
        opts: Options of the component.
    """

    def __init__(
        self,
        name: str,
        fact: IngressController,
        routed: Sequence[pulumi.Input[pulumi.Resource]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("Traefik"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        labels = pods.identity(name, "ingress", name=TRAEFIK)
        account = pods.service_account(name, TRAEFIK, fact.namespace, child)
        bound = _may_read_classes(name, fact.namespace, child)
        _way_in(name, fact, labels, child)
        metadata = {"name": TRAEFIK, "namespace": fact.namespace}
        if fact.replicas > 1:
            budget = {"maxUnavailable": 1, "selector": {"matchLabels": labels}}
            k8s.policy.v1.PodDisruptionBudget(name, metadata=metadata, spec=budget, opts=child)
        k8s.apps.v1.Deployment(
            name,
            metadata={**metadata, "labels": labels},
            spec={
                "replicas": fact.replicas,
                "selector": {"matchLabels": labels},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
                "template": pods.pod_template(labels, _pod(fact, labels)),
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[account, bound, *routed]),
        )
        self.register_outputs({})


def arguments(namespace: str, namespaces: Sequence[str], *, middlewares: bool = False) -> list[str]:
    """What it is started with, to serve the Ingresses of *namespaces* (Traefik 3, static configuration).

    Without *middlewares* it does not ask for its own kinds, which an API server need not know.
    """
    own = ["--providers.kubernetescrd=true", f"--providers.kubernetescrd.namespaces={','.join(namespaces)}"]
    entries = [f"--entrypoints.{name}.address=:{port}" for name, (_, port) in ENTRIES.items()]
    return [
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        *entries,
        "--entrypoints.web.http.redirections.entrypoint.to=:443",
        "--entrypoints.web.http.redirections.entrypoint.scheme=https",
        "--entrypoints.websecure.http.tls=true",
        f"--entrypoints.websecure.transport.respondingtimeouts.readtimeout={_LARGE_UPLOAD_SECONDS}s",
        f"--entrypoints.websecure.transport.lifecycle.requestacceptgracetimeout={_DRAIN_SECONDS}s",
        f"--entrypoints.metrics.address=:{METRICS}",
        "--ping=true",
        "--ping.entrypoint=metrics",
        "--metrics.prometheus=true",
        "--metrics.prometheus.entrypoint=metrics",
        "--metrics.prometheus.addserviceslabels=true",
        "--providers.kubernetesingress=true",
        f"--providers.kubernetesingress.namespaces={','.join(namespaces)}",
        f"--providers.kubernetesingress.ingressendpoint.publishedservice={namespace}/{TRAEFIK}",
        *(own if middlewares else []),
    ]


def _way_in(
    name: str, fact: IngressController, labels: dict[str, str], child: pulumi.ResourceOptions
) -> None:
    """The load balancer, who may come through it, and the class that Ingresses may name."""
    k8s.networking.v1.IngressClass(
        name, metadata={"name": name}, spec={"controller": _CONTROLLER}, opts=child
    )
    ingress_policy(
        (TRAEFIK, fact.namespace),
        labels,
        entered=(fact.source_ranges, [port for _, port in ENTRIES.values()]),
        scraped=(fact.scraped_from, METRICS),
        routed=(fact.namespaces, (HTTP_PORT, EVENTED_PORT)),
        api_cidrs=fact.api_cidrs,
        leads_to={"solvers": fact.middlewares, "maintenance": fact.maintenance},
        opts=child,
    )
    metadata = {"name": TRAEFIK, "namespace": fact.namespace}
    annotations = dict(fact.annotations)
    k8s.core.v1.Service(
        name,
        metadata={**metadata, "labels": labels, "annotations": annotations},
        spec=_service(fact, labels),
        opts=child,
    )


def _service(fact: IngressController, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "type": "LoadBalancer",
        # Else the address of a client would be a node's.
        "externalTrafficPolicy": "Local",
        "loadBalancerSourceRanges": list(fact.source_ranges),
        "selector": labels,
        "ports": [{"name": name, "port": port, "targetPort": name} for name, (port, _) in ENTRIES.items()],
    }


def _pod(fact: IngressController, labels: dict[str, str]) -> pods.Manifest:
    ports = {**{name: port for name, (_, port) in ENTRIES.items()}, pods.METRICS_PORT: METRICS}
    asked = {"httpGet": {"path": "/ping", "port": pods.METRICS_PORT}, "timeoutSeconds": 5}
    container = pods.container(
        fact.name,
        fact.image,
        fact.compute,
        mounts=[{"name": "access", "mountPath": pods.API_ACCESS, "readOnly": True}],
        args=arguments(fact.namespace, fact.namespaces, middlewares=fact.middlewares),
        ports=[{"name": name, "containerPort": port} for name, port in ports.items()],
        # It answers before it has read the routes, which takes a second or two.
        readinessProbe={**asked, "initialDelaySeconds": 10},
        livenessProbe=asked,
    )
    return pods.pod(
        fact.run_as_user,
        fact.run_as_group,
        TRAEFIK,
        [container],
        [pods.api_access("access")],
        topologySpreadConstraints=spread(
            labels, strict=fact.spread.zones > 1, by_rollout=fact.spread.by_rollout
        ),
        terminationGracePeriodSeconds=60,
        **scheduling(fact),
    )


def _may_read_classes(
    name: str, namespace: str, child: pulumi.ResourceOptions
) -> k8s.rbac.v1.ClusterRoleBinding:
    """What it waits for before it knows a route, although tenants' Ingresses name no class (3.6.12)."""
    look = ["get", "list", "watch"]
    rules = [
        {"apiGroups": ["networking.k8s.io"], "resources": ["ingressclasses"], "verbs": look},
        {"apiGroups": [""], "resources": ["nodes"], "verbs": look},
    ]
    return allowed_in_cluster(name, (TRAEFIK, namespace), rules, child)

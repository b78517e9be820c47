"""The way to Odoo from outside: a Service before its pods, and Ingresses for its host names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import odoo, pods
from components.kubernetes.ingress import TRAEFIK_API, Spelling, redirects_name, spelling
from components.kubernetes.pods import Manifest
from components.kubernetes.workload import rollout_patience
from components.naming import component_type, physical_name, short_hash
from tiers.facts.every_fact import Route, Workload
from tiers.facts.names import MAINTENANCE


class OdooRoute(pulumi.ComponentResource):
    """The route from outside: a Service, and Ingresses that send `/websocket` to its own port.

    Pulumi's Kubernetes provider waits until no pod behind the Service is unready, and 10 minutes for the
    address that the ingress controller writes into the Ingress (4.25.0, `await/service.go`, `ingress.go`).

    Args:
        tenant: The tenant.
        fact: Host names, ports, and what the ingress controller is told.
        web: The pods behind it.
        maintenance: What answers in their place while they are stopped, if there is a page.
        opts: Options of the component.
    """

    def __init__(
        self,
        tenant: str,
        fact: Route,
        web: Workload,
        opts: pulumi.ResourceOptions | None = None,
        *,
        maintenance: Sequence[pulumi.Resource] = (),
    ) -> None:
        name = physical_name(tenant, "web")
        super().__init__(component_type("OdooRoute"), name, fact.model_dump(mode="json"), opts)
        told = spelling(tenant, fact)
        # A rule that lets few people in is there before the route that names it.
        after = pulumi.ResourceOptions(parent=self, depends_on=[*self._objects(fact, told), *maintenance])
        ports = {odoo.HTTP_PORT_NAME: fact.http_port}
        if fact.websocket_port != fact.http_port:
            ports[odoo.EVENTED_PORT_NAME] = fact.websocket_port
        k8s.core.v1.Service(
            name,
            metadata=_metadata(name, fact, told.service),
            spec={
                "selector": (
                    pods.identity(tenant, MAINTENANCE, name=MAINTENANCE)
                    if maintenance
                    else pods.identity(tenant, "web")
                ),
                "ports": [
                    {"name": port, "port": number, "targetPort": number} for port, number in ports.items()
                ],
            },
            opts=pulumi.ResourceOptions.merge(after, rollout_patience(web)),
        )
        paths = [_path("/websocket", name, fact.websocket_port), _path("/", name, fact.http_port)]
        _ingress(name, fact, fact.hosts, paths, told.served, after)
        if fact.redirects:
            self._redirects(tenant, fact, told, after)
        self.register_outputs({})

    def _objects(self, fact: Route, told: Spelling) -> list[pulumi.Resource]:
        child = pulumi.ResourceOptions(parent=self)
        return [
            k8s.apiextensions.CustomResource(
                each.name,
                api_version=TRAEFIK_API,
                kind=each.kind,
                metadata=_metadata(each.name, fact),
                spec=each.spec,
                opts=child,
            )
            for each in told.objects
        ]

    def _redirects(self, tenant: str, fact: Route, told: Spelling, after: pulumi.ResourceOptions) -> None:
        """No request reaches the backend, which every Ingress must name."""
        name = redirects_name(tenant)
        path = _path("/", physical_name(tenant, "web"), fact.http_port)
        if told.redirect_port:
            path["backend"] = {"service": {"name": name, "port": told.redirect_port}}
        _ingress(name, fact, fact.redirects, [path], told.redirected, after)


def secret_name(service: str, fact: Route, host: str) -> str:
    """The Secret with the certificate of *host*.

    Each host name has one of its own: one whose name does not lead here yet keeps no other from its
    certificate.
    """
    return f"{service}-tls" if host == fact.hostname else f"{service}-{short_hash(host)}-tls"


def _ingress(  # noqa: PLR0917 - what an Ingress is made of
    name: str,
    fact: Route,
    hosts: Sequence[str],
    paths: Sequence[Manifest],
    annotations: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> None:
    spec: Manifest = {
        "tls": [{"hosts": [host], "secretName": secret_name(name, fact, host)} for host in hosts],
        "rules": [{"host": host, "http": {"paths": list(paths)}} for host in hosts],
    }
    if fact.class_name:
        spec["ingressClassName"] = fact.class_name
    k8s.networking.v1.Ingress(name, metadata=_metadata(name, fact, annotations), spec=spec, opts=opts)


def _metadata(name: str, fact: Route, annotations: Mapping[str, str] | None = None) -> Manifest:
    noted = {"annotations": dict(annotations)} if annotations else {}
    return {"name": name, "namespace": fact.namespace, **noted}


def _path(prefix: str, service: str, port: int) -> Manifest:
    backend = {"service": {"name": service, "port": {"number": port}}}
    return {"path": prefix, "pathType": "Prefix", "backend": backend}

"""The way to Odoo from outside: a Service before its pods, and an Ingress."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import odoo, pods
from components.kubernetes.pods import Manifest
from components.kubernetes.workload import rollout_patience
from components.naming import component_type, physical_name
from tiers.facts.every_fact import Route, Workload


class OdooRoute(pulumi.ComponentResource):
    """The route from outside: a Service, and an Ingress that sends `/websocket` to its own port.

    Pulumi's Kubernetes provider waits until no pod behind the Service is unready, and 10 minutes for the
    address that the ingress controller writes into the Ingress (4.25.0, `await/service.go`, `ingress.go`).

    Args:
        tenant: The tenant.
        fact: Host name and ports.
        web: The pods behind it.
        opts: Options of the component.
    """

    def __init__(
        self, tenant: str, fact: Route, web: Workload, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        name = physical_name(tenant, "web")
        super().__init__(component_type("OdooRoute"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        metadata = {"name": name, "namespace": fact.namespace}
        ports = {odoo.HTTP_PORT_NAME: fact.http_port}
        if fact.websocket_port != fact.http_port:
            ports[odoo.EVENTED_PORT_NAME] = fact.websocket_port
        k8s.core.v1.Service(
            name,
            metadata=metadata,
            spec={
                "selector": pods.identity(tenant, "web"),
                "ports": [
                    {"name": port, "port": number, "targetPort": number} for port, number in ports.items()
                ],
            },
            opts=pulumi.ResourceOptions.merge(child, rollout_patience(web)),
        )
        k8s.networking.v1.Ingress(name, metadata=metadata, spec=_ingress(name, fact), opts=child)
        self.register_outputs({})


def _ingress(service: str, fact: Route) -> Manifest:
    def path(prefix: str, port: int) -> Manifest:
        backend = {"service": {"name": service, "port": {"number": port}}}
        return {"path": prefix, "pathType": "Prefix", "backend": backend}

    return {
        "tls": [{"hosts": [fact.hostname], "secretName": f"{service}-tls"}],
        "rules": [
            {
                "host": fact.hostname,
                "http": {"paths": [path("/websocket", fact.websocket_port), path("/", fact.http_port)]},
            }
        ],
    }

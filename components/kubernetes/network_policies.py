"""Network policies: traffic that is listed, and no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from components.aws.network import POSTGRESQL_PORT, REDIS_PORT
from components.kubernetes import pods
from components.kubernetes.pods import Manifest
from components.naming import component_type, physical_name
from components.openings import HTTPS, NAMESPACE_NAME, tcp, to_aws, to_internet, to_names, to_ranges
from tiers.facts.controllers import CONTROLLERS
from tiers.facts.every_fact import Egress, Namespace, Route
from tiers.facts.ingress import ControllerKind
from tiers.facts.names import (
    FILL_SIDE,
    FINAL_BACKUP,
    LIVE_BACKUP,
    MAINTENANCE,
    ODOO_UPDATE,
    RESTORE_FILES,
    UPGRADE_SIDE,
)

_SOLVER: Final = {"acme.cert-manager.io/http01-solver": "true"}
"""Pods of cert-manager that answer a certificate authority (cert-manager.io, "HTTP01", pod labels)."""
_SOLVER_PORT: Final = 8089
_OF_THE_BUCKET: Final = (
    *("backup", FINAL_BACKUP, LIVE_BACKUP),
    *(ODOO_UPDATE, FILL_SIDE, RESTORE_FILES, UPGRADE_SIDE),
)


def listed_traffic_only(name: str, fact: Namespace, opts: pulumi.ResourceOptions) -> None:
    """No traffic in a namespace until a policy allows it, but questions to its servers for names."""
    every_pod: dict[str, Any] = {}
    _policy(
        f"{name}-default-deny",
        ("default-deny", fact.namespace),
        {"podSelector": every_pod, "policyTypes": ["Ingress", "Egress"]},
        opts,
    )
    _policy(
        f"{name}-allow-dns",
        ("allow-dns", fact.namespace),
        {
            "podSelector": every_pod,
            "policyTypes": ["Egress"],
            "egress": [to_names(server) for server in fact.dns_peers],
        },
        opts,
    )


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
        ports = sorted({route.http_port, route.websocket_port})
        rules: dict[str, Manifest] = {
            "from-ingress": _from_ingress(web, _peers(ingress_namespace, route), ports),
            "to-data": _egress_rule(mine, [to_ranges(data_cidrs, POSTGRESQL_PORT, REDIS_PORT)]),
            "backup-to-storage": _backup_rule(mine),
        }
        if egress.internet:
            rules["to-internet"] = _egress_rule(mine, [to_internet(HTTPS, *egress.mail_ports)])
        if egress.cidrs:
            rules["to-named-networks"] = _egress_rule(
                mine, [to_ranges(egress.cidrs, HTTPS, *egress.mail_ports)]
            )
        if route.certificate and route.certificate.issuer:
            rules["to-solver"] = _from_ingress(_SOLVER, _peers(ingress_namespace, route), [_SOLVER_PORT])
        for purpose, spec in rules.items():
            name = physical_name(tenant, purpose)
            _policy(name, (name, route.namespace), spec, child)
        self.register_outputs({})


def maintenance_policy(
    name: str,
    selected: dict[str, str],
    route: Route,
    ports: Sequence[int],
    *,
    ingress_namespace: str,
    opts: pulumi.ResourceOptions,
) -> None:
    """A maintenance page answers what comes from outside, and connects to nothing."""
    spec = _from_ingress(selected, _peers(ingress_namespace, route), ports)
    _policy(name, (name, route.namespace), spec, opts)


def operations_policy(
    name: str,
    namespace: str,
    data_cidrs: Sequence[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Jobs that administer databases may connect to databases and AWS; nothing may connect to them."""
    openings = [to_ranges(data_cidrs, POSTGRESQL_PORT), *to_aws()]
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
    peer = {"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: watching}}}
    spec = _egress_rule(selected, list(openings)) | {
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [peer], "ports": tcp([port])}],
    }
    _policy(where[0], where, spec, opts)


def ingress_policy(
    where: tuple[str, str],
    selected: dict[str, str],
    *,
    entered: tuple[Sequence[str], Sequence[int]],
    scraped: tuple[str, int],
    routed: tuple[Sequence[str], Sequence[int]],
    api_cidrs: Sequence[str],
    leads_to: Mapping[str, bool],
    opts: pulumi.ResourceOptions,
) -> None:
    """The policy *where*, by name and namespace, of the ingress controller.

    The ranges in *entered* may connect to its ports, Prometheus to that in *scraped*. It may connect to the
    API, and to the ports of Odoo's web pods in the namespaces in *routed*; as far
    as *leads_to* says so, also to maintenance pages and to cert-manager's solvers there.
    """
    ranges, ports = entered
    namespaces, behind = routed
    watching, port = scraped
    prometheus = {"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: watching}}}
    names = {"key": NAMESPACE_NAME, "operator": "In", "values": list(namespaces)}
    web = {
        "namespaceSelector": {"matchExpressions": [names]},
        "podSelector": {
            "matchLabels": {"app.kubernetes.io/name": "odoo", "app.kubernetes.io/component": "web"}
        },
    }
    more = {
        "maintenance": ({"app.kubernetes.io/name": MAINTENANCE}, behind),
        "solvers": (_SOLVER, [_SOLVER_PORT]),
    }
    further = [
        {"to": [{**web, "podSelector": {"matchLabels": labels}}], "ports": tcp(listening)}
        for purpose, (labels, listening) in more.items()
        if leads_to.get(purpose)
    ]
    openings = [to_api(api_cidrs), {"to": [web], "ports": tcp(behind)}, *further]
    spec = _egress_rule(selected, openings) | {
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {"from": [{"ipBlock": {"cidr": cidr}} for cidr in ranges], "ports": tcp(ports)},
            {"from": [prometheus], "ports": tcp([port])},
        ],
    }
    _policy(where[0], where, spec, opts)


def to_postgresql(data_cidrs: Sequence[str]) -> Manifest:
    """An opening to the databases of the platform and its tenants."""
    return to_ranges(data_cidrs, POSTGRESQL_PORT)


def to_cache(data_cidrs: Sequence[str]) -> Manifest:
    """An opening to the session caches of the platform and its tenants."""
    return to_ranges(data_cidrs, REDIS_PORT)


def to_api(api_cidrs: Sequence[str]) -> Manifest:
    """An opening to the Kubernetes API."""
    return to_ranges(api_cidrs, HTTPS)


def _policy(logical_name: str, where: tuple[str, str], spec: Manifest, opts: pulumi.ResourceOptions) -> None:
    name, namespace = where
    k8s.networking.v1.NetworkPolicy(
        logical_name, metadata={"name": name, "namespace": namespace}, spec=spec, opts=opts
    )


def _peers(ingress_namespace: str, route: Route) -> list[Manifest]:
    """Who sends a tenant its requests: pods of the ingress controller, or a load balancer's own subnets."""
    if route.alb:
        return [{"ipBlock": {"cidr": cidr}} for cidr in route.alb.subnet_cidrs]
    # Namespace and pod selector in one peer: as two items they would mean "either", a common mistake.
    name = CONTROLLERS[route.controller or ControllerKind.TRAEFIK].pods
    return [
        {
            "namespaceSelector": {"matchLabels": {NAMESPACE_NAME: ingress_namespace}},
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
        }
    ]


def _from_ingress(selected: dict[str, str], peers: list[Manifest], ports: Sequence[int]) -> Manifest:
    return {
        "podSelector": {"matchLabels": selected},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": peers, "ports": tcp(ports)}],
    }


def _egress_rule(selected: dict[str, str], openings: list[Manifest]) -> Manifest:
    return {"podSelector": {"matchLabels": selected}, "policyTypes": ["Egress"], "egress": openings}


def _backup_rule(mine: dict[str, str]) -> Manifest:
    """Backups, and what restores them, reach the bucket and the agent of their roles."""
    rule = _egress_rule(mine, to_aws())
    parts = {"key": "app.kubernetes.io/component", "operator": "In", "values": list(_OF_THE_BUCKET)}
    return rule | {"podSelector": {"matchLabels": mine, "matchExpressions": [parts]}}

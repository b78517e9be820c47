"""What the ingress controller is told about a route: annotations, and objects of its own kinds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from components.kubernetes.pods import Manifest
from components.naming import physical_name
from tiers.facts.controllers import (
    ALLOW_CIDRS,
    BODY_SIZE,
    CERTIFICATE_ARN,
    CONTROLLERS,
    DNS_ANNOTATIONS,
    ISSUER_ANNOTATIONS,
    REDIRECTS,
    TIMEOUT,
)
from tiers.facts.every_fact import Route
from tiers.facts.ingress import ControllerKind

TRAEFIK_API: Final = "traefik.io/v1alpha1"
_HEALTH: Final = "/web/health"
_USE_ANNOTATION: Final = "use-annotation"


@dataclass(frozen=True)
class OwnObject:
    """An object of the controller's own kinds; it must exist before what names it."""

    kind: str
    name: str
    spec: Manifest


@dataclass(frozen=True)
class Spelling:
    """A route in the words of one controller.

    Attributes:
        served: Annotations of the Ingress with the host names at which Odoo answers.
        redirected: Annotations of the Ingress with those that lead to another.
        service: Annotations of the Service.
        objects: Objects that annotations name.
        redirect_port: The port of the backend of redirects, to which no request goes.
    """

    served: Mapping[str, str] = field(default_factory=dict)
    redirected: Mapping[str, str] = field(default_factory=dict)
    service: Mapping[str, str] = field(default_factory=dict)
    objects: tuple[OwnObject, ...] = ()
    redirect_port: Manifest | None = None


def spelling(tenant: str, fact: Route) -> Spelling:
    """*fact* of *tenant* in the words of its controller."""
    own = _WRITERS[fact.controller](tenant, fact) if fact.controller else Spelling()
    both = {**_issued(fact), **fact.annotations}
    return Spelling(
        served={**own.served, **both, **_recorded(fact, fact.hosts)},
        redirected={**own.redirected, **both, **_recorded(fact, fact.redirects)},
        service=own.service,
        objects=own.objects,
        redirect_port=own.redirect_port,
    )


def redirects_name(tenant: str) -> str:
    """What the Ingress of the host names that lead to another is called."""
    return physical_name(tenant, "redirects")


def _issued(fact: Route) -> dict[str, str]:
    """cert-manager makes a certificate for each Secret that an Ingress names for TLS."""
    issuer = fact.certificate and fact.certificate.issuer
    return {ISSUER_ANNOTATIONS[issuer.kind]: issuer.name} if issuer else {}


def _recorded(fact: Route, hosts: Sequence[str]) -> dict[str, str]:
    """external-dns makes records of these names that lead to the address of the Ingress."""
    return dict.fromkeys(DNS_ANNOTATIONS, ",".join(hosts)) if fact.dns else {}


def _of_nginx(tenant: str, fact: Route) -> Spelling:
    """Redirects lead to the first page.

    Since 1.12 a value with `$request_uri` is refused, and with it the whole location
    (`--enable-annotation-validation`; internal/ingress/annotations/parser/validators.go).
    """
    del tenant
    spelled = CONTROLLERS[ControllerKind.INGRESS_NGINX].spelled
    allowed = {spelled[ALLOW_CIDRS][0]: ",".join(fact.allow_cidrs)} if fact.allow_cidrs else {}
    served = dict(allowed)
    if fact.body_size_mib:
        served[spelled[BODY_SIZE][0]] = f"{fact.body_size_mib}m"
    if fact.timeout_seconds:
        served |= dict.fromkeys(spelled[TIMEOUT], str(fact.timeout_seconds))
    return Spelling(served=served, redirected={**allowed, spelled[REDIRECTS][0]: f"https://{fact.hostname}"})


def _of_traefik(tenant: str, fact: Route) -> Spelling:
    """Who may come is asked first: nothing of a refused request is kept.

    A Middleware that is missing closes the route that names it, and opens none.
    """
    spelled = CONTROLLERS[ControllerKind.TRAEFIK].spelled
    allowed, limits, redirects = (
        OwnObject("Middleware", physical_name(tenant, name), {kind: spec})
        for name, kind, spec in (
            ("allowed", "ipAllowList", {"sourceRange": list(fact.allow_cidrs)}),
            ("limits", "buffering", {"maxRequestBodyBytes": (fact.body_size_mib or 0) * 2**20}),
            ("redirects", "redirectRegex", _regex(fact)),
        )
    )
    transport = OwnObject(
        "ServersTransport",
        physical_name(tenant, "transport"),
        {"forwardingTimeouts": {"responseHeaderTimeout": f"{fact.timeout_seconds}s"}},
    )
    checked = [allowed] if fact.allow_cidrs else []
    served = [*checked, *([limits] if fact.body_size_mib else [])]
    redirected = [*checked, redirects] if fact.redirects else []
    timed = [transport] if fact.timeout_seconds else []

    def named(key: str, objects: list[OwnObject]) -> dict[str, str]:
        names = [f"{fact.namespace}-{each.name}@kubernetescrd" for each in objects]
        return {key: ",".join(names)} if names else {}

    return Spelling(
        served=named(spelled[ALLOW_CIDRS][1], served),
        redirected=named(spelled[REDIRECTS][1], redirected),
        service=named(spelled[TIMEOUT][1], timed),
        objects=tuple({each.name: each for each in (*served, *redirected, *timed)}.values()),
    )


def _regex(fact: Route) -> Manifest:
    """Path and query stay; the port of the way in does not."""
    return {
        "regex": r"^https?://[^/]+/(.*)",
        "replacement": f"https://{fact.hostname}/${{1}}",
        "permanent": True,
    }


def _of_alb(tenant: str, fact: Route) -> Spelling:
    """Rules of one load balancer for all tenants. Who may not come gets its answer to unknown names, 404.

    Odoo answers `/` with a redirect, which is no sign of health to a target group (`success-codes`: 200).
    """
    controller, alb = CONTROLLERS[ControllerKind.AWS], fact.alb
    spelled = controller.spelled
    common = {
        "target-type": "ip",
        "listen-ports": json.dumps([{"HTTP": 80}, {"HTTPS": 443}]),
        "ssl-redirect": "443",
        "healthcheck-path": _HEALTH,
        **({"group.name": alb.group, "scheme": alb.scheme} if alb else {}),
    }
    both = {f"{controller.prefix}{name}": value for name, value in common.items()}
    if fact.certificate and fact.certificate.arn:
        both[spelled[CERTIFICATE_ARN][0]] = fact.certificate.arn
    redirects = redirects_name(tenant)
    action = spelled[REDIRECTS][0].replace("TENANT-redirects", redirects)
    return Spelling(
        served={**both, **_from(fact, physical_name(tenant, "web"))},
        redirected={**both, action: _redirect(fact.hostname), **_from(fact, redirects)},
        redirect_port={"name": _USE_ANNOTATION},
    )


def _from(fact: Route, service: str) -> dict[str, str]:
    condition = {"field": "source-ip", "sourceIpConfig": {"values": list(fact.allow_cidrs)}}
    name = CONTROLLERS[ControllerKind.AWS].spelled[ALLOW_CIDRS][0].replace("TENANT-web", service)
    return {name: json.dumps([condition])} if fact.allow_cidrs else {}


def _redirect(host: str) -> str:
    where = {"protocol": "HTTPS", "port": "443", "host": host, "path": "/#{path}", "query": "#{query}"}
    return json.dumps({"type": "redirect", "redirectConfig": {**where, "statusCode": "HTTP_301"}})


_WRITERS: Final[Mapping[ControllerKind, Callable[[str, Route], Spelling]]] = MappingProxyType(
    {
        ControllerKind.TRAEFIK: _of_traefik,
        ControllerKind.INGRESS_NGINX: _of_nginx,
        ControllerKind.AWS: _of_alb,
    }
)

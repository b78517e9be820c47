"""How each ingress controller spells what a route may want, and what it cannot do.

Every name was read in the controller's own documentation and source of the version that is named with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Final

from tiers.facts.ingress import ControllerKind

ALIASES: Final = "aliases"
REDIRECTS: Final = "redirects"
ALLOW_CIDRS: Final = "allow_cidrs"
BODY_SIZE: Final = "body_size_mib"
TIMEOUT: Final = "timeout_seconds"
CERTIFICATE_ARN: Final = "certificate.arn"
ISSUER: Final = "certificate.issuer"
OPTIONS: Final = (ALIASES, REDIRECTS, ALLOW_CIDRS, BODY_SIZE, TIMEOUT, CERTIFICATE_ARN, ISSUER)
"""What a route may want, by its place below `routes`."""

ISSUER_ANNOTATIONS: Final = MappingProxyType(
    {"Issuer": "cert-manager.io/issuer", "ClusterIssuer": "cert-manager.io/cluster-issuer"}
)
"""By the kind of an issuer (cert-manager.io, "Annotated Ingress resource", 1.1 and newer)."""
_ISSUERS: Final = tuple(ISSUER_ANNOTATIONS.values())
DNS_ANNOTATIONS: Final = (
    "external-dns.kubernetes.io/hostname",
    "external-dns.alpha.kubernetes.io/hostname",
)
"""external-dns reads the first since 0.22, and before it the second; no version reads both (its
source/annotations/annotations.go). One that finds neither may delete the records it made."""
DNS_LEFT_ALONE: Final = tuple(each.replace("/hostname", "/controller") for each in DNS_ANNOTATIONS)
"""With any word but `dns-controller`, external-dns leaves an Ingress alone (its docs, "Annotations")."""
MOST_ALB_NETWORKS: Final = 2
"""A rule of an Application Load Balancer has five values: the host name, `/websocket`, `/websocket/*`, and
two networks (the controller's guide, annotation `conditions`; it makes two patterns of a prefix,
pkg/ingress/model_build_listener_rules.go)."""


@dataclass(frozen=True)
class Controller:
    """One controller's words.

    Attributes:
        version: The version in whose source they were read.
        source: Where its documentation lists them.
        pods: The label `app.kubernetes.io/name` of its pods; None when it sends no traffic itself.
        prefix: What its own annotations begin with.
        spelled: What is written for an option, annotations and kinds of objects.
        cannot: Options that it cannot do, each with why and what to do.
        free: Its own annotations that change one tenant's requests only, as patterns.
        closed: What to do in place of its other annotations, by pattern; the first that fits counts.
    """

    version: str
    source: str
    pods: str | None
    prefix: str
    spelled: Mapping[str, tuple[str, ...]]
    cannot: Mapping[str, str] = field(default_factory=dict)
    free: tuple[str, ...] = ()
    closed: Mapping[str, str] = field(default_factory=dict)


_NGINX: Final = "nginx.ingress.kubernetes.io/"
_TRAEFIK: Final = "traefik.ingress.kubernetes.io/"
_ALB: Final = "alb.ingress.kubernetes.io/"
_SNIPPET: Final = (
    "its text becomes part of NGINX's own configuration, in which it may do anything to all tenants"
)
_WHO: Final = "it decides who is let in, and could let others in"
_ELSEWHERE: Final = "it sends requests elsewhere than to this tenant's Odoo"
_PLAIN: Final = "requests could come, or go on, without TLS"
_FOR_ALL: Final = (
    "is one for the whole load balancer: another value stops the controller for all tenants of it"
)

CONTROLLERS: Final[Mapping[ControllerKind, Controller]] = MappingProxyType(
    {
        ControllerKind.TRAEFIK: Controller(
            version="3.7.9",
            source="doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress",
            pods="traefik",
            prefix=_TRAEFIK,
            spelled={
                ALIASES: ("spec.rules",),
                REDIRECTS: ("Middleware redirectRegex", f"{_TRAEFIK}router.middlewares"),
                ALLOW_CIDRS: ("Middleware ipAllowList", f"{_TRAEFIK}router.middlewares"),
                BODY_SIZE: ("Middleware buffering", f"{_TRAEFIK}router.middlewares"),
                TIMEOUT: ("ServersTransport", f"{_TRAEFIK}service.serverstransport"),
                ISSUER: _ISSUERS,
            },
            cannot={
                CERTIFICATE_ARN: "Traefik ends TLS itself, and a certificate of AWS Certificate Manager "
                "cannot leave AWS; use certificate.issuer",
            },
            free=("router.observability.*",),
            closed={
                "router.middlewares": "Costack writes it for redirects, allow_cidrs and body_size_mib",
                "router.entrypoints": _PLAIN,
                "router.tls*": "host names and certificates are written by hostname, aliases and certificate",
                "service.*": "Traefik reads it from Services only; for time-outs there is timeout_seconds",
            },
        ),
        ControllerKind.INGRESS_NGINX: Controller(
            version="1.15.1",
            source="kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations",
            pods="ingress-nginx",
            prefix=_NGINX,
            spelled={
                ALIASES: ("spec.rules",),
                REDIRECTS: (f"{_NGINX}permanent-redirect",),
                ALLOW_CIDRS: (f"{_NGINX}whitelist-source-range",),
                BODY_SIZE: (f"{_NGINX}proxy-body-size",),
                TIMEOUT: (f"{_NGINX}proxy-read-timeout", f"{_NGINX}proxy-send-timeout"),
                ISSUER: _ISSUERS,
            },
            cannot={
                CERTIFICATE_ARN: "ingress-nginx ends TLS itself, and a certificate of AWS Certificate "
                "Manager cannot leave AWS; use certificate.issuer",
            },
            free=(
                *("affinity*", "session-cookie-*", "cors-*", "enable-cors", "limit-*", "load-balance"),
                *(
                    "proxy-buffer*",
                    "proxy-buffers-number",
                    "proxy-busy-buffers-size",
                    "proxy-connect-timeout",
                ),
                *("proxy-next-upstream*", "proxy-request-buffering", "proxy-max-temp-file-size"),
                *("client-body-buffer-size", "enable-access-log", "preserve-trailing-slash"),
            ),
            closed={
                "*snippet": _SNIPPET,
                "auth-*": _WHO,
                "enable-global-auth": _WHO,
                "satisfy": _WHO,
                "denylist-source-range": "write the networks that may come into allow_cidrs",
                "whitelist-source-range": "write the networks into allow_cidrs",
                "allowlist-source-range": "write the networks into allow_cidrs",
                "server-alias": "write the host names into aliases",
                "permanent-redirect*": "write the host names that redirect into redirects",
                "temporal-redirect*": "write the host names that redirect into redirects",
                "from-to-www-redirect": "write the host name with www into redirects",
                "proxy-body-size": "write body_size_mib",
                "proxy-read-timeout": "write timeout_seconds",
                "proxy-send-timeout": "write timeout_seconds",
                **dict.fromkeys(
                    ("canary*", "mirror-*", "default-backend", "custom-http-errors", "upstream-vhost"),
                    _ELSEWHERE,
                ),
                **dict.fromkeys(("ssl-*", "force-ssl-redirect", "proxy-ssl-*", "backend-protocol"), _PLAIN),
                **dict.fromkeys(
                    ("rewrite-target", "use-regex", "app-root", "x-forwarded-prefix"),
                    "it changes the paths by which Odoo, and its websockets, are found",
                ),
                "*modsecurity*": "it could switch off a firewall that the platform has",
                "enable-owasp-core-rules": "it could switch off a firewall that the platform has",
            },
        ),
        ControllerKind.AWS: Controller(
            version="3.5.0",
            source="kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations",
            pods=None,
            prefix=_ALB,
            spelled={
                ALIASES: ("spec.rules",),
                REDIRECTS: (f"{_ALB}actions.TENANT-redirects",),
                ALLOW_CIDRS: (f"{_ALB}conditions.TENANT-web",),
                CERTIFICATE_ARN: (f"{_ALB}certificate-arn",),
            },
            cannot={
                BODY_SIZE: "an Application Load Balancer passes bodies of any size; leave it out, and bound "
                "uploads in Odoo (web.max_file_upload_size)",
                TIMEOUT: "an Application Load Balancer has one idle time-out for all tenants; set "
                "idle_timeout.timeout_seconds in its IngressClassParams, and leave this out",
                ISSUER: "an Application Load Balancer takes certificates of AWS Certificate Manager; use "
                "certificate.arn, or leave certificate out and it finds one by host name",
            },
            free=(
                *("healthcheck-interval-seconds", "healthcheck-timeout-seconds", "healthy-threshold-count"),
                *("unhealthy-threshold-count", "target-group-attributes"),
            ),
            closed={
                "auth-*": _WHO,
                "jwt-validation": _WHO,
                "inbound-cidrs": "write the networks into allow_cidrs",
                "certificate-arn": "write certificate.arn",
                "actions.*": _ELSEWHERE,
                "transforms.*": _ELSEWHERE,
                "conditions.*": _WHO,
                "tags": "cost tags say whose the load balancer is",
                "target-*": "Costack writes it: pods are reached at their own addresses",
                "healthcheck-*": "Costack writes it: Odoo is asked for its health",
                "listen-ports": _PLAIN,
                "backend-protocol*": _PLAIN,
                "group.*": "ingress.alb in platform.yaml says which load balancer it is",
                "scheme": "ingress.alb in platform.yaml says whether the internet reaches it",
                "*": _FOR_ALL,
            },
        ),
    }
)
"""What Costack knows of each controller."""

_INSTEAD: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(
            (*_ISSUERS, "cert-manager.io/issuer-*", "kubernetes.io/tls-acme"), "write certificate.issuer"
        ),
        "cert-manager.io/common-name": "write the host name as hostname",
        "cert-manager.io/alt-names": "write the host names into aliases",
        "external-dns.*": "write dns",
        "kubernetes.io/ingress.class": "write ingress.class_name in platform.yaml",
        "ingress.kubernetes.io/*": "no controller that Costack knows reads it any longer",
        "pulumi.com/*": "it would change how an update waits, or whose an object is",
    }
)


def refusal(annotation: str, kind: ControllerKind | None) -> str | None:
    """Why a tenant may not have *annotation* on its Ingress, in words that follow its name; None if it may.

    Capital letters count as small ones: Traefik reads its annotations in either.
    """
    name = annotation.lower()
    for pattern, instead in _INSTEAD.items():
        if fnmatchcase(name, pattern):
            return f"is not for annotations: {instead}"
    for other, controller in CONTROLLERS.items():
        if name.startswith(controller.prefix):
            return _own_refusal(name.removeprefix(controller.prefix), other, kind)
    return None


def _own_refusal(name: str, owner: ControllerKind, kind: ControllerKind | None) -> str | None:
    if kind is None:
        return f"is an annotation of {owner}; write ingress.controller in platform.yaml first"
    if owner is not kind:
        return f"is an annotation of {owner}, and ingress.controller is {kind}"
    controller = CONTROLLERS[kind]
    if any(fnmatchcase(name, pattern) for pattern in controller.free):
        return None
    for pattern, why in controller.closed.items():
        if fnmatchcase(name, pattern):
            return why if why == _FOR_ALL else f"is closed: {why}"
    known = ", ".join(controller.free)
    return f"is closed: of {kind}'s own, these change nothing but this tenant's requests: {known}"

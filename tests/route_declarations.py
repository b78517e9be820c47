"""Reads a route back from what was registered for it, by the names that controllers document."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tiers.facts.cdn import PATHS, Cdn
from tiers.facts.dns import DnsRecords
from tiers.facts.monitoring import MaintenancePage
from tiers.facts.network import Route

INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
SERVICE = "kubernetes:core/v1:Service"
NGINX = "nginx.ingress.kubernetes.io"
ALB = "alb.ingress.kubernetes.io"
TRAEFIK = "traefik.ingress.kubernetes.io"
Annotations = Mapping[str, str]


def route_pairs(fact: Route, registered: Any) -> dict[str, tuple[Any, Any]]:
    """What the fact says, and what was registered."""
    name = f"{fact.tenant}-web"
    ingress, service = registered.find(INGRESS, name), registered.find(SERVICE, name)
    led = registered.all(INGRESS, f"{fact.tenant}-redirects")
    hosts = [rule["host"] for rule in ingress["spec"]["rules"]]
    redirected = [rule["host"] for each in led for rule in each["spec"]["rules"]]
    ports = [_ports(rule) for rule in ingress["spec"]["rules"]]
    both = [_annotations(each) for each in (ingress, *led)]
    return {
        "namespace": ({fact.namespace}, {each["metadata"]["namespace"] for each in (ingress, *led)}),
        "hostname": (fact.hostname, hosts[0]),
        "aliases": (list(fact.aliases), hosts[1:]),
        "redirects": (list(fact.redirects), redirected),
        "where redirects lead": (
            [fact.hostname] * len(led),
            [_leads_to(fact, each, registered) for each in led],
        ),
        "ports": ([{"/": fact.http_port, "/websocket": fact.websocket_port}] * len(hosts), ports),
        "service": (
            {fact.http_port, fact.websocket_port},
            {each["port"] for each in service["spec"]["ports"]},
        ),
        "class_name": ({fact.class_name}, {each["spec"].get("ingressClassName") for each in (ingress, *led)}),
        "annotations": (True, all(fact.annotations.items() <= each.items() for each in both)),
        "allow_cidrs": ([list(fact.allow_cidrs)] * len(both), [_allowed(each, registered) for each in both]),
        "body_size_mib": (fact.body_size_mib, _body(both[0], registered)),
        "timeout_seconds": (fact.timeout_seconds, _timeout(both[0], _annotations(service), registered)),
        "certificate": ([_certificate(fact)] * len(both), [_from(each) for each in both]),
        "dns": (_records(fact), [_recorded(each) for each in both]),
        "alb": (
            [fact.alb and (fact.alb.group, fact.alb.scheme)] * len(both),
            [_balancer(each) for each in both],
        ),
    }


def _annotations(props: Mapping[str, Any]) -> Annotations:
    found: Annotations = props["metadata"].get("annotations", {})
    return found


def _ports(rule: Mapping[str, Any]) -> dict[str, int]:
    return {each["path"]: each["backend"]["service"]["port"]["number"] for each in rule["http"]["paths"]}


def _middlewares(annotations: Annotations, registered: Any) -> dict[str, Any]:
    """The specs of all Middlewares that an Ingress names, as one."""
    named = annotations.get(f"{TRAEFIK}/router.middlewares", "")
    specs: dict[str, Any] = {}
    for each in filter(None, named.split(",")):
        specs |= _own(each, "Middleware", registered)
    return specs


def _own(reference: str, kind: str, registered: Any) -> Mapping[str, Any]:
    """The spec of an object of Traefik's, by `NAMESPACE-NAME@kubernetescrd`."""
    called, _, provider = reference.partition("@")
    assert provider == "kubernetescrd"
    (props,) = (
        props
        for (token, _), props in registered.items()
        if token == f"kubernetes:traefik.io/v1alpha1:{kind}"
        and "{namespace}-{name}".format(**props["metadata"]) == called
    )
    spec: Mapping[str, Any] = props["spec"]
    return spec


def _leads_to(fact: Route, props: Mapping[str, Any], registered: Any) -> str | None:
    annotations = _annotations(props)
    if address := annotations.get(f"{NGINX}/permanent-redirect"):
        return address.removeprefix("https://")
    for key, value in annotations.items():
        if key.startswith(f"{ALB}/actions."):
            backends = [path["backend"]["service"] for path in props["spec"]["rules"][0]["http"]["paths"]]
            assert backends == [{"name": key.rpartition(".")[2], "port": {"name": "use-annotation"}}]
            return str(json.loads(value)["redirectConfig"]["host"])
    regex = _middlewares(annotations, registered).get("redirectRegex")
    if regex is None:
        return None
    # Go writes `${1}` for what Python writes as `\1`.
    replacement = regex["replacement"].replace("${1}", r"\1")
    told = re.sub(regex["regex"], replacement, f"https://{fact.redirects[0]}:443/a/b?c=d")
    return told.removeprefix("https://").removesuffix("/a/b?c=d")


def _allowed(annotations: Annotations, registered: Any) -> list[str]:
    if given := annotations.get(f"{NGINX}/whitelist-source-range"):
        return given.split(",")
    for key, value in annotations.items():
        if key.startswith(f"{ALB}/conditions."):
            (condition,) = json.loads(value)
            return list(condition["sourceIpConfig"]["values"])
    return list(_middlewares(annotations, registered).get("ipAllowList", {}).get("sourceRange", []))


def _body(annotations: Annotations, registered: Any) -> int | None:
    if given := annotations.get(f"{NGINX}/proxy-body-size"):
        return int(given.removesuffix("m"))
    given = _middlewares(annotations, registered).get("buffering")
    return given and given["maxRequestBodyBytes"] // 2**20


def _timeout(annotations: Annotations, of_service: Annotations, registered: Any) -> int | None:
    if given := annotations.get(f"{NGINX}/proxy-read-timeout"):
        assert given == annotations[f"{NGINX}/proxy-send-timeout"]
        return int(given)
    if named := of_service.get(f"{TRAEFIK}/service.serverstransport"):
        spec = _own(named, "ServersTransport", registered)
        return int(spec["forwardingTimeouts"]["responseHeaderTimeout"].removesuffix("s"))
    return None


def _certificate(fact: Route) -> tuple[str, str] | None:
    given = fact.certificate
    if given is None:
        return None
    if given.issuer:
        return given.issuer.kind, given.issuer.name
    return "arn", str(given.arn)


def _from(annotations: Annotations) -> tuple[str, str] | None:
    for key, kind in (
        (f"{ALB}/certificate-arn", "arn"),
        ("cert-manager.io/issuer", "Issuer"),
        ("cert-manager.io/cluster-issuer", "ClusterIssuer"),
    ):
        if key in annotations:
            return kind, annotations[key]
    return None


def _records(fact: Route) -> list[Any]:
    names = [fact.hosts, fact.redirects] if fact.redirects else [fact.hosts]
    if fact.dns == "route-53":
        return [["none"] * 2 for _ in names]
    return [[",".join(each)] * 2 if fact.dns else [] for each in names]


def _recorded(annotations: Annotations) -> list[str]:
    """What external-dns is told: of 0.22 and newer by the first prefix, of older ones by the second."""
    prefixes = ("external-dns.kubernetes.io", "external-dns.alpha.kubernetes.io")
    keys = [f"{prefix}/{word}" for prefix in prefixes for word in ("hostname", "controller")]
    return [annotations[key] for key in keys if key in annotations]


def _balancer(annotations: Annotations) -> tuple[str, str] | None:
    if f"{ALB}/group.name" not in annotations:
        return None
    return annotations[f"{ALB}/group.name"], annotations[f"{ALB}/scheme"]


def maintenance_pairs(fact: MaintenancePage, registered: Any) -> dict[str, tuple[Any, Any]]:
    """What the page's fact says, and what was registered; the Service leads to its pods."""
    name = f"{fact.tenant}-maintenance"
    props = registered.find("kubernetes:apps/v1:Deployment", name)
    template = props["spec"]["template"]
    (container,) = template["spec"]["containers"]
    given = {each["name"]: each["value"] for each in container["env"]}
    requests, limits = container["resources"]["requests"], container["resources"]["limits"]
    selector = registered.find(SERVICE, f"{fact.tenant}-web")["spec"]["selector"]
    return {
        "namespace": (fact.namespace, props["metadata"]["namespace"]),
        "replicas": (fact.replicas, props["spec"]["replicas"]),
        "image": (fact.image, container["image"]),
        "user": ((fact.run_as_user, fact.run_as_group), _user(template["spec"])),
        "said": (
            (fact.title, fact.text),
            tuple(given[each].replace("$$", "$") for each in ("TITLE", "TEXT")),
        ),
        "retry_after_seconds": (str(fact.retry_after_seconds), given["RETRY_AFTER"]),
        "cpu": (f"{fact.compute.cpu_request_millicores}m", requests["cpu"]),
        "memory": (f"{fact.compute.memory_limit_mib}Mi", limits["memory"]),
        "priority_class": (fact.priority_class, template["spec"]["priorityClassName"]),
        "the Service leads to it": (True, selector.items() <= template["metadata"]["labels"].items()),
    }


def _user(spec: Mapping[str, Any]) -> tuple[int, int]:
    return spec["securityContext"]["runAsUser"], spec["securityContext"]["runAsGroup"]


def cdn_pairs(fact: Cdn, registered: Any) -> dict[str, tuple[Any, Any]]:
    """What the fact says, and the distribution and the records that were registered for its tenant."""
    made = registered.find("aws:cloudfront/distribution:Distribution", f"{fact.tenant}-cdn")
    records = [
        each
        for kind in ("a", "aaaa")
        for each in registered.all("aws:route53/record:Record", f"{fact.tenant}-cdn-{kind}")
    ]
    (origin,) = made["origins"]
    behaviours = made["orderedCacheBehaviors"]
    kept = {(each["viewerProtocolPolicy"], *each["allowedMethods"]) for each in behaviours}
    default = made["defaultCacheBehavior"]
    return {
        "hostname": ([fact.hostname], made["aliases"]),
        "origin_domain": (fact.origin_domain, origin["domainName"]),
        "how it is asked": ("https-only", origin["customOriginConfig"]["originProtocolPolicy"]),
        "certificate_arn": (fact.certificate_arn, made["viewerCertificate"]["acmCertificateArn"]),
        "price_class": (fact.price_class, made["priceClass"]),
        "what is passed on": (PATHS, tuple(each["pathPattern"] for each in behaviours)),
        "how": ({("https-only", "GET", "HEAD")}, kept),
        "the rest is refused": (["self"], default["trustedSigners"]),
        "nobody signs a path": (set(), {name for each in behaviours for name in each if "trusted" in name}),
        "zone_id": ([fact.zone_id] * 2 if fact.zone_id else [], [each["zoneId"] for each in records]),
        "its records": ({fact.hostname} if fact.zone_id else set(), {each["name"] for each in records}),
    }


def record_pairs(fact: DnsRecords, registered: Any) -> dict[str, tuple[Any, Any]]:
    """What the fact says, and the records that were registered for its tenant."""
    token, ending = "aws:route53/record:Record", "-dns"
    made = [
        props
        for (kind, name), props in registered.items()
        if kind == token
        and name.startswith(f"{fact.tenant}-")
        and name.endswith(ending)
        # A tenant's name may begin with another's.
        and props["name"] in {each.name for each in fact.records}
    ]
    alias = [(fact.target, fact.target_zone_id)] if fact.target_zone_id else []
    plain = [] if alias else [fact.target]
    return {
        "records": (
            sorted((each.zone_id, each.name) for each in fact.records),
            sorted((each["zoneId"], each["name"]) for each in made),
        ),
        "target": ([plain] * len(made), [list(each.get("records") or []) for each in made]),
        "target_zone_id": (
            [alias] * len(made),
            [[(at["name"], at["zoneId"]) for at in each.get("aliases") or []] for each in made],
        ),
        "ttl_seconds": (
            [None if alias else fact.ttl_seconds] * len(made),
            [each.get("ttl") for each in made],
        ),
    }

"""What a tenant may write below `routes`, and what its platform's controller cannot do."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.components.kubernetes.test_route import ALL, ARN, SHARED, platform_with
from tests.portfolios import ROOT, catalog, tenant
from tiers.facts.controllers import CONTROLLERS, OPTIONS, refusal
from tiers.facts.ingress import ControllerKind
from tiers.portfolio.loading import faults_of_tenant
from tiers.portfolio.routes.section import RoutesSpec

PAGE = ROOT / "docs" / "routes.md"
# ingress-nginx 1.15.1, docs/user-guide/nginx-configuration/annotations-risk.md: risk High and Critical.
RISKY = (
    *("server-alias", "auth-tls-error-page", "auth-tls-match-cn", "configuration-snippet", "auth-signin"),
    *("auth-snippet", "auth-url", "mirror-host", "mirror-target", "modsecurity-snippet", "upstream-hash-by"),
    *("modsecurity-transaction-id", "proxy-ssl-name", "server-snippet", "stream-snippet"),
)


def faults(controller: str | None, **routes: Any) -> dict[str, str]:
    about = ALL[controller][0] if controller else {}
    found = faults_of_tenant(tenant(routes=routes), platform_with(controller, **about), catalog())
    return {".".join(map(str, where)): said for where, said in found}


@pytest.mark.parametrize("controller", ALL)
def test_what_a_controller_can_do_is_accepted(controller: str) -> None:
    assert faults(controller, **ALL[controller][1]) == {}


@pytest.mark.parametrize(
    ("controller", "routes", "where", "said"),
    [
        (None, {"redirects": ["www.acme.example"]}, "redirects", "needs ingress.controller in platform.yaml"),
        (None, {"allow_cidrs": ["203.0.113.0/24"]}, "allow_cidrs", "needs ingress.controller"),
        (None, {"certificate": {"arn": ARN}}, "certificate.arn", "needs ingress.controller"),
        ("traefik", {"certificate": {"arn": ARN}}, "certificate.arn", "use certificate.issuer"),
        ("ingress-nginx", {"certificate": {"arn": ARN}}, "certificate.arn", "use certificate.issuer"),
        (
            "aws-load-balancer-controller",
            {"certificate": {"arn": ARN.replace("us-east-1", "eu-west-1")}},
            "certificate.arn",
            "is in eu-west-1, and a load balancer takes those of us-east-1",
        ),
        (
            "aws-load-balancer-controller",
            {"certificate": {"issuer": {"kind": "Issuer", "name": "a"}}},
            "certificate.issuer",
            "use certificate.arn",
        ),
        ("aws-load-balancer-controller", {"body_size_mib": 1}, "body_size_mib", "leave it out"),
        ("aws-load-balancer-controller", {"timeout_seconds": 60}, "timeout_seconds", "IngressClassParams"),
        (
            "aws-load-balancer-controller",
            {"allow_cidrs": [f"203.0.113.{n}/32" for n in range(3)]},
            "allow_cidrs",
            "has 3 networks",
        ),
    ],
)
def test_what_a_controller_cannot_do_is_refused_with_what_to_do(
    controller: str | None, routes: dict[str, Any], where: str, said: str
) -> None:
    ((place, message),) = faults(controller, **routes).items()
    assert place == f"routes.{where}"
    assert said in message


def test_aliases_need_no_words_of_a_controller() -> None:
    assert faults(None, aliases=["shop.acme.example"], annotations={"example.com/team": "retail"}) == {}


@pytest.mark.parametrize("kind", ControllerKind)
def test_every_option_is_spelled_or_refused_by_each_controller_and_described(kind: ControllerKind) -> None:
    controller, page = CONTROLLERS[kind], PAGE.read_text(encoding="utf-8")
    assert {*controller.spelled} | {*controller.cannot} == {*OPTIONS}
    assert not {*controller.spelled} & {*controller.cannot}
    assert f"{kind} {controller.version}" in page
    assert controller.source in page
    for words in controller.spelled.values():
        assert not [word for word in words if f"`{word}`" not in page]
    assert not [name for name in controller.free if f"`{name}`" not in page]


@pytest.mark.parametrize("name", RISKY)
def test_what_ingress_nginx_calls_risky_is_closed(name: str) -> None:
    kind = ControllerKind.INGRESS_NGINX
    for spelled in (name, name.upper(), name.title()):
        assert refusal(f"nginx.ingress.kubernetes.io/{spelled}", kind)


@pytest.mark.parametrize("kind", ControllerKind)
def test_what_costack_writes_is_nobodys_to_write(kind: ControllerKind) -> None:
    for words in CONTROLLERS[kind].spelled.values():
        for word in words:
            if "/" in word:
                assert refusal(word.replace("TENANT", "acme"), kind), word
                assert refusal(word.upper().replace("TENANT", "ACME"), kind), word


@pytest.mark.parametrize(
    ("annotation", "kind", "said"),
    [
        ("nginx.ingress.kubernetes.io/server-snippet", "ingress-nginx", "NGINX's own configuration"),
        ("nginx.ingress.kubernetes.io/auth-url", "ingress-nginx", "decides who is let in"),
        ("nginx.ingress.kubernetes.io/proxy-body-size", "ingress-nginx", "write body_size_mib"),
        ("nginx.ingress.kubernetes.io/new-in-2.0", "ingress-nginx", "of ingress-nginx's own, these"),
        ("nginx.ingress.kubernetes.io/limit-rps", "traefik", "is an annotation of ingress-nginx"),
        ("traefik.ingress.kubernetes.io/router.middlewares", "traefik", "Costack writes it"),
        ("traefik.ingress.kubernetes.io/Router.Middlewares", "traefik", "Costack writes it"),
        ("traefik.ingress.kubernetes.io/router.entrypoints", "traefik", "without TLS"),
        ("alb.ingress.kubernetes.io/wafv2-acl-arn", "aws-load-balancer-controller", "stops the controller"),
        ("alb.ingress.kubernetes.io/tags", "aws-load-balancer-controller", "cost tags"),
        ("cert-manager.io/cluster-issuer", "traefik", "write certificate.issuer"),
        ("cert-manager.io/alt-names", "traefik", "into aliases"),
        ("external-dns.alpha.kubernetes.io/target", "traefik", "write dns"),
        ("external-dns.kubernetes.io/target", "traefik", "write dns"),
        ("kubernetes.io/ingress.class", "traefik", "ingress.class_name"),
        ("pulumi.com/skipAwait", "traefik", "how an update waits"),
    ],
)
def test_a_closed_annotation_is_refused_by_name(annotation: str, kind: str, said: str) -> None:
    ((place, message),) = faults(kind, annotations={annotation: "1"}).items()
    assert place == f"routes.annotations.{annotation}"
    assert message.startswith(f"'{annotation}' is ")
    assert said in message


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ("nginx.ingress.kubernetes.io/limit-rps", "ingress-nginx"),
        ("traefik.ingress.kubernetes.io/router.observability.accesslogs", "traefik"),
        ("alb.ingress.kubernetes.io/target-group-attributes", "aws-load-balancer-controller"),
        ("cert-manager.io/renew-before", "traefik"),
        ("example.com/team", "ingress-nginx"),
    ],
)
def test_other_annotations_are_free(annotation: str, kind: str) -> None:
    assert faults(kind, annotations={annotation: "1"}) == {}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"aliases": ["a.example", "a.example"]}, "'a.example' appears twice"),
        ({"aliases": ["a.example"], "redirects": ["a.example"]}, "'a.example' appears twice"),
        ({"aliases": ["*.example.com"]}, "full host name"),
        ({"aliases": [f"a{n}.example" for n in range(11)]}, "at most 10"),
        ({"allow_cidrs": ["0.0.0.0/0"]}, "is everybody; leave allow_cidrs out"),
        ({"allow_cidrs": ["203.0.113.1/24"]}, "IPv4 network"),
        ({"allow_cidrs": []}, "no network is in it: leave allow_cidrs out"),
        ({"body_size_mib": 0}, "greater than or equal to 1"),
        ({"timeout_seconds": 30}, "greater than or equal to 60"),
        ({"certificate": {}}, "give arn, of a certificate"),
        ({"certificate": {"arn": ARN, "issuer": {"kind": "Issuer", "name": "a"}}}, "give arn, of"),
        ({"certificate": {"arn": "arn:aws:iam::123456789012:server-certificate/a"}}, "match pattern"),
        ({"certificate": {"issuer": {"kind": "AWSPCAIssuer", "name": "a"}}}, "'Issuer' or 'ClusterIssuer'"),
        ({"annotations": {"a b": "1"}}, "match pattern"),
        ({"annotations": {"example.com/a": "one\ntwo"}}, "match pattern"),
    ],
)
def test_a_mistake_is_told_by_its_place(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        RoutesSpec.model_validate(written)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"controller": "aws-load-balancer-controller"}, "alb is missing"),
        ({"controller": "traefik", "alb": SHARED}, "alb is for controller aws-load-balancer-controller only"),
        ({"alb": SHARED}, "alb is for controller aws-load-balancer-controller only"),
        (
            {
                "controller": "aws-load-balancer-controller",
                "alb": {**SHARED, "subnet_cidrs": ["10.40.160.0/20", "0.0.0.0/0"]},
            },
            "0.0.0.0/0 is no subnet of a VPC, which are /16 to /28",
        ),
        ({"controller": "haproxy"}, "'traefik', 'ingress-nginx' or 'aws-load-balancer-controller'"),
        ({"class_name": "Upper"}, "match pattern"),
    ],
)
def test_a_platform_names_a_controller_that_costack_knows(written: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        platform_with(written.pop("controller", None), **written)

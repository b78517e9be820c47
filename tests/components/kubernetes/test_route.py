"""The route of a tenant, as each ingress controller is told it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.components.completeness import faults_of
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import the
from tests.declarations import Registration, Registrations, differences
from tests.policies.passing import refusals
from tests.portfolios import local_portfolio, measured, plan_of, tenant
from tiers.plan.plan import Plan
from tiers.portfolio.platform import Platform

INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
MIDDLEWARE = "kubernetes:traefik.io/v1alpha1:Middleware"
NGINX = "nginx.ingress.kubernetes.io"
ALB = "alb.ingress.kubernetes.io"
ARN = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000"
NAMES = {
    "aliases": ["shop.acme.example", "b2b.acme.example"],
    "redirects": ["www.acme.example"],
    "dns": "external-dns",
}
ISSUED = {"certificate": {"issuer": {"kind": "ClusterIssuer", "name": "letsencrypt"}}}
LIMITS = {"body_size_mib": 256, "timeout_seconds": 600}
SHARED = {"group": "odoo", "scheme": "internet-facing", "subnet_cidrs": ["10.40.160.0/20", "10.40.176.0/20"]}
# What each of them can do, all at once.
ALL: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "traefik": ({}, {**NAMES, **ISSUED, **LIMITS, "allow_cidrs": ["203.0.113.0/24", "198.51.100.7/32"]}),
    "ingress-nginx": (
        {"class_name": "nginx"},
        {**NAMES, **ISSUED, **LIMITS, "allow_cidrs": ["203.0.113.0/24", "198.51.100.7/32"]},
    ),
    "aws-load-balancer-controller": (
        {"class_name": "alb", "alb": SHARED},
        {**NAMES, "certificate": {"arn": ARN}, "allow_cidrs": ["203.0.113.0/24", "198.51.100.7/32"]},
    ),
}


def platform_with(controller: str | None, **more: Any) -> Platform:
    document = local_portfolio().platform.model_dump(mode="json")
    document["ingress"] |= {"controller": controller, **more}
    return Platform.model_validate(document)


@cache
def planned(controller: str) -> Plan:
    about, routes = ALL[controller]
    mine = tenant("acme", routes={**routes, "annotations": {"example.com/team": "retail"}})
    return plan_of(mine, tenant("other"), platform=platform_with(controller, **about))


@cache
def declared(controller: str) -> tuple[Declared, ...]:
    return tuple(declare_plan(planned(controller)))


@pytest.mark.parametrize("controller", ALL)
def test_everything_a_route_may_want_is_declared_and_nothing_is_open(controller: str) -> None:
    made = declared(controller)
    plan = planned(controller)
    as_registered = Registrations("local", [Registration(each.type, each.name, each.props) for each in made])
    assert differences(plan, as_registered) == []
    assert faults_of(plan, made) == []
    assert refusals(made) == []


@pytest.mark.parametrize("controller", ALL)
def test_websockets_have_their_port_on_every_name_at_which_odoo_answers(controller: str) -> None:
    rules = the(declared(controller), INGRESS, "acme-web").props["spec"]["rules"]
    assert [rule["host"] for rule in rules] == [
        "acme.odoo.example.com",
        "shop.acme.example",
        "b2b.acme.example",
    ]
    for rule in rules:
        ports = {each["path"]: each["backend"]["service"]["port"] for each in rule["http"]["paths"]}
        assert ports == {"/websocket": {"number": 8072}, "/": {"number": 8069}}


@pytest.mark.parametrize("controller", ALL)
def test_a_name_that_does_not_lead_here_yet_keeps_no_other_from_its_certificate(controller: str) -> None:
    listed = [
        each
        for name in ("acme-web", "acme-redirects")
        for each in the(declared(controller), INGRESS, name).props["spec"]["tls"]
    ]
    assert [len(each["hosts"]) for each in listed] == [1, 1, 1, 1]
    assert len({each["secretName"] for each in listed}) == 4
    assert listed[0] == {"hosts": ["acme.odoo.example.com"], "secretName": "acme-web-tls"}


def test_a_route_without_wishes_is_what_it_was() -> None:
    made = declare_plan(plan_of(tenant("acme")))
    ingress = the(made, INGRESS, "acme-web").props
    assert ingress["metadata"] == {
        "name": "acme-web",
        "namespace": "odoo-production",
        "labels": ingress["metadata"]["labels"],
    }
    assert set(ingress["spec"]) == {"tls", "rules"}
    assert not [each for each in made if each.name == "acme-redirects"]


def test_nginx_leads_to_the_first_page_because_it_refuses_variables() -> None:
    told = the(declared("ingress-nginx"), INGRESS, "acme-redirects").props["metadata"]["annotations"]
    assert told[f"{NGINX}/permanent-redirect"] == "https://acme.odoo.example.com"
    assert "$" not in "".join(value for key, value in told.items() if key.startswith(NGINX))


def test_traefik_asks_who_comes_before_it_keeps_what_they_send() -> None:
    told = the(declared("traefik"), INGRESS, "acme-web").props["metadata"]["annotations"]
    assert told["traefik.ingress.kubernetes.io/router.middlewares"].split(",") == [
        "odoo-production-acme-allowed@kubernetescrd",
        "odoo-production-acme-limits@kubernetescrd",
    ]


def test_a_rule_of_traefik_is_there_before_the_route_that_names_it() -> None:
    ingresses = [
        each for each in declared("traefik") if each.type == INGRESS and each.name.startswith("acme")
    ]
    kinds = {each.urn for each in declared("traefik") if each.type.startswith("kubernetes:traefik.io")}
    assert len(kinds) == 4
    assert all(kinds <= each.dependencies for each in ingresses)


def test_a_load_balancer_is_one_for_all_tenants_and_asks_pods_for_their_health() -> None:
    annotations = [
        the(declared("aws-load-balancer-controller"), INGRESS, name).props["metadata"]["annotations"]
        for name in ("acme-web", "acme-redirects", "other-web")
    ]
    for name, value in {
        "group.name": "odoo",
        "scheme": "internet-facing",
        "target-type": "ip",
        "listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
        "ssl-redirect": "443",
        "healthcheck-path": "/web/health",
    }.items():
        assert {each[f"{ALB}/{name}"] for each in annotations} == {value}
    # Path and query stay (Application Load Balancer, "Redirect actions").
    redirect = json.loads(annotations[1][f"{ALB}/actions.acme-redirects"])["redirectConfig"]
    assert redirect | {"host": ""} == {
        "protocol": "HTTPS",
        "port": "443",
        "host": "",
        "path": "/#{path}",
        "query": "#{query}",
        "statusCode": "HTTP_301",
    }


def peers(controller: str, name: str) -> list[dict[str, Any]]:
    (rule,) = the(declared(controller), POLICY, name).props["spec"]["ingress"]
    found: list[dict[str, Any]] = rule["from"]
    return found


@pytest.mark.parametrize(("controller", "name"), [("traefik", "traefik"), ("ingress-nginx", "ingress-nginx")])
def test_pods_let_in_the_pods_of_the_controller(controller: str, name: str) -> None:
    for policy in ("acme-from-ingress", "acme-to-solver"):
        (peer,) = peers(controller, policy)
        assert peer["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": name}}
        assert peer["namespaceSelector"] == {"matchLabels": {"kubernetes.io/metadata.name": "traefik"}}


def test_pods_let_in_the_subnets_of_a_load_balancer() -> None:
    assert [
        each["ipBlock"]["cidr"] for each in peers("aws-load-balancer-controller", "acme-from-ingress")
    ] == SHARED["subnet_cidrs"]
    # A certificate of AWS needs no pod that answers for it.
    assert not [each for each in declared("aws-load-balancer-controller") if each.name == "acme-to-solver"]


@pytest.mark.parametrize("told", [True, False])
def test_costacks_own_traefik_reads_its_kinds_where_the_api_server_is_said_to_know_them(told: bool) -> None:  # noqa: FBT001
    usual = measured()
    ingress = usual.ingress.model_validate(
        {**usual.ingress.model_dump(), "controller": "traefik" if told else None}
    )
    plan = plan_of(
        tenant("acme", tier="dedicated-db"), platform=usual.model_copy(update={"ingress": ingress})
    )
    made = declare_plan(plan)
    (container,) = the(made, "kubernetes:apps/v1:Deployment", "local-traefik").props["spec"]["template"][
        "spec"
    ]["containers"]
    assert ("--providers.kubernetescrd=true" in container["args"]) is told
    roles = [
        each for each in made if each.type.endswith("v1:Role") and each.props["metadata"]["name"] == "routes"
    ]
    assert len(roles) >= 2
    for role in roles:
        groups = {group for rule in role.props["rules"] for group in rule["apiGroups"]}
        assert ("traefik.io" in groups) is told
        assert {
            verb
            for rule in role.props["rules"]
            for verb in rule["verbs"]
            if "traefik.io" in rule["apiGroups"]
        } <= {"get", "list", "watch"}
    assert refusals(made) == []
    assert faults_of(plan, made) == []

"""The section `parts` of platform.yaml: what it refuses, and what a platform without it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest
from pydantic import ValidationError

from tests.portfolios import local_portfolio, measured, plan_of, tenant
from tiers.facts.every_fact import IngressController, Job, Namespace, PlatformPart
from tiers.plan.plan import facts_of
from tiers.portfolio.platform import Platform

TRAEFIK: Final = {"image": f"registry.example.com/traefik@sha256:{'8' * 64}", "source_ranges": ["0.0.0.0/0"]}


def platform(changes: Mapping[str, Any], parts: Mapping[str, Any]) -> Platform:
    """The local platform with Traefik; it has no other ingress controller."""
    document: dict[str, Any] = local_portfolio().platform.model_dump(mode="json")
    document["services"] = [each for each in document["services"] if each["name"] != "traefik"]
    document["parts"] = {"scraped_from": "monitoring", "traefik": {**TRAEFIK, **parts}}
    for section, values in changes.items():
        document[section] = {**document[section], **values} if isinstance(values, dict) else values
    return Platform.model_validate(document)


@pytest.mark.parametrize(
    ("changes", "parts", "said"),
    [
        ({"ingress": {"replicas": None, "zones": None}}, {}, "parts: traefik needs ingress.replicas"),
        ({"services": local_portfolio().platform.model_dump(mode="json")["services"]}, {}, "out of services"),
        ({"cluster": {"ingress_namespace": "monitoring"}}, {}, "'monitoring' is Prometheus'"),
        ({}, {"source_ranges": []}, "at least 1 item"),
        ({}, {"image": "traefik:v3.6"}, "digest"),
    ],
)
def test_traefik_is_refused_where_it_cannot_run(
    changes: Mapping[str, Any], parts: Mapping[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        platform(changes, parts)


def test_traefik_has_the_pods_and_zones_of_the_ingress_section() -> None:
    made = plan_of(tenant(), platform=platform({"ingress": {"replicas": 4, "zones": 3}}, {}))
    (traefik,) = facts_of(made.platform, IngressController)
    assert (traefik.replicas, traefik.spread.zones) == (4, 3)
    assert traefik.namespaces == ("odoo-production", "traefik")
    assert traefik.priority_class == "odoo-production"


def test_a_platform_without_parts_has_none_and_nobody_reads_its_routes() -> None:
    made = plan_of(tenant(), tenant("own", tier="dedicated-db"), platform=local_portfolio().platform)
    facts = list(made.all_facts())
    assert not [fact for fact in facts if isinstance(fact, PlatformPart)]
    assert not [fact for fact in made.platform if isinstance(fact, Job)]
    namespaces = [fact for fact in facts if isinstance(fact, Namespace)]
    assert {fact.routed_from for fact in namespaces} == {None}
    assert {fact.namespace for fact in namespaces} == {"odoo-production", "odoo-operations", "odoo-own"}


def test_with_every_part_each_has_its_fact() -> None:
    made = plan_of(tenant(), platform=measured())
    kinds = {fact.kind for fact in made.all_facts() if isinstance(fact, PlatformPart)}
    assert kinds == {
        "ingress-controller",
        "log-shipper",
        "postgres-exporter",
        "redis-exporter",
        "state-exporter",
        "usage-exporter",
    }

"""A tenant's CDN: what its plan says of it, what it is expected to send, and who cannot have one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.estimate.quantities.lines import rule_of
from tests.components.drawn_routes import with_dns
from tests.portfolios import CDN, catalog, plan_of, tenant, two_regions
from tiers.facts.cdn import Cdn
from tiers.facts.dns import DnsRecords
from tiers.facts.ingress import AlbShare, ControllerKind
from tiers.facts.network import Route, Traffic
from tiers.plan.plan import TenantPlan, facts_of
from tiers.plan.routes.cdn import KIB_PER_VISIT, KIB_PER_VISIT_WITHOUT, REQUESTS_PER_VISIT
from tiers.portfolio.loading import faults_of_tenant
from tiers.portfolio.platform import Platform
from tiers.strict_yaml import Fault

VISITS = {"users": 5, "website_visits_per_month": 20_000}
_KIB_PER_GIB = 1024 * 1024


def plan(platform: Platform | None = None, **changes: Any) -> TenantPlan:
    values: dict[str, Any] = {"routes": {"cdn": CDN}, "options": VISITS, **changes}
    return plan_of(tenant("acme", **values), platform=platform).tenants[0]


def faults(platform: Platform, **changes: Any) -> dict[str, str]:
    wanted = tenant("acme", **{"routes": {"cdn": CDN}, "options": VISITS, **changes})
    found: list[Fault] = list(faults_of_tenant(wanted, platform, catalog()))
    return {".".join(map(str, where)): said for where, said in found}


def test_a_cdn_gets_what_it_serves_from_the_tenants_own_name() -> None:
    (made,) = facts_of(plan().facts, Cdn)
    assert (made.id, made.tenant, made.hostname, made.origin_domain) == (
        "acme/cdn",
        "acme",
        "static.odoo.example.com",
        "acme.odoo.example.com",
    )
    assert (made.price_class, made.links, made.zone_id) == ("PriceClass_100", True, None)
    assert facts_of(plan(routes={}).facts, Cdn) == []


def test_its_record_is_made_where_costack_makes_records_and_leads_to_no_balancer() -> None:
    routes = {"cdn": CDN, "dns": "route-53"}
    made = plan(with_dns("odoo.example.com"), routes=routes)
    assert facts_of(made.facts, Cdn)[0].zone_id == "Z0"
    (records,) = facts_of(made.facts, DnsRecords)
    assert [each.name for each in records.records] == ["acme.odoo.example.com"]
    elsewhere = plan(
        with_dns("odoo.example.com"), routes=routes | {"cdn": CDN | {"hostname": "cdn.acme.net"}}
    )
    assert facts_of(elsewhere.facts, Cdn)[0].zone_id is None


@given(st.integers(1, 10**6))
def test_static_files_leave_by_the_cdn_or_by_the_load_balancer(visits: int) -> None:
    options = {"users": 5, "website_visits_per_month": visits}
    usual = facts_of(plan(routes={}, options={"users": 5}).facts, Traffic)[0].internet_gib_per_month
    alone = facts_of(plan(routes={}, options=options).facts, Traffic)[0].internet_gib_per_month
    served = plan(options=options)
    (cdn,) = facts_of(served.facts, Cdn)
    assert facts_of(served.facts, Traffic)[0].internet_gib_per_month == usual
    assert (
        (alone - usual) * _KIB_PER_GIB >= visits * KIB_PER_VISIT_WITHOUT > (alone - usual - 1) * _KIB_PER_GIB
    )
    assert cdn.gib_per_month * _KIB_PER_GIB >= visits * KIB_PER_VISIT > (cdn.gib_per_month - 1) * _KIB_PER_GIB
    assert cdn.requests_per_month == visits * REQUESTS_PER_VISIT


def test_pages_that_do_not_name_it_yet_are_sent_as_before() -> None:
    waiting = plan(routes={"cdn": CDN | {"links": False}})
    before = facts_of(plan(routes={}).facts, Traffic)[0]
    assert facts_of(waiting.facts, Traffic) == [before]


def test_it_is_paid_for_by_what_it_sends_and_by_a_fee() -> None:
    made, without = plan(), plan(routes={})
    assert made.fee_per_month - without.fee_per_month == Decimal("19.00")
    sent, asked = rule_of(facts_of(made.facts, Cdn)[0], date(2026, 11, 30))
    assert (sent.service, sent.item) == ("AmazonCloudFront", "data transfer out to internet first 10TB")
    assert (asked.item, asked.quantity) == ("HTTPS requests", Decimal(20_000 * REQUESTS_PER_VISIT))


def test_a_route_does_not_know_of_it() -> None:
    assert facts_of(plan().facts, Route) == facts_of(plan(routes={}).facts, Route)


def inside() -> Platform:
    """A platform whose load balancer the internet does not reach."""
    usual = with_dns("odoo.example.com")
    alb = AlbShare(group="odoo", scheme="internal", subnet_cidrs=("10.40.160.0/20",))
    changes = {"controller": ControllerKind.AWS, "alb": alb}
    return usual.model_copy(update={"ingress": usual.ingress.model_copy(update=changes)})


@pytest.mark.parametrize(
    ("changes", "where", "why"),
    [
        ({"environment": "staging"}, "routes.cdn", "Odoo switches it off in copies of production"),
        ({"options": {"users": 5}}, "options.website_visits_per_month", "a CDN costs what it sends"),
        (
            {
                "routes": {
                    "cdn": CDN | {"certificate_arn": CDN["certificate_arn"].replace("us-east", "eu-west")}
                }
            },
            "routes.cdn.certificate_arn",
            "is in eu-west-1, and CloudFront takes those of us-east-1",
        ),
        (
            {"routes": {"cdn": CDN, "allow_cidrs": ["203.0.113.0/24"]}},
            "routes.cdn",
            "would be refused by allow_cidrs",
        ),
    ],
)
def test_who_cannot_have_one_is_told_why(changes: dict[str, Any], where: str, why: str) -> None:
    assert faults(with_dns("odoo.example.com")) == {}
    told = faults(with_dns("odoo.example.com"), **changes)
    assert list(told) == [where]
    assert why in told[where]


def test_an_origin_that_the_internet_does_not_reach_has_none() -> None:
    assert faults(inside()) == {
        "routes.cdn": "needs an origin that the internet reaches, and ingress.alb.scheme is internal"
    }


def test_an_origin_in_the_second_region_is_reached_by_the_internet_too() -> None:
    alb = AlbShare(group="odoo", scheme="internal", subnet_cidrs=("10.60.160.0/20",))
    usual = two_regions()
    network = usual.dr_networks["eu-west-1"]
    assert network.cluster is not None
    ingress = network.cluster.ingress.model_copy(update={"controller": ControllerKind.AWS, "alb": alb})
    named = network.model_copy(update={"cluster": network.cluster.model_copy(update={"ingress": ingress})})
    platform = usual.model_copy(update={"dr_networks": {"eu-west-1": named}})
    bought = {"tier": "cross-region-backup", "options": VISITS | {"warm_standby": True}}
    assert faults(usual, **bought) == {}
    where = "dr_networks.eu-west-1.cluster.ingress.alb.scheme is internal"
    assert faults(platform, **bought) == {
        "routes.cdn": f"needs an origin that the internet reaches, and {where}"
    }
    assert faults(platform, tier="cross-region-backup") == {}  # it never starts there


def test_a_tier_that_does_not_sell_it_has_none() -> None:
    sold = catalog().tiers["shared-namespace"]
    offers = {name: each.model_copy(update={"cdn_fee_per_month": None}) for name, each in sold.offers.items()}
    without = sold.model_copy(update={"offers": offers})
    tiers = catalog().model_copy(update={"tiers": {**catalog().tiers, "shared-namespace": without}})
    wanted = tenant("acme", tier="shared-namespace", routes={"cdn": CDN}, options=VISITS)
    told = dict(faults_of_tenant(wanted, with_dns("odoo.example.com"), tiers))
    assert told == {("routes", "cdn"): "shared-namespace is not sold with a CDN"}

"""Records of host names: which are made, in which zone, and what questions for them cost."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from allocation.estimate.quantities.lines import rule_of
from tests.components.drawn_routes import with_dns
from tests.portfolios import catalog, plan_of, tenant
from tiers.facts.dns import DnsRecords
from tiers.plan.plan import facts_of
from tiers.portfolio.loading import faults_of_tenant
from tiers.portfolio.platform import Platform

ALIAS = "Z26RNL4JYFTOTI"
WANTED = {"dns": "route-53", "aliases": ["acme.example"], "redirects": ["www.client.org"]}


def records(platform: Platform, **routes: Any) -> list[DnsRecords]:
    plan = plan_of(tenant("acme", routes={**WANTED, **routes}), platform=platform)
    return facts_of(plan.tenants[0].facts, DnsRecords)


def faults(platform: Platform, **changes: Any) -> dict[str, str]:
    wanted = tenant("acme", **{"routes": WANTED, **changes})
    return {".".join(map(str, where)): said for where, said in faults_of_tenant(wanted, platform, catalog())}


def test_a_name_lies_in_the_zone_with_the_longest_domain_or_is_somebody_elses() -> None:
    (made,) = records(with_dns("odoo.example.com", "example.com", "acme.example"))
    assert [(each.zone_id, each.name) for each in made.records] == [
        ("Z0", "acme.odoo.example.com"),
        ("Z2", "acme.example"),
    ]
    assert records(with_dns("example.com"), dns="external-dns") == []
    assert records(with_dns("example.com"), dns=None) == []


@pytest.mark.parametrize(("alias", "millions"), [(None, Decimal(3)), (ALIAS, Decimal(0))])
def test_questions_for_aliases_of_a_load_balancer_are_free(alias: str | None, millions: Decimal) -> None:
    (made,) = records(
        with_dns("odoo.example.com", "acme.example", target_zone_id=alias, queries_per_month=1_500_000)
    )
    (line,) = rule_of(made, date(2026, 11, 30))
    assert (line.service, line.quantity) == ("AmazonRoute53", millions)


def test_what_cannot_be_made_is_refused_with_what_to_do() -> None:
    assert faults(with_dns()) == {
        "routes.dns": "route-53 needs ingress.dns in platform.yaml, with a hosted zone"
    }
    told = faults(with_dns("elsewhere.org"))
    assert told == {
        "hostname": "lies in no hosted zone of ingress.dns, and dns is route-53; these are elsewhere.org"
    }
    told = faults(with_dns("example.com", "acme.example"))
    assert list(told) == ["routes.aliases.0"]
    assert "can have no CNAME; write ingress.dns.target_zone_id" in told["routes.aliases.0"]
    assert faults(with_dns("example.com", "acme.example", target_zone_id=ALIAS)) == {}

"""The distribution of a tenant: what it passes on, what it refuses, and what the set-up job is told."""

from __future__ import annotations

from typing import Any

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.declarations import Registration, Registrations, differences
from tests.portfolios import CDN, local_portfolio, on_the_way, plan_of, routed, tenant
from tiers.facts.cdn import LINKED

DISTRIBUTION, RECORD = "aws:cloudfront/distribution:Distribution", "aws:route53/record:Record"
VISITED = {"users": 5, "website_visits_per_month": 20_000}


def declared(**cdn: Any) -> tuple[Declared, ...]:
    made = tenant("acme", routes={"cdn": CDN | cdn}, options=VISITED)
    return tuple(declare_plan(plan_of(made)))


def environment(resources: tuple[Declared, ...]) -> dict[str, str]:
    (job,) = [each for each in resources if each.type.endswith(":Job") and each.name == "acme-odoo-setup"]
    (container,) = job.props["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each["value"] for each in container["env"] if "value" in each}


def test_facts_are_what_was_declared_with_the_records_of_a_zone() -> None:
    plan = plan_of(*on_the_way(), platform=routed(local_portfolio().platform))
    made = [each for each in declare_plan(plan) if each.custom]
    registered = Registrations("local", [Registration(each.type, each.name, each.props) for each in made])
    assert differences(plan, registered) == []
    records = {each.name: each.props for each in made if each.type == RECORD and "-cdn-" in each.name}
    assert sorted(records) == ["recorded-cdn-a", "recorded-cdn-aaaa"]
    assert {each["aliases"][0]["zoneId"] for each in records.values()} == {"Z2FDTNDATAQYW2"}


def test_it_takes_tls_1_2_and_asks_odoo_by_tls_and_bears_the_tenants_tags() -> None:
    (made,) = [each for each in declared() if each.type == DISTRIBUTION]
    certificate, (origin,) = made.props["viewerCertificate"], made.props["origins"]
    assert certificate["minimumProtocolVersion"] == "TLSv1.2_2021"
    assert origin["customOriginConfig"]["originSslProtocols"] == ["TLSv1.2"]
    assert made.tags["cost/tenant"] == "acme"
    assert made.props.get("loggingConfig") is None


def test_no_cookie_and_no_query_reaches_odoo_or_comes_back_and_only_on_two_paths() -> None:
    (made,) = [each for each in declared() if each.type == DISTRIBUTION]
    paths = made.props["orderedCacheBehaviors"]
    assert [each["pathPattern"] for each in paths] == ["/web/assets/*", "/*/static/*"]
    for each in paths:
        assert each["forwardedValues"] == {"queryString": False, "cookies": {"forward": "none"}}
        assert (each["minTtl"], each["defaultTtl"], each["maxTtl"]) == (0, 0, 31_536_000)
        assert each["responseHeadersPolicyId"] == "60669652-455b-4ae9-85a4-c4c02393f86c"
        assert not {"originRequestPolicyId", "cachePolicyId"} & each.keys()
    assert made.props["defaultCacheBehavior"]["trustedSigners"] == ["self"]


def test_the_set_up_job_names_it_once_pages_may() -> None:
    told = environment(declared())
    assert (told["CDN"], told["CDN_FILTERS"]) == (f"https://{CDN['hostname']}/", "\n".join(LINKED))
    for resources in (declared(links=False), tuple(declare_plan(plan_of(tenant("acme"))))):
        assert not {"CDN", "CDN_FILTERS"} & environment(resources).keys()

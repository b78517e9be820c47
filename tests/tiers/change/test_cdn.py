"""What a preview says when a tenant gets a CDN, gives it back, or changes its name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.components.drawn_routes import with_dns
from tests.portfolios import CDN, catalog, failing_over, plan_of, tenant, two_regions
from tiers.change.effect import EffectKind
from tiers.change.effects import effects_of
from tiers.change.forbidden import forbidden
from tiers.change.routes.cdn import names_handed_over
from tiers.plan.plan import Plan, TenantPlan
from tiers.portfolio.routes.cdn import CdnSpec
from tiers.portfolio.tenant import Tenant

HOST = CDN["hostname"]
WAITING = CDN | {"links": False}
OTHER = CDN | {"hostname": "cdn.odoo.example.com"}
NAMES, AGAIN = (
    f"pages of its website get its scripts and other static files from {HOST}",
    "pages of its website get them from itself again",
)
GONE = f"{HOST} no longer answers: a page that is still open loads nothing more from there"


def plan(cdn: dict[str, Any] | None, dns: str | None = "route-53") -> Plan:
    options = {"users": 5, "website_visits_per_month": 20_000}
    made = tenant("acme", routes={"cdn": cdn, "dns": dns}, options=options)
    return plan_of(made, platform=with_dns("odoo.example.com"))


def told(before: Plan, after: Plan) -> set[str]:
    found = effects_of(before, after)
    assert {each.kind for each in found} <= {EffectKind.NOTICE}
    return {each.what for each in found if "CDN" in each.what or "website" in each.what or HOST in each.what}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, CDN, {NAMES}),
        (None, WAITING, set()),
        (WAITING, CDN, {NAMES}),
        (CDN, None, {AGAIN, GONE}),
        (CDN, OTHER, {NAMES.replace(HOST, OTHER["hostname"]), GONE}),
        (CDN, CDN | {"price_class": "PriceClass_All"}, set()),
    ],
)
def test_visitors_notice(before: Any, after: Any, said: set[str]) -> None:
    assert told(plan(before), plan(after)) == said


def test_who_makes_no_record_is_told_to_make_it() -> None:
    said = told(plan(None, dns=None), plan(WAITING, dns=None))
    assert said == {f"its record is yours to make: {HOST} has to lead to the distribution"}


@pytest.mark.parametrize("stage", [None, "fence", "settled", "home"])
@pytest.mark.parametrize("then", [None, OTHER, WAITING], ids=["gone", "renamed", "unlinked"])
def test_pages_of_a_second_region_name_no_cdn_that_is_gone(stage: str | None, then: Any) -> None:
    def at(cdn: Any) -> TenantPlan:
        one = failing_over(stage)
        routes = one.routes.model_copy(update={"cdn": CdnSpec.model_validate(cdn) if cdn else None})
        return plan_of(one.model_copy(update={"routes": routes}), platform=two_regions()).tenants[0]

    found = list(forbidden(at(CDN), at(then), catalog(), "local"))
    assert [HOST in each and "write routes.cdn as it was" in each for each in found] == [True] * (
        stage in {"fence", "settled"}
    )
    assert list(forbidden(at(CDN), at(CDN | {"price_class": "PriceClass_All"}), catalog(), "local")) == []
    assert list(forbidden(at(None), at(CDN), catalog(), "local")) == []


def shop(name: str, **routes: Any) -> Tenant:
    options = {"users": 5, "website_visits_per_month": 20_000}
    return tenant(name, routes={"dns": "route-53", **routes}, options=options)


@pytest.mark.parametrize(
    ("there", "here", "whose"),
    [
        ((shop("acme", cdn=CDN), shop("borealis")), (shop("acme"), shop("borealis", cdn=CDN)), "acme's CDN"),
        ((shop("acme", aliases=[HOST]),), (shop("acme", cdn=CDN),), "acme's record"),
        ((shop("acme", cdn=CDN),), (shop("acme", redirects=[HOST]),), "acme's CDN"),
    ],
)
def test_a_name_goes_elsewhere_in_two_updates(
    there: tuple[Tenant, ...], here: tuple[Tenant, ...], whose: str
) -> None:
    on = with_dns("odoo.example.com")
    before, after = (plan_of(*tenants, platform=on) for tenants in (there, here))
    held = {each.tenant: each.model_dump(mode="json") for each in before.tenants}
    (told,) = names_handed_over(held, after)
    assert f"'{HOST}' is the name of {whose} in the stack" in told
    assert list(names_handed_over(held, before)) == []
    between = plan_of(*(shop(each.tenant) for each in there), platform=on)
    assert list(names_handed_over(held, between)) == []
    resting = {each.tenant: each.model_dump(mode="json") for each in between.tenants}
    assert list(names_handed_over(resting, after)) == []

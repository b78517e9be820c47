"""Services beside a tier: their fee, the hours people work for them, and what cannot be bought."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from allocation.charges import ChargePeriod
from allocation.engine.rulebook import rules_on
from allocation.estimate.assumptions import Assumptions
from allocation.money import units_of
from allocation.preview.comparison import compared
from allocation.preview.cost_estimate import Conditions, CostEstimate, cost_estimate
from allocation.prices.price_book import load_price_book
from tests.portfolios import catalog, local_portfolio, plan_of, tenant
from tiers.catalog.loading import CATALOG_DIRECTORY, load_catalog
from tiers.errors import CatalogError
from tiers.facts.every_fact import Labour, LogGroup
from tiers.plan.plan import facts_of
from tiers.portfolio.loading import faults_of_tenant
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory

BOTH = ("managed-database", "observability")
DECEMBER = ChargePeriod.month("2026-12")


def buying(*services: str, tier: str = "dedicated-db", **more: Any) -> Tenant:
    return tenant(tier=tier, options={"users": 5, "services": services}, **more)


def estimated(one: Tenant) -> CostEstimate:
    rules = rules_on(DECEMBER.start.date())
    conditions = Conditions(DECEMBER, load_price_book("USD"), rules, Assumptions(DECEMBER.last_day))
    return cost_estimate(plan_of(one), conditions)


def test_a_service_has_its_fee_and_the_hours_that_people_work_for_it() -> None:
    (plain,), (more,) = plan_of(buying()).tenants, plan_of(buying(*BOTH)).tenants
    assert more.fee_per_month - plain.fee_per_month == Decimal("288.00")  # 189 and 99
    hours = {
        fact.activity: fact.hours_per_month
        for fact in facts_of(more.facts, Labour)
        if fact.activity != "support"
    }
    assert hours == {"database-care": 2, "monitoring-review": 1}
    (before,), (after,) = (
        [fact for fact in facts_of(each.facts, LogGroup) if fact.name == "logs"] for each in (plain, more)
    )
    assert (before.ingest_gib_per_month, before.retention_days) == (5, 30)
    assert (after.ingest_gib_per_month, after.retention_days) == (15, 90)


def test_a_preview_says_what_it_costs_and_what_it_brings() -> None:
    (change,) = compared(estimated(buying()), estimated(buying(*BOTH))).tenants
    assert change.fee.difference == units_of(Decimal(288))
    # Three hours at 60; ten GiB of logs more at 0.50, and 45 GiB kept instead of 5 at 0.03; the server's
    # log, a GiB a month, is kept as long.
    assert change.cost.difference == units_of(Decimal("186.26"))
    support = change.by_category[CostCategory.SUPPORT].difference
    assert support == units_of(Decimal(180))


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (buying("shared-saas"), "'shared-saas' is not in services that are sold by themselves"),
        (buying("observability", "observability"), "'observability' appears twice"),
        (
            buying("managed-database", tier="shared-namespace"),
            "managed-database needs a database server of the tenant's own, and shared-namespace shares one",
        ),
        (buying("observability", environment="staging"), "services are for production"),
    ],
)
def test_what_cannot_be_bought_is_refused(asked: Tenant, why: str) -> None:
    faults = dict(faults_of_tenant(asked, local_portfolio().platform, catalog()))
    assert why in faults["options", "services"]


def test_fees_of_two_currencies_are_no_sum() -> None:
    sold = catalog()
    tiers = {name: tier.model_copy(update={"currency": "EUR"}) for name, tier in sold.tiers.items()}
    platform = local_portfolio().platform.model_copy(update={"currency": "EUR"})
    euro = sold.model_copy(update={"tiers": tiers})
    faults = dict(faults_of_tenant(buying("observability"), platform, euro))
    assert faults["options", "services"] == "services are sold in USD, and dedicated-db in EUR"
    assert ("options", "services") not in dict(faults_of_tenant(buying(), platform, euro))


def test_a_new_service_is_a_row_and_no_code(tmp_path: Path) -> None:
    folder = own_catalog(tmp_path)
    with (folder / "services.yaml").open("a", encoding="utf-8") as file:
        file.write(
            "  training:\n    title: Training\n    components: [workload]\n    controls: baseline\n"
            "    activities: [{activity: support, by: consultant, hours_per_month: 4}]\n"
            "    fee_per_month: 320.00\n"
        )
    sold = load_catalog(folder)
    assert not [
        fault for fault in faults_of_tenant(buying("training"), local_portfolio().platform, sold) if fault[0]
    ]


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("tiers: [shared-namespace]", "tiers: [gold]", "gold"),
        (
            "components: [database-instance]",
            "components: [spaceship]",
            "no kind of fact is called 'spaceship'",
        ),
        ("currency: USD", "currency: EUR", "is EUR, and the tiers are sold in USD"),
        ("    fee_per_month: 189.00\n", "", "hours_per_month needs fee_per_month"),
    ],
)
def test_services_that_do_not_fit_the_catalog_are_refused(
    tmp_path: Path, before: str, after: str, why: str
) -> None:
    folder = own_catalog(tmp_path)
    text = (folder / "services.yaml").read_text(encoding="utf-8")
    assert before in text
    (folder / "services.yaml").write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(CatalogError, match=why):
        load_catalog(folder)


def test_a_catalog_without_services_sells_none(tmp_path: Path) -> None:
    folder = own_catalog(tmp_path)
    (folder / "services.yaml").unlink()
    sold = load_catalog(folder)
    assert sold.services is None
    faults = dict(faults_of_tenant(buying("observability"), local_portfolio().platform, sold))
    assert ("options", "services") in faults


def test_every_activity_has_a_price_and_every_tier_a_service() -> None:
    services = catalog().services
    assert services is not None
    prices = load_price_book("USD")
    activities = {each.activity for one in services.services.values() for each in one.activities}
    assert all(prices.find("everywhere", "Labour", f"{each} hour") for each in activities)
    assert {tier for one in services.services.values() for tier in one.tiers} == set(catalog().tiers)


def own_catalog(tmp_path: Path) -> Path:
    folder = tmp_path / "catalog"
    folder.mkdir()
    for path in CATALOG_DIRECTORY.glob("*.yaml"):
        shutil.copy(path, folder)
    return folder


def test_overage_is_agreed_where_the_offer_has_prices_for_it() -> None:
    agreed = tenant(tier="dedicated-db", options={"users": 34, "overage": "agreed"})
    (plan,) = plan_of(agreed).tenants
    assert plan.overage is not None
    assert plan.overage.agreed
    prices = {str(term.measure): (term.covered, term.price) for term in plan.overage.terms}
    assert prices["users"] == (30, Decimal("17.00"))
    (sentence,) = [text for where, text in faults(agreed, environment="staging") if where[-1] == "overage"]
    assert sentence == "dedicated-db for staging has no overage_prices, so there is nothing to agree to"


def faults(one: Tenant, **changes: Any) -> list[Any]:
    other = Tenant.model_validate(one.model_dump() | changes)
    return list(faults_of_tenant(other, local_portfolio().platform, catalog()))


def test_users_beyond_fair_use_are_in_the_fee_of_an_estimate_once_that_is_agreed() -> None:
    steps = {}
    for agreed in (None, "agreed"):
        few, many = (
            estimated(tenant(tier="dedicated-db", options={"users": users, "overage": agreed}))
            for users in (30, 34)
        )
        steps[agreed] = compared(few, many).tenants[0].fee.difference
    assert steps == {None: 0, "agreed": units_of(Decimal("68.00"))}

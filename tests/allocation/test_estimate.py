from __future__ import annotations

from decimal import Decimal

from allocation.charges import CostBasis
from allocation.estimate import estimate
from allocation.money import amount_of
from allocation.pricing import load_price_book
from tests.portfolios import local_plan, local_portfolio, plan_of, tenant


def test_a_charge_says_what_it_is_and_whose() -> None:
    charges = {charge.id: charge for charge in estimate(local_plan(), load_price_book("USD")).charges}
    database = charges["platform/database#instance"]
    # db.t4g.medium Multi-AZ in us-east-1: 0.129 USD an hour, 730 hours.
    assert amount_of(database.units) == Decimal("94.17")
    assert (database.tenant, database.confidence, database.basis) == (None, "A", CostBasis.ESTIMATED)
    support = charges["acme/support#hours"]
    assert (support.tenant, amount_of(support.units)) == ("acme", Decimal("120.00"))


def test_only_the_second_region_of_the_local_portfolio_has_unknown_prices() -> None:
    unpriced = estimate(local_plan(), load_price_book("USD")).unpriced
    assert {item.reason for item in unpriced} == {"eu-west-1: in no price file"}
    assert [item.fact for item in unpriced] == [
        "meridian/copy-key",
        "meridian/backup-bucket-copy",
        "meridian/file-system-copy",
        "meridian/file-system-backup-copy",
    ]


def test_an_unknown_price_is_listed_and_never_zero() -> None:
    platform = local_portfolio().platform.model_copy(update={"region": "eu-west-1"})
    plan = plan_of(tenant(region="eu-west-1"), platform=platform)
    estimated = estimate(plan, load_price_book("USD"))
    unpriced = {(item.fact, item.item) for item in estimated.unpriced}
    assert ("platform/file-system", "Standard storage (Regional)") in unpriced
    assert ("platform/control-plane", "control plane, standard support") in unpriced
    assert not unpriced & {(charge.fact, charge.item) for charge in estimated.charges}
    assert {item.reason for item in estimated.unpriced} == {"eu-west-1: in no price file"}


def test_a_region_without_a_price_file_says_so() -> None:
    platform = local_portfolio().platform.model_copy(update={"region": "eu-central-1"})
    estimated = estimate(plan_of(platform=platform), load_price_book("USD"))
    assert estimated.charges == ()
    assert {item.reason for item in estimated.unpriced} == {"eu-central-1: for a region without a price file"}

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from allocation.charges import CostBasis
from allocation.estimate.assumptions import Assumptions, Given, KnownBy
from allocation.estimate.estimated_charges import priced_charges
from allocation.money import amount_of, units_of
from allocation.prices.price_book import DIRECTORY, PriceBook, PriceFile, load_price_book
from tests.portfolios import every_offer, local_plan, local_portfolio, plan_of, tenant
from tiers.strict_yaml import load_model
from tiers.vocabulary import CostCategory

PRICES = load_price_book("USD")
ASSUMED = Assumptions.on(date(2026, 11, 30))
HERE, HOUSE = (load_model(PriceFile, DIRECTORY / f"{name}.yaml") for name in ("aws-us-east-1", "house"))


def book(*files: PriceFile) -> PriceBook:
    """The price book of *files* and the house."""
    return PriceBook([*files, HOUSE], "USD")


def test_a_charge_says_what_it_is_and_whose() -> None:
    charges = {charge.id: charge for charge in priced_charges(local_plan(), PRICES, ASSUMED).charges}
    database, second = (charges[f"platform/database#{name}"] for name in ("instance", "second-instance"))
    # db.t4g.medium in us-east-1: 0.065 USD an hour (derived, so D), 0.129 as Multi-AZ, 730 hours.
    assert amount_of(database.units) == Decimal("47.45")
    assert amount_of(database.units + second.units) == Decimal("94.17")
    assert (database.category, second.category) == (CostCategory.COMPUTE, CostCategory.RESILIENCE)
    assert (database.tenant, database.confidence, database.basis) == (None, "D", CostBasis.ESTIMATED)
    support = charges["acme/support#hours"]
    assert (support.tenant, amount_of(support.units)) == ("acme", Decimal("120.00"))


def test_a_charge_says_how_its_quantity_is_known() -> None:
    charges = {charge.id: charge for charge in priced_charges(local_plan(), PRICES, ASSUMED).charges}
    assert charges["platform/database#instance"].known_by == "declared"
    assert charges["acme/traffic#internet"].known_by == "assumed"
    usage = {("acme/traffic", "internet"): Given(Decimal(120), KnownBy.MEASURED)}
    measured = priced_charges(local_plan(), PRICES, Assumptions(ASSUMED.as_of, usage)).charges
    (internet,) = (charge for charge in measured if charge.id == "acme/traffic#internet")
    # 120 GB at 0.09.
    assert (internet.known_by, amount_of(internet.units)) == ("measured", Decimal("10.80"))


def test_what_crosses_regions_is_charged_where_it_leaves() -> None:
    estimated = priced_charges(local_plan(), book(HERE), ASSUMED)
    charges = {charge.id: charge for charge in estimated.charges}
    transfer = charges["meridian/server-copy#transfer"]
    # 45 GiB at 0.02, of a fact that lies in another region.
    assert (transfer.region, amount_of(transfer.units)) == ("us-east-1", Decimal("0.90"))
    assert charges["meridian/server#instance"].region is None


def test_a_region_without_a_price_file_says_so() -> None:
    unpriced = priced_charges(local_plan(), book(HERE), ASSUMED).unpriced
    assert {item.reason for item in unpriced} == {"eu-west-1: for a region without a price file"}
    assert list(dict.fromkeys(item.fact for item in unpriced)) == [
        "meridian/copy-key",
        "meridian/backup-bucket-copy",
        "meridian/server-copy",
        "meridian/file-system-copy",
        "meridian/file-system-backup-copy",
        "meridian/restore-test",
    ]
    assert all(item.known_by == ("declared" if item.service == "awskms" else "assumed") for item in unpriced)


def test_all_that_is_sold_has_a_price_here() -> None:
    unpriced = priced_charges(plan_of(*every_offer()), PRICES, ASSUMED).unpriced
    assert {item.reason.partition(":")[0] for item in unpriced} <= {"eu-west-1"}


def test_an_unknown_price_is_listed_and_never_zero() -> None:
    known = [price for price in HERE.prices if price.service != "AmazonEFS"]
    estimated = priced_charges(plan_of(tenant()), book(HERE.model_copy(update={"prices": known})), ASSUMED)
    assert {(item.fact, item.item, item.reason) for item in estimated.unpriced} == {
        ("platform/file-system", "Standard storage (Regional)", "us-east-1: in no price file"),
        ("platform/file-system", "Elastic throughput reads", "us-east-1: in no price file"),
        ("platform/file-system", "Elastic throughput writes", "us-east-1: in no price file"),
    }
    assert "AmazonEFS" not in {charge.service for charge in estimated.charges}


@pytest.mark.parametrize(
    ("single", "expected"),
    [
        (None, {"instance": ("compute", "94.17")}),
        ("0.13", {"instance": ("compute", "94.17")}),
        ("0.129", {"instance": ("compute", "94.17"), "second-instance": ("resilience", "0")}),
        ("0.1", {"instance": ("compute", "73.0"), "second-instance": ("resilience", "21.17")}),
    ],
)
def test_a_second_zone_is_itemised_where_both_prices_are_known(
    single: str | None, expected: dict[str, tuple[str, str]]
) -> None:
    """A dearer single zone is a price of another day: then nobody knows what the second one adds."""
    item = "RDS PostgreSQL db.t4g.medium Single-AZ"
    known = [
        price.model_copy(update={"price": Decimal(single or 0)}) if price.item == item else price
        for price in HERE.prices
        if single or price.item != item
    ]
    estimated = priced_charges(local_plan(), book(HERE.model_copy(update={"prices": known})), ASSUMED)
    found = {
        charge.id.rpartition("#")[2]: (str(charge.category), charge.units)
        for charge in estimated.charges
        if charge.fact == "platform/database" and "instance" in charge.id
    }
    assert found == {
        name: (category, units_of(Decimal(amount))) for name, (category, amount) in expected.items()
    }


def test_a_neighbour_region_prices_nothing() -> None:
    platform = local_portfolio().platform.model_copy(update={"region": "eu-central-1"})
    estimated = priced_charges(plan_of(platform=platform), PriceBook([HERE], "USD"), ASSUMED)
    assert estimated.charges == ()
    assert {item.reason for item in estimated.unpriced} == {"eu-central-1: for a region without a price file"}

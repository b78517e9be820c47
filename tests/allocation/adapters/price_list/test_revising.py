from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from allocation.adapters.price_list.matching import match
from allocation.adapters.price_list.offers import on_demand_rows, open_offer
from allocation.adapters.price_list.revising import Change, Revision, revise
from allocation.adapters.price_list.rules import rules_for
from allocation.prices.price_book import Price, PriceFile, Source
from tests.allocation.adapters.price_list.offer_files import RDS, S3, VERSION, Offer

SMALL = "RDS PostgreSQL db.t4g.small"


def price(item: str, amount: str, service: str = "AmazonRDS") -> Price:
    return Price(
        service=service,
        item=item,
        unit="hour",
        price=Decimal(amount),
        confidence="B (old)",
        source="old",
        date="2021-08-03",
    )


OLD = PriceFile(
    provider="aws",
    region="us-east-1",
    currency="USD",
    compiled="2026-01-01",
    sources={"old": Source(what="an old list", date="2021-08-03"), "unused": Source(what="-", date="2020")},
    prices=[
        price(f"{SMALL} Single-AZ", "0.032"),
        price(f"{SMALL} Multi-AZ", "0.064"),
        price("RDS PostgreSQL db.r7g.large Single-AZ", "0.239"),
        price("dashboard", "3.0", "AmazonCloudWatch"),
    ],
)


def revised(folder: Path, offer: Offer, *more: str) -> Revision:
    read = open_offer(offer.written(folder))
    wanted = {(each.service, each.item) for each in OLD.prices} | {(offer.code, item) for item in more}
    rules = [rule for rule in rules_for(wanted) if rule.offer == offer.code]
    return revise(OLD, [read], rules, match(rules, on_demand_rows(read), OLD.region))


def test_a_new_price_says_where_it_is_from(tmp_path: Path) -> None:
    revision = revised(tmp_path, RDS)
    found = next(each for each in revision.file.prices if each.item == f"{SMALL} Multi-AZ")
    assert found.model_dump(exclude={"note"}) == {
        "service": "AmazonRDS",
        "item": f"{SMALL} Multi-AZ",
        "unit": "hour",
        "price": Decimal("0.065"),
        "confidence": "A",
        "source": f"AmazonRDS-{VERSION}",
        "date": "2026-10-06",
        "sku": "PGSMALL2",
        "usage_type": "Multi-AZUsage:db.t4g.small",
    }
    assert len(revision.file.offers[found.source].sha256) == 64


def test_changes_say_what_was(tmp_path: Path) -> None:
    revision = revised(tmp_path, RDS, "RDS PostgreSQL gp3 storage Single-AZ")
    assert revision.changes == [
        Change("AmazonRDS", f"{SMALL} Multi-AZ", "hour", Decimal("0.064"), Decimal("0.065")),
        Change("AmazonRDS", "RDS PostgreSQL gp3 storage Single-AZ", "GB-month", None, Decimal("0.115")),
    ]
    assert revision.confirmed == 1


def test_what_no_offer_has_stays_and_is_reported(tmp_path: Path) -> None:
    revision = revised(tmp_path, RDS)
    assert [each.item for each in revision.kept] == ["RDS PostgreSQL db.r7g.large Single-AZ"]
    by_item = {each.item: each for each in revision.file.prices}
    assert by_item["RDS PostgreSQL db.r7g.large Single-AZ"] == OLD.prices[2]
    assert by_item["dashboard"] == OLD.prices[3]


def test_sources_that_nothing_rests_on_are_dropped(tmp_path: Path) -> None:
    assert set(revised(tmp_path, RDS).file.sources) == {"old", f"AmazonRDS-{VERSION}"}


def test_a_tiered_price_says_that_it_is_the_first(tmp_path: Path) -> None:
    revision = revised(tmp_path, S3, "Standard storage first 50 TB")
    found = next(each for each in revision.file.prices if each.service == "AmazonS3")
    assert (str(found.price), found.note) == ("0.023", "first of 2 ranges")


def test_a_file_is_as_new_as_its_offers(tmp_path: Path) -> None:
    assert revised(tmp_path, RDS).file.compiled == "2026-10-06"

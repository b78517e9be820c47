from __future__ import annotations

from decimal import Decimal

from allocation.prices.price_book import DIRECTORY
from allocation.prices.search import search_prices


def test_a_part_of_a_name_finds_all_that_hold_it() -> None:
    found = search_prices(DIRECTORY, "us-east-1", "amazonrds", "DB.T4G.SMALL").found
    assert [(each.price.item, each.price.price) for each in found] == [
        ("RDS PostgreSQL db.t4g.small Multi-AZ", Decimal("0.065")),
        ("RDS PostgreSQL db.t4g.small Single-AZ", Decimal("0.032")),
    ]


def test_a_whole_name_finds_itself_alone() -> None:
    found = search_prices(DIRECTORY, "eu-west-1", "Network", "nat gateway").found
    assert [each.price.item for each in found] == ["NAT gateway"]


def test_what_is_the_same_everywhere_is_found_in_every_region_once() -> None:
    (everywhere,) = search_prices(DIRECTORY, "eu-north-1", "awskms", "customer managed").found
    (own,) = search_prices(DIRECTORY, "us-east-1", "awskms", "customer managed").found
    assert (everywhere.region, own.region) == ("everywhere", "us-east-1")


def test_what_is_not_found_has_neighbours() -> None:
    search = search_prices(DIRECTORY, "eu-west-1", "AmazonRDS", "RDS PostgreSQL db.t4g.mikro Single-AZ")
    assert search.found == []
    assert search.nearest[0] == "RDS PostgreSQL db.t4g.micro Single-AZ"


def test_an_unknown_service_has_none() -> None:
    assert search_prices(DIRECTORY, "eu-west-1", "Telephones", "call") == ([], [])

from __future__ import annotations

from collections import Counter

import pytest

from allocation.adapters.price_list.rules import REGION_PREFIXES, Item, offer_codes, rules_for
from allocation.prices.lint import class_items
from allocation.prices.price_book import EVERYWHERE, price_files, read_price_file
from tiers.catalog.loading import load_catalog

FILES = [read_price_file(path) for path in price_files()]
ITEMS: set[Item] = {
    (price.service, price.item) for file in FILES if file.provider == "aws" for price in file.prices
}


def test_the_book_is_renewed_from_these_offers() -> None:
    assert offer_codes(rules_for(ITEMS)) == [
        "AWSBackup",
        "AWSELB",
        "AWSSecretsManager",
        "AmazonCloudWatch",
        "AmazonEC2",
        "AmazonEFS",
        "AmazonEKS",
        "AmazonElastiCache",
        "AmazonRDS",
        "AmazonS3",
        "AmazonVPC",
        "awskms",
    ]


def test_every_item_has_at_most_one_rule_and_names_itself() -> None:
    rules = rules_for(ITEMS)
    assert set(Counter(rule.key for rule in rules).values()) == {1}
    assert {rule.key for rule in rules} <= ITEMS
    assert len(rules) > 150


@pytest.mark.parametrize("item", class_items(load_catalog().classes))
def test_every_class_of_the_catalog_can_be_renewed(item: Item) -> None:
    assert [rule.key for rule in rules_for([item])] == [item]


def test_a_rule_prices_what_the_book_prices() -> None:
    units = {
        (price.service, price.item): price.unit
        for file in FILES
        if file.region in ("us-east-1", EVERYWHERE)
        for price in file.prices
    }
    rules = rules_for(ITEMS)
    assert {rule.key: rule.unit for rule in rules if rule.key in units} == {
        rule.key: units[rule.key] for rule in rules if rule.key in units
    }


def test_every_region_of_the_book_can_be_renewed() -> None:
    assert {file.region for file in FILES} - {EVERYWHERE} <= REGION_PREFIXES.keys()


def test_what_no_offer_sells_has_no_rule() -> None:
    assert rules_for([("Labour", "support hour"), ("AmazonRDS", "RDS Oracle db.t4g.small Single-AZ")]) == []

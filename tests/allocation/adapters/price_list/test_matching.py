from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.adapters.price_list.matching import Match, match, prefixes_of
from allocation.adapters.price_list.offers import OfferRow, PriceListError, on_demand_rows, open_offer
from allocation.adapters.price_list.rules import Item, rules_for
from tests.allocation.adapters.price_list.offer_files import (
    BACKUP,
    RDS,
    S3,
    Offer,
    Product,
    database,
    storage,
)

SINGLE = ("AmazonRDS", "RDS PostgreSQL db.t4g.small Single-AZ")
MULTI = ("AmazonRDS", "RDS PostgreSQL db.t4g.small Multi-AZ")


def matched(folder: Path, offer: Offer, *items: Item, region: str = "us-east-1") -> dict[Item, Match]:
    return match(rules_for(items), on_demand_rows(open_offer(offer.written(folder))), region)


@pytest.mark.parametrize(
    ("offer", "item", "sku", "price"),
    [
        (RDS, SINGLE, "PGSMALL1", "0.032"),  # not MySQL, Custom or Outposts
        (RDS, MULTI, "PGSMALL2", "0.065"),  # not a cluster with readable standbys
        (
            RDS,
            ("AmazonRDS", "RDS PostgreSQL db.m5.xlarge Single-AZ"),
            "PGMIXED1",
            "0.356",
        ),  # spelled db.m5.xl
        (RDS, ("AmazonRDS", "RDS PostgreSQL gp3 storage Single-AZ"), "GP3ONE01", "0.115"),
        (RDS, ("AmazonRDS", "RDS PostgreSQL gp3 storage Multi-AZ"), "GP3TWO01", "0.23"),
        (BACKUP, ("AWSBackup", "EFS warm backup"), "WARMEFS1", "0.05"),  # not -LAGV, not the copy
        (S3, ("AmazonS3", "Standard storage first 50 TB"), "S3TIERED", "0.023"),  # the first range
    ],
)
def test_a_rule_means_one_sku_among_its_likes(
    tmp_path: Path, offer: Offer, item: Item, sku: str, price: str
) -> None:
    found = matched(tmp_path, offer, item)[item]
    assert (found.sku, found.price) == (sku, Decimal(price))


def test_ranges_are_counted(tmp_path: Path) -> None:
    item = ("AmazonS3", "Standard storage first 50 TB")
    assert matched(tmp_path, S3, item)[item].ranges == 2


def test_what_is_not_sold_here_is_left_out(tmp_path: Path) -> None:
    assert matched(tmp_path, RDS, ("AmazonRDS", "RDS PostgreSQL db.r7g.large Single-AZ")) == {}


def test_another_regions_lines_are_not_ours(tmp_path: Path) -> None:
    offer = Offer("AmazonRDS", [database("EUSMALL1", "EU-InstanceUsage:db.t4g.small", "0.0350000000")])
    assert matched(tmp_path, offer, SINGLE) == {}
    assert matched(tmp_path, offer, SINGLE, region="eu-west-1")[SINGLE].price == Decimal("0.035")


def test_two_skus_are_an_error_that_names_them_and_what_sets_them_apart(tmp_path: Path) -> None:
    twin = database("PGTWIN01", "InstanceUsage:db.t4g.small", "0.0330000000", operation="CreateDB:Other")
    with pytest.raises(PriceListError) as error:
        matched(tmp_path, Offer("AmazonRDS", [*RDS.products, twin]), SINGLE, MULTI)
    assert (
        "means 2 SKUs, expected one: PGSMALL1 (operation ''); PGTWIN01 (operation 'CreateDB:Other')"
        in str(error.value)
    )


def test_every_doubtful_rule_is_reported_at_once(tmp_path: Path) -> None:
    twins = [
        database("PGTWIN01", "InstanceUsage:db.t4g.small", "0.0330000000"),
        database("PGTWIN02", "Multi-AZUsage:db.t4g.small", "0.0660000000", "Multi-AZ"),
    ]
    with pytest.raises(PriceListError) as error:
        matched(tmp_path, Offer("AmazonRDS", [*RDS.products, *twins]), SINGLE, MULTI)
    assert str(error.value).count("means 2 SKUs") == 2


def test_an_engine_of_its_own_beside_any_engine_is_two_skus(tmp_path: Path) -> None:
    both = Offer(
        "AmazonRDS",
        [
            storage("GP3ONE01", "RDS:GP3-Storage", "0.115"),
            storage("GP3ANY01", "RDS:GP3-Storage", "0.120", databaseEngine="Any"),
        ],
    )
    with pytest.raises(PriceListError, match="GP3ANY01"):
        matched(tmp_path, both, ("AmazonRDS", "RDS PostgreSQL gp3 storage Single-AZ"))


def test_another_unit_is_an_error(tmp_path: Path) -> None:
    product = Product("GP3ODD01", "Storage", {"usagetype": "EBS:VolumeUsage.gp3"}, [("0", "GiB-Hrs", "0.08")])
    with pytest.raises(PriceListError, match="is priced per 'GiB-Hrs', expected GB-Mo or GB-month"):
        matched(tmp_path, Offer("AmazonEC2", [product]), ("AmazonEC2", "EBS gp3 storage"))


@pytest.mark.parametrize(
    "ranges", [[("1", "GB-Mo", "0.08")], [("0", "GB-Mo", "0.08"), ("0", "GB-Mo", "0.09")]]
)
def test_a_price_of_the_first_unit_there_must_be_one(
    tmp_path: Path, ranges: list[tuple[str, str, str]]
) -> None:
    product = Product("GP3ODD01", "Storage", {"usagetype": "EBS:VolumeUsage.gp3"}, ranges)
    with pytest.raises(PriceListError, match="prices from the first unit on, expected one"):
        matched(tmp_path, Offer("AmazonEC2", [product]), ("AmazonEC2", "EBS gp3 storage"))


def test_an_unknown_region_is_refused() -> None:
    assert prefixes_of("us-east-1") == ("", "USE1-", "us-east-1-")
    with pytest.raises(
        PriceListError, match="--region 'eu-south-9': the prefix of its usage types is unknown"
    ):
        prefixes_of("eu-south-9")


engines = st.sampled_from(["PostgreSQL", "MySQL", "Any", ""])
zones = st.sampled_from(["Single-AZ", "Multi-AZ", "Multi-AZ (readable standbys)"])
usages = st.sampled_from(
    ["InstanceUsage:db.t4g.small", "EU-InstanceUsage:db.t4g.small", "Multi-AZUsage:db.t4g.small"]
)


@settings(deadline=None)
@given(st.lists(st.tuples(engines, zones, usages), max_size=6))
def test_a_rule_finds_one_sku_or_says_so(drawn: list[tuple[str, str, str]]) -> None:
    rows = [
        OfferRow(
            f"SKU{at}",
            "0",
            "Hrs",
            Decimal("0.1"),
            {
                "usagetype": usage,
                "instancetype": "db.t4g.small",
                "databaseengine": engine,
                "deploymentoption": deployment,
                "locationtype": "AWS Region",
                "productfamily": "Database Instance",
            },
        )
        for at, (engine, deployment, usage) in enumerate(drawn)
    ]
    meant = drawn.count(("PostgreSQL", "Single-AZ", "InstanceUsage:db.t4g.small"))
    if meant > 1:
        with pytest.raises(PriceListError, match=f"means {meant} SKUs"):
            match(rules_for([SINGLE]), rows, "us-east-1")
    else:
        assert len(match(rules_for([SINGLE]), rows, "us-east-1")) == meant

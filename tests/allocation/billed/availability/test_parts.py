"""What a single zone would cost of a line, by AWS's own descriptions and the committed price book."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from allocation.billed.availability.parts import Line, Unsplit, single_zone_part, spare_nodes
from allocation.billed.deployed import deployed_in
from allocation.charges import ChargePeriod
from allocation.prices.price_book import PriceBook, PriceFile, load_price_book
from tests.allocation.small import START
from tests.portfolios import local_plan
from tiers.inventory import Inventory

PRICES = load_price_book("USD")
ARN = "arn:aws:elasticache:us-east-1:123456789012:replicationgroup:odoo-local"
SERVER = "$0.478 per RDS db.r7g.large Multi-AZ instance hour (or partial hour) running PostgreSQL"
STORAGE = "$0.23 per GB-month of provisioned gp3 storage for Multi-AZ deployments running PostgreSQL"
NODE = "$0.0128 per cache.t4g.micro node-hour running Valkey"


@pytest.mark.parametrize(
    ("description", "region", "expected"),
    [
        (SERVER, "us-east-1", Fraction(239, 478)),
        (
            "USD 0.129 per RDS db.t4g.medium Multi-AZ instance hour running PostgreSQL",
            "us-east-1",
            Fraction(65, 129),
        ),
        (SERVER, "eu-west-1", Fraction(268, 535)),
        (STORAGE, "us-east-1", Fraction(1, 2)),
        (
            "$0.010 per GB - regional data transfer - in/out/between EC2 AZs or using elastic IPs or ELB",
            "",
            Fraction(0),
        ),
    ],
)
def test_a_single_zones_part_is_that_of_the_list_prices(
    description: str, region: str, expected: Fraction
) -> None:
    assert single_zone_part(Line(description, region), PRICES, {}) == expected


@pytest.mark.parametrize(
    "description",
    [
        "$0.239 per RDS db.r7g.large Single-AZ instance hour (or partial hour) running PostgreSQL",
        "$0.478 per RDS db.r7g.large Multi-AZ instance hour (or partial hour) running MySQL",
        "$0.115 per GB-month of provisioned gp3 storage running PostgreSQL",
        NODE,
        "",
    ],
)
def test_what_pays_for_no_second_zone_is_left_alone(description: str) -> None:
    assert single_zone_part(Line(description, "us-east-1"), PRICES, {}) is None


@pytest.mark.parametrize(
    ("region", "reason"),
    [
        ("mars-north-1", "the price book has no 'RDS PostgreSQL db.r7g.large Single-AZ' in mars-north-1"),
        ("", "the price book has no 'RDS PostgreSQL db.r7g.large Single-AZ' in no region"),
    ],
)
def test_without_a_price_a_line_stays_whole_and_says_so(region: str, reason: str) -> None:
    part = single_zone_part(Line(SERVER, region), PRICES, {})
    assert isinstance(part, Unsplit)
    assert part.reason == reason


def test_two_zones_that_no_price_is_known_of_stay_whole_and_say_so() -> None:
    line = Line("$0.20 per IOPS-month of provisioned io2 storage for Multi-AZ PostgreSQL", "us-east-1")
    part = single_zone_part(line, PRICES, {})
    assert isinstance(part, Unsplit)
    assert part.reason == f"no price says what '{line.description}' costs in a single zone"


def test_a_price_of_nothing_divides_nothing() -> None:
    item = "RDS PostgreSQL db.r7g.large"
    known = [PRICES.find("us-east-1", "AmazonRDS", f"{item} {zones}-AZ") for zones in ("Single", "Multi")]
    free = [price.model_copy(update={"price": Decimal(0)}) for price in known if price]
    given = PriceFile(
        provider="aws", region="us-east-1", currency="USD", compiled="2026-11-01", sources={}, prices=free
    )
    part = single_zone_part(Line(SERVER, "us-east-1"), PriceBook([given], "USD"), {})
    assert isinstance(part, Unsplit)
    assert (
        part.reason
        == "the price book's two prices of 'RDS PostgreSQL db.r7g.large' in us-east-1 do not fit together"
    )


def test_nodes_of_a_cache_that_wait_are_availability() -> None:
    inventory = Inventory(plan=local_plan(), cloud_ids={"platform/cache": ARN})
    nodes = spare_nodes(deployed_in(ChargePeriod.month("2026-11"), [(START, inventory)]))
    assert nodes == {"odoo-local": 2}
    assert single_zone_part(Line(NODE, "us-east-1", "odoo-local"), PRICES, nodes) == Fraction(1, 2)
    assert single_zone_part(Line(NODE, "us-east-1", "other"), PRICES, nodes) is None

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from allocation.pricing import PriceBook, load_price_book
from tiers.errors import CatalogError

REST = "confidence: A, date: 2026-10-07"
FILE = """
provider: aws
region: {region}
currency: {currency}
compiled: 2026-11-23
sources:
  offer: {{what: an offer file, date: 2026-10-07}}
prices:
  - {{service: S3, item: storage, unit: GB-month, price: "0.0230", source: {source}, {rest}}}
{more}
"""


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return load_price_book("USD")


@pytest.mark.parametrize(
    ("region", "service", "item", "price"),
    [
        ("us-east-1", "AmazonRDS", "RDS PostgreSQL db.t4g.small Multi-AZ", "0.065"),  # not twice 0.032
        ("eu-west-1", "AmazonRDS", "RDS PostgreSQL db.t4g.micro Multi-AZ", "0.035"),  # not twice 0.017
        ("us-east-1", "AmazonEKS", "control plane, standard support", "0.1"),
        ("us-east-1", "AmazonPrometheus", "metric samples 40M..2B", "0.00000009"),
        ("eu-west-1", "Network", "NAT gateway", "0.048"),
        ("eu-west-1", "Labour", "support hour", "60"),
    ],
)
def test_known_prices(book: PriceBook, region: str, service: str, item: str, price: str) -> None:
    found = book.find(region, service, item)
    assert found is not None
    assert found.price == Decimal(price)
    assert found.source
    assert found.confidence
    assert found.date


def test_an_unknown_region_gets_no_neighbours_price(book: PriceBook) -> None:
    assert book.find("eu-central-1", "AmazonEKS", "control plane, standard support") is None


def test_the_better_source_won_where_two_gave_a_price(book: PriceBook) -> None:
    found = book.find("us-east-1", "AmazonElastiCache", "cache.t4g.micro Redis")
    assert found is not None
    assert (found.confidence, found.source) == ("A", "ec-2026-09-14")


def write(folder: Path, name: str = "aws.yaml", **values: str) -> Path:
    text = FILE.format(
        **{"region": "us-east-1", "currency": "USD", "source": "offer", "more": "", "rest": REST} | values
    )
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_price_keeps_its_trailing_zeros(tmp_path: Path) -> None:
    price = load_price_book("USD", write(tmp_path)).find("us-east-1", "S3", "storage")
    assert price is not None
    assert str(price.price) == "0.0230"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"currency": "EUR"}, "prices are in EUR, the portfolio is in USD"),
        ({"source": "hearsay"}, "S3 storage: source 'hearsay' is unknown"),
        (
            {"more": f"  - {{service: S3, item: storage, unit: GB, price: 1, source: offer, {REST}}}"},
            "S3 storage: is priced twice",
        ),
        (
            {"more": f"  - {{service: S3, item: other, unit: GB, price: -1, source: offer, {REST}}}"},
            r"aws.yaml:10: prices.1.price: Input should be greater than or equal to 0 \(got '-1'\)",
        ),
        (
            {"more": f"  - {{service: S3, item: other, unit: GB, price: NaN, source: offer, {REST}}}"},
            "finite",
        ),
    ],
)
def test_a_doubtful_price_file_is_refused(tmp_path: Path, values: dict[str, str], message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        load_price_book("USD", write(tmp_path, **values))


def test_an_empty_price_book_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="holds no price file"):
        load_price_book("USD", tmp_path)

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

from allocation.prices.price_book import Confidence, PriceBook, load_price_book, price_files, read_price_file
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
        ("eu-west-1", "Labour", "migration hour", "60"),
        ("eu-west-1", "AmazonEFS", "Standard storage (Regional)", "0.33"),
        ("eu-west-1", "AmazonS3", "Standard storage first 50 TB", "0.023"),
        ("eu-west-1", "AmazonEKS", "control plane, standard support", "0.1"),
        ("eu-west-2", "AmazonCloudWatch", "Logs ingest Standard class", "0.5985"),
        ("eu-central-1", "AmazonEC2", "EBS gp3 storage", "0.0952"),
        ("ap-southeast-1", "Network", "NAT gateway", "0.059"),
        ("eu-north-1", "awskms", "customer managed key", "1"),
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
    item = "RDS PostgreSQL db.t4g.medium Multi-AZ"
    assert book.find("eu-west-1", "AmazonRDS", item) is not None
    assert book.find("eu-central-1", "AmazonRDS", item) is None
    assert book.find("eu-south-9", "AmazonRDS", item) is None


def test_a_regions_own_price_wins_over_everywheres(book: PriceBook) -> None:
    own = book.find("us-west-2", "AmazonEKS", "control plane, standard support")
    everywhere = book.find("eu-north-1", "AmazonEKS", "control plane, standard support")
    assert own is not None
    assert everywhere is not None
    assert (own.source, everywhere.source) == ("offer-usw2-2026-10", "eks-all-regions")


def test_regions_that_were_not_requested_are_not_read(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "broken.yaml").write_text("region: eu-west-1\nprices: 7\n", encoding="utf-8")
    (tmp_path / "all.yaml").write_text(
        FILE.format(region="everywhere", currency="USD", source="offer", more="", rest=REST), encoding="utf-8"
    )
    read = load_price_book("USD", tmp_path, regions={"us-east-1"})
    assert read.regions == {"us-east-1"}
    assert read.find("eu-south-9", "S3", "storage") is not None
    with pytest.raises(CatalogError, match=r"broken.yaml:2: prices: "):
        load_price_book("USD", tmp_path, regions={"eu-west-1"})


def test_a_region_is_read_alone_as_it_is_among_all(book: PriceBook) -> None:
    for region in book.regions:
        alone = load_price_book("USD", regions={region})
        assert alone.regions == {region}
        assert alone.find(region, "AmazonEC2", "m7g.large Linux on-demand") == book.find(
            region, "AmazonEC2", "m7g.large Linux on-demand"
        )


def test_every_price_of_the_book_says_how_sure_it_is_and_since_when() -> None:
    for path in price_files():
        file = read_price_file(path)
        assert file.prices
        for price in file.prices:
            assert price.confidence in get_args(Confidence)
            assert file.sources[price.source].what


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
        (
            {"source": "hearsay"},
            r"aws.yaml:9: prices.0: S3 storage: source 'hearsay' is unknown; known are offer",
        ),
        (
            {"more": f"  - {{service: S3, item: storage, unit: GB, price: 1, source: offer, {REST}}}"},
            r"aws.yaml:10: prices.1: S3 storage: is priced twice",
        ),
        (
            {"more": f"  - {{service: S3, item: other, unit: GB, price: -1, source: offer, {REST}}}"},
            r"aws.yaml:10: prices.1.price: expected a number of at least 0, found '-1'",
        ),
        (
            {"rest": "confidence: sure, date: 2026-10-07"},
            "aws.yaml:9: prices.0.confidence: expected 'A', 'A-', ",
        ),
        ({"rest": "confidence: A, date: 7 October"}, r"aws.yaml:9: prices.0.date: expected text of the form"),
        ({"rest": "confidence: A, date: 2026-02-30"}, r"aws.yaml:9: prices.0.date: day is out of range"),
        ({"rest": "confidence: A, date: 2026-13"}, r"aws.yaml:9: prices.0.date: month must be in 1..12"),
        (
            {"more": f"  - {{service: S3, item: other, unit: GB, price: NaN, source: offer, {REST}}}"},
            "prices.1.price: expected a number, found 'NaN'",
        ),
    ],
)
def test_a_doubtful_price_file_is_refused(tmp_path: Path, values: dict[str, str], message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        load_price_book("USD", write(tmp_path, **values))


def test_an_empty_price_book_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="holds no price file"):
        load_price_book("USD", tmp_path)


def test_every_mistake_of_a_file_is_reported_at_once(tmp_path: Path) -> None:
    more = f"  - {{service: S3, item: storage, unit: GB, price: 1, source: rumour, {REST}}}"
    with pytest.raises(CatalogError) as error:
        load_price_book("USD", write(tmp_path, more=more))
    assert len(error.value.problems) == 2

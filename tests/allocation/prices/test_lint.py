from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from allocation.estimate.assumptions import Assumptions
from allocation.estimate.quantities import lines_of
from allocation.prices.lint import Linted, class_items, lint
from allocation.prices.price_book import DIRECTORY
from tests.portfolios import local_plan
from tiers.catalog.loading import load_catalog
from tiers.errors import CatalogError
from tiers.facts import every_fact as facts

CLASSES = load_catalog().classes
TODAY = date(2026, 11, 24)
FULL = ("eu-west-1", "us-east-1")
"""Regions in which every class of the catalog has a price."""
WITHOUT_SERVERS = (
    "ap-south-1",
    "ap-southeast-1",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-2",
    "eu-west-3",
    "us-east-2",
    "us-west-2",
)
"""Regions in which caches and nodes have prices, and no class of database server has."""
FILE = """
provider: aws
region: {region}
currency: USD
compiled: 2026-11-23
sources:
  list: {{what: a list, date: 2026-10-07}}
prices:
{prices}
"""
ROW = (
    "  - {{service: AmazonRDS, item: {item}, unit: hour, price: '{price}', confidence: {confidence}, {rest}}}"
)


def row(item: str, price: str = "0.1", confidence: str = "A", date: str = "2026-10-07") -> str:
    return ROW.format(item=item, price=price, confidence=confidence, rest=f"source: list, date: {date}")


def linted(folder: Path, *rows: str, region: str = "us-east-1", name: str = "aws.yaml") -> Linted:
    text = FILE.format(region=region, prices="\n".join(rows))
    (folder / name).write_text(text, encoding="utf-8")
    return lint(folder, CLASSES, TODAY)


def test_every_class_is_priced_or_listed_in_every_region() -> None:
    found = lint(DIRECTORY, CLASSES, TODAY)
    assert found.problems == ()
    servers = {item for item in class_items(CLASSES) if item[0] == "AmazonRDS"}
    assert {each.region: set(each.unpriced) for each in found.regions} == {
        region: servers if region in WITHOUT_SERVERS else set() for region in (*FULL, *WITHOUT_SERVERS)
    }
    for each in found.regions:
        assert {*each.priced, *each.unpriced} == set(class_items(CLASSES))


def test_a_class_is_called_what_an_estimate_calls_it() -> None:
    kinds = (facts.DatabaseInstance, facts.CacheGroup, facts.NodeGroup)
    asked = {
        (line.service, line.item)
        for fact in local_plan().all_facts()
        if isinstance(fact, kinds)
        for line in lines_of(fact, Assumptions.on(TODAY))
        if line.name in {"instance", "instances", "nodes"}
    }
    assert {service for service, _ in asked} >= {"AmazonRDS", "AmazonEC2"}
    assert asked <= set(class_items(CLASSES))


def test_all_that_is_wrong_is_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("provider: aws\n", encoding="utf-8")
    found = linted(tmp_path, row("x"), row("x"))
    assert any("broken.yaml:1: " in problem for problem in found.problems)
    assert any("aws.yaml:10: prices.1: AmazonRDS x: is priced twice" in problem for problem in found.problems)


def test_two_files_may_not_price_one_item(tmp_path: Path) -> None:
    linted(tmp_path, row("x"), name="a.yaml")
    found = linted(tmp_path, row("x"), name="b.yaml")
    assert found.problems == (
        f"{tmp_path}/b.yaml: AmazonRDS x: is priced for us-east-1 in {tmp_path}/a.yaml, too",
    )


@pytest.mark.parametrize(
    ("confidence", "said"), [("D", "scaled from a sibling"), ("example", "an example"), ("C", None)]
)
def test_a_doubtful_price_is_warned_of(tmp_path: Path, confidence: str, said: str | None) -> None:
    found = linted(tmp_path, row("x", "0.10", confidence))
    expected = f"{tmp_path}/aws.yaml: AmazonRDS x: 0.10 is {said}; find the real price"
    assert found.warnings == ((expected,) if said else ())


@pytest.mark.parametrize(
    ("read", "old"),
    [
        ("2025-11-24", False),
        ("2025-11-23", True),
        ("2025-11", False),  # may have been its last day
        ("2025-10", True),
        ("2025-12", False),
        ("2025", False),
        ("2024", True),
    ],
)
def test_a_price_of_more_than_a_year_ago_is_warned_of(tmp_path: Path, read: str, old: bool) -> None:  # noqa: FBT001
    found = linted(tmp_path, row("x", date=read))
    assert found.regions[0].oldest == read
    assert (len(found.warnings) == 1) is old


@pytest.mark.parametrize(
    ("multi", "confidence", "noted"),
    [("0.064", "B", True), ("0.065", "B", False), ("0.064", "A", False), ("0.064", "A (old)", False)],
)
def test_exactly_twice_is_noted_unless_an_offer_says_so(
    tmp_path: Path, multi: str, confidence: str, *, noted: bool
) -> None:
    found = linted(tmp_path, row("x Single-AZ", "0.032"), row("x Multi-AZ", multi, confidence))
    assert bool(found.notes) is noted


def test_what_is_the_same_everywhere_is_priced_in_every_region(tmp_path: Path) -> None:
    item = class_items(CLASSES)[0]
    linted(tmp_path, row(item[1]), region="everywhere", name="all.yaml")
    found = linted(tmp_path, row("x"))
    assert [each.region for each in found.regions] == ["us-east-1"]
    assert found.regions[0].priced == (item,)


def test_a_folder_without_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="holds no price file"):
        lint(tmp_path, CLASSES, TODAY)


def test_a_book_without_regions_is_held_against_the_classes_too(tmp_path: Path) -> None:
    """As a contract that has the same prices everywhere."""
    priced = "RDS PostgreSQL db.t4g.medium Single-AZ"
    (only,) = linted(tmp_path, row(priced), region="everywhere").regions
    assert (only.region, only.prices, only.oldest) == ("everywhere", 1, "2026-10-07")
    assert only.priced == (("AmazonRDS", priced),)
    assert {*only.priced, *only.unpriced} == {*class_items(CLASSES)}


def test_a_region_in_two_files_is_one_region(tmp_path: Path) -> None:
    single, both = (f"RDS PostgreSQL db.t4g.medium {zones}" for zones in ("Single-AZ", "Multi-AZ"))
    linted(tmp_path, row(single), name="a.yaml")
    (region,) = linted(tmp_path, row(both, date="2026-11-01"), name="b.yaml").regions
    assert region.priced == (("AmazonRDS", single), ("AmazonRDS", both))
    assert (region.prices, region.oldest) == (2, "2026-10-07")

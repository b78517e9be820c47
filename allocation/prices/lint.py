"""Checks a price book: mistakes, doubtful prices, and classes without a price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from allocation.prices.age import is_older_than_a_year
from allocation.prices.price_book import EVERYWHERE, Price, PriceFile, price_files, read_price_file
from tiers.catalog.classes import Classes
from tiers.errors import CatalogError

_DOUBTFUL: Final = ("D", "example")
_FROM_OFFERS: Final = ("A", "A-")
_CACHE_ENGINES: Final = ("Valkey", "Redis")

Item = tuple[str, str]
"""Service and item, as the price book names them."""


@dataclass(frozen=True)
class RegionCoverage:
    """The prices of one region in a price book.

    Attributes:
        region: Of the provider; `everywhere` where the book has no price of a region.
        prices: How many are of the region itself.
        priced: Items of the catalog's classes that have a price.
        unpriced: Items of the catalog's classes that have none.
        oldest: Date of the oldest price.
    """

    region: str
    prices: int
    priced: tuple[Item, ...]
    unpriced: tuple[Item, ...]
    oldest: str


@dataclass(frozen=True)
class Linted:
    """The findings in a price book."""

    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    regions: tuple[RegionCoverage, ...]


def lint(directory: Path, classes: Classes, today: date) -> Linted:
    """Check every price file of *directory*; a mistake in one does not hide those in others.

    Raises:
        CatalogError: When there is no price file.
    """
    problems: list[str] = []
    files: list[tuple[Path, PriceFile]] = []
    for path in price_files(directory):
        try:
            files.append((path, read_price_file(path)))
        except CatalogError as error:
            problems += error.problems
    wanted = class_items(classes)
    return Linted(
        problems=(*problems, *_split_regions(files)),
        warnings=tuple(said for path, file in files for said in _warnings(path, file, today)),
        notes=tuple(said for path, file in files for said in _exactly_twice(path, file)),
        regions=tuple(_coverages([file for _, file in files], wanted)),
    )


def class_items(classes: Classes) -> tuple[Item, ...]:
    """The items that price the classes of the catalog, for every engine and both deployments."""
    databases = sorted({each.instance_class for each in classes.database_classes.values()})
    caches = sorted({each.node_type for each in classes.cache_classes.values()})
    return (
        *(
            ("AmazonRDS", f"RDS PostgreSQL {name} {zones}")
            for name in databases
            for zones in ("Single-AZ", "Multi-AZ")
        ),
        *(("AmazonElastiCache", f"{name} {engine}") for name in caches for engine in _CACHE_ENGINES),
        *(("AmazonEC2", f"{name} Linux on-demand") for name in sorted(classes.node_classes)),
    )


def _coverages(files: Sequence[PriceFile], wanted: Sequence[Item]) -> Iterator[RegionCoverage]:
    """A line for each region; where no file is of a region, one for what is the same everywhere."""
    by_region: dict[str, list[Price]] = {}
    for file in files:
        by_region.setdefault(file.region, []).extend(file.prices)
    everywhere = by_region.pop(EVERYWHERE, [])
    for region, prices in (by_region or {EVERYWHERE: everywhere}).items():
        known = {(price.service, price.item) for price in (*prices, *everywhere)}
        yield RegionCoverage(
            region=region,
            prices=len(prices),
            priced=tuple(item for item in wanted if item in known),
            unpriced=tuple(item for item in wanted if item not in known),
            oldest=min((price.date for price in prices), default=""),
        )


def _split_regions(files: Sequence[tuple[Path, PriceFile]]) -> Iterator[str]:
    """Items of a region with prices in two files, where the order of files would decide."""
    seen: dict[tuple[str, str, str], Path] = {}
    for path, file in files:
        for price in file.prices:
            key = (file.region, price.service, price.item)
            if key in seen:
                yield f"{path}: {price.service} {price.item}: is priced for {file.region} in {seen[key]}, too"
            seen.setdefault(key, path)


def _warnings(path: Path, file: PriceFile, today: date) -> Iterator[str]:
    for price in file.prices:
        if price.confidence in _DOUBTFUL:
            said = "an example" if price.confidence == "example" else "scaled from a sibling"
            yield f"{path}: {price.service} {price.item}: {price.price:f} is {said}; find the real price"
    old = [price for price in file.prices if is_older_than_a_year(price.date, today)]
    if old:
        eldest = min(old, key=lambda price: price.date)
        yield (
            f"{path}: {len(old)} of {len(file.prices)} prices are older than a year, the oldest of "
            f"{eldest.date} ({eldest.service} {eldest.item}); costack prices update --region {file.region}"
        )


def _exactly_twice(path: Path, file: PriceFile) -> Iterator[str]:
    """Multi-AZ prices that look doubled by hand: AWS's own are often not twice the single price."""
    prices = {(price.service, price.item): price for price in file.prices}
    for (service, item), price in prices.items():
        single = prices.get((service, item.removesuffix("Multi-AZ") + "Single-AZ"))
        if (
            item.endswith(" Multi-AZ")
            and single is not None
            and price.price == 2 * single.price
            and not price.confidence.startswith(_FROM_OFFERS)
        ):
            yield f"{path}: {service} {item}: is exactly twice Single-AZ and from no offer file"

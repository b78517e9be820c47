"""The price book: dated unit prices per region, each with its source. Never a neighbour's price."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from tiers.catalog.fees import Currency
from tiers.errors import CatalogError
from tiers.files import opened
from tiers.strict_yaml import Fault, load_model, sentences
from tiers.vocabulary import Frozen

DIRECTORY: Final = Path(__file__).parent.parent / "pricebook"
EVERYWHERE: Final = "everywhere"
CURRENCY: Final = "USD"
"""Of the price files that come with Costack."""

Confidence = Literal["A", "A-", "A (old)", "B", "B (old)", "C", "D", "example"]
"""The confidence in a price.

A an AWS offer file or its API, with SKU; A- the same without SKU; B derived from offer files, or a bill;
C a secondary page; D scaled from a similar item; `(old)` read years ago; example an invented price.
"""


def _day_of_calendar(text: str) -> str:
    date.fromisoformat(f"{text}-01-01"[: len("YYYY-MM-DD")])
    return text


Date = Annotated[str, Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$"), AfterValidator(_day_of_calendar)]
"""A day, month or year, as precise as its source. For a span it is the beginning."""

_HEAD_BYTES: Final = 8192
_REGION: Final = re.compile(rb"^region:[ ]*([a-z0-9-]+)[ ]*$", re.MULTILINE)


class Source(Frozen):
    """Where prices were read."""

    what: str
    date: str
    where: str = ""


class Offer(Frozen):
    """A price list of AWS that prices were taken from, to the byte."""

    version: str
    published: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Price(Frozen):
    """What one unit of an item costs."""

    service: str
    item: str
    unit: str
    price: Annotated[Decimal, Field(ge=0, max_digits=30, decimal_places=18, allow_inf_nan=False)]
    confidence: Confidence
    source: str
    date: Date
    sku: str = ""
    usage_type: str = ""
    note: str = ""


class PriceFile(Frozen):
    """One file of the price book: a provider's list prices in one region."""

    provider: str
    region: str
    currency: Currency
    compiled: Date
    sources: Mapping[str, Source]
    offers: Mapping[str, Offer] = Field(default_factory=dict)
    prices: Sequence[Price]


class PriceBook:
    """All prices that can be looked up, in one currency.

    Args:
        files: What to look up in.
        currency: Of all of them.
        names: The name of each file, as `house.yaml`; as many as files, or none.
        otherwise: Where to look up what none of the files has.
    """

    def __init__(
        self,
        files: Sequence[PriceFile],
        currency: str,
        names: Sequence[str] = (),
        otherwise: PriceBook | None = None,
    ) -> None:
        self._files, self._names, self._otherwise = files, names, otherwise
        self.currency = currency
        self.compiled = max((file.compiled for file in files), default="")
        self._prices = {
            (file.region, price.service, price.item): price for file in files for price in file.prices
        }
        self.regions = frozenset(file.region for file in files) - {EVERYWHERE}
        if otherwise is not None:
            self.regions |= otherwise.regions

    def has_the_prices_of(self, other: PriceBook) -> bool:
        """Whether everything costs the same in both."""
        return self._prices == other._prices

    def or_else(self, other: PriceBook) -> PriceBook:
        """These prices, and those of *other* for what is unknown here."""
        return PriceBook(self._files, self.currency, self._names, other)

    def file_of(self, region: str, service: str, item: str) -> str:
        """The name of the file that has the price of *item*; empty when there is none."""
        for where in (region, EVERYWHERE):
            for name, file in zip(self._names, self._files, strict=False):
                if file.region == where and any(
                    (each.service, each.item) == (service, item) for each in file.prices
                ):
                    return name
        return ""

    def items_of(self, region: str, service: str) -> tuple[str, ...]:
        """The items of *service* that have a price in *region* itself, sorted."""
        return tuple(
            sorted(item for (where, what, item) in self._prices if (where, what) == (region, service))
        )

    def find(self, region: str, service: str, item: str) -> Price | None:
        """The price of *item* in *region*, or of one that is the same everywhere; None when unknown."""
        known = self._prices.get((region, service, item)) or self._prices.get((EVERYWHERE, service, item))
        if known is None and self._otherwise is not None:
            return self._otherwise.find(region, service, item)
        return known


def load_price_book(
    currency: str, directory: Path = DIRECTORY, regions: Collection[str] | None = None
) -> PriceBook:
    """Read the price files of *directory*.

    Args:
        currency: Of the portfolio.
        directory: Where the files lie.
        regions: Read no other regions than these, and what is the same everywhere; all when not given.

    Raises:
        CatalogError: When a file is not a price file, has an item twice, names an unknown source, or has
            another currency: prices are not converted.
    """
    files: list[PriceFile] = []
    names: list[str] = []
    for path in price_files(directory):
        if regions is not None and _region_of(path) not in (None, EVERYWHERE, *regions):
            continue
        file = read_price_file(path)
        if file.currency != currency:
            raise CatalogError(f"{path}: prices are in {file.currency}, the portfolio is in {currency}")
        files.append(file)
        names.append(path.name)
    return PriceBook(files, currency, names)


def price_files(directory: Path = DIRECTORY) -> list[Path]:
    """The price files of *directory*, by name.

    Raises:
        CatalogError: When there is none.
    """
    paths = sorted(directory.glob("*.yaml"))
    if not paths:
        raise CatalogError(f"{directory}: holds no price file")
    return paths


def read_price_file(path: Path) -> PriceFile:
    """Read one price file.

    Raises:
        CatalogError: With every mistake in it: what has another shape, an item that is priced twice, a
            source that is unknown.
    """
    file = load_model(PriceFile, path, within=path.parent)
    if doubts := sentences(path, _doubts(file)):
        raise CatalogError(*doubts)
    return file


def _doubts(file: PriceFile) -> Iterator[Fault]:
    seen: set[tuple[str, str]] = set()
    for at, price in enumerate(file.prices):
        if price.source not in file.sources:
            known = ", ".join(sorted(file.sources)) or "none"
            said = f"{price.service} {price.item}: source '{price.source}' is unknown; known are {known}"
            yield ("prices", at), said
        if (price.service, price.item) in seen:
            yield ("prices", at), f"{price.service} {price.item}: is priced twice"
        seen.add((price.service, price.item))


def _region_of(path: Path) -> str | None:
    """The region of a price file, without reading its prices; None if it has none."""
    try:
        with opened(path, within=path.parent) as stream:
            found = _REGION.search(stream.read(_HEAD_BYTES))
    except (OSError, CatalogError):
        return None  # reading the file reports the error
    return found[1].decode() if found else None

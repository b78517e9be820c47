"""The price book: dated unit prices per region, each with its source. Never a neighbour's price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from tiers.errors import CatalogError
from tiers.loader import load_model
from tiers.model import Currency
from tiers.vocabulary import Frozen

DIRECTORY: Final = Path(__file__).parent / "pricebook"
_EVERYWHERE: Final = "everywhere"


class Source(Frozen):
    """Where prices were read."""

    what: str
    date: str
    where: str = ""


class Price(Frozen):
    """What one unit of an item costs."""

    service: str
    item: str
    unit: str
    price: Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
    confidence: str
    source: str
    date: str
    sku: str = ""
    note: str = ""


class PriceFile(Frozen):
    """One file of the price book: a provider's list prices in one region."""

    provider: str
    region: str
    currency: Currency
    compiled: str
    sources: Mapping[str, Source]
    prices: Sequence[Price]


class PriceBook:
    """All prices that can be looked up, in one currency."""

    def __init__(self, files: Sequence[PriceFile], currency: str) -> None:
        self.currency = currency
        self.compiled = max((file.compiled for file in files), default="")
        self._prices = {
            (file.region, price.service, price.item): price for file in files for price in file.prices
        }
        self.regions = frozenset(file.region for file in files) - {_EVERYWHERE}

    def find(self, region: str, service: str, item: str) -> Price | None:
        """The price of *item* in *region*, or of one that is the same everywhere; None when unknown."""
        return self._prices.get((region, service, item)) or self._prices.get((_EVERYWHERE, service, item))


def load_price_book(currency: str, directory: Path = DIRECTORY) -> PriceBook:
    """Read every price file of *directory*.

    Raises:
        CatalogError: When a file is not a price file, holds an item twice, names no known source, or is
            in another currency: converting needs a dated rate, which nobody gave.
    """
    files: list[PriceFile] = []
    for path in sorted(directory.glob("*.yaml")):
        file = load_model(PriceFile, path)
        if file.currency != currency:
            raise CatalogError(f"{path}: prices are in {file.currency}, the portfolio is in {currency}")
        _refuse_doubtful(path, file)
        files.append(file)
    if not files:
        raise CatalogError(f"{directory}: holds no price file")
    return PriceBook(files, currency)


def _refuse_doubtful(path: Path, file: PriceFile) -> None:
    seen: set[tuple[str, str]] = set()
    for price in file.prices:
        if price.source not in file.sources:
            raise CatalogError(f"{path}: {price.service} {price.item}: source '{price.source}' is unknown")
        if (price.service, price.item) in seen:
            raise CatalogError(f"{path}: {price.service} {price.item}: is priced twice")
        seen.add((price.service, price.item))

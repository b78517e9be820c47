"""Finds prices by a part of their name, or the most similar names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final, NamedTuple

from allocation.prices.price_book import EVERYWHERE, Offer, Price, Source, price_files, read_price_file

_NEAREST: Final = 5


class Found(NamedTuple):
    """A price with its source."""

    region: str
    price: Price
    source: Source
    offer: Offer | None


class Search(NamedTuple):
    """The prices found, or the most similar names if there are none."""

    found: Sequence[Found]
    nearest: Sequence[str]


def search_prices(directory: Path, region: str, service: str, text: str) -> Search:
    """The prices of *service* in *region* whose item holds *text*, in any case.

    A price of the region hides one that applies everywhere.

    Raises:
        CatalogError: When a price file cannot be read.
    """
    files = [read_price_file(path) for path in price_files(directory)]
    known: dict[str, Found] = {}
    for file in sorted(files, key=lambda file: file.region != EVERYWHERE):
        for price in file.prices:
            if file.region in (region, EVERYWHERE) and price.service.lower() == service.lower():
                offer = file.offers.get(price.source)
                known[price.item] = Found(file.region, price, file.sources[price.source], offer)
    found = [known[item] for item in sorted(known) if text.lower() in item.lower()]
    exact = [each for each in found if each.price.item.lower() == text.lower()]
    return Search(exact or found, [] if found else _near(text, known))


def _near(text: str, known: Collection[str]) -> list[str]:
    names = {item.lower(): item for item in known}
    return [names[name] for name in get_close_matches(text.lower(), names, _NEAREST, cutoff=0.3)]

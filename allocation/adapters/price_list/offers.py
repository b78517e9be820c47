"""Reads an offer file of AWS, row by row if it is CSV: some have gigabytes.

An offer has a head (offer code, version, publication date), its products, and their on-demand and reserved
prices. Attributes of a product have the same names in both forms: lower case, letters and digits.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from hashlib import file_digest
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO

from allocation.errors import AllocationError
from tiers import files as given
from tiers.escapes import shortened

ON_DEMAND: Final = "OnDemand"
_LARGEST_JSON: Final = 400_000_000
_MOST_VALUES: Final = 20_000_000
_LONGEST_LINE: Final = 1_000_000
_MOST_METADATA: Final = 20
_CURRENCY: Final = "USD"


class PriceListError(AllocationError):
    """A price list cannot be read, or has not exactly one price for an item."""


class OfferHead(NamedTuple):
    """The head of an offer file."""

    code: str
    version: str
    published: str


class OfferRow(NamedTuple):
    """The price of one SKU in one range of quantities."""

    sku: str
    begins: str
    unit: str
    price: Decimal
    attributes: Mapping[str, str]

    def get(self, attribute: str) -> str:
        """An attribute of the product; empty if it has none with this name."""
        return self.attributes.get(attribute, "")


@dataclass(frozen=True)
class OfferFile:
    """An offer file on disk, and its digest."""

    path: Path
    head: OfferHead
    sha256: str


def open_offer(path: Path) -> OfferFile:
    """The head of the offer file *path*.

    Raises:
        PriceListError: When it is no offer file.
    """
    try:
        with given.opened(path) as stream:
            digest = file_digest(stream, "sha256").hexdigest()
    except given.UnreadableError as error:
        raise PriceListError(str(error)) from None
    except OSError as error:
        raise PriceListError(f"{path}: cannot be read: {error.strerror}") from None
    if path.suffix == ".json":
        head = _head_of(path, _document(path))
    else:
        with _csv_rows(path) as rows:
            head = _head_of(path, _metadata(path, rows)[0])
    return OfferFile(path, head, digest)


def on_demand_rows(offer: OfferFile) -> Iterator[OfferRow]:
    """All on-demand prices of *offer*; reserved prices are left out.

    Raises:
        PriceListError: When the file ends in the middle, or a price is no number.
    """
    return _json_rows(offer.path) if offer.path.suffix == ".json" else _priced_csv_rows(offer.path)


def _head_of(path: Path, said: Mapping[str, Any]) -> OfferHead:
    names = {_canonical(key): value for key, value in said.items() if isinstance(value, str)}
    found = [names.get(key, "") for key in ("offercode", "version", "publicationdate")]
    if not all(found):
        raise PriceListError(
            f"{path}: has no offer code, version and publication date; expected an offer file of AWS, "
            "as CSV or JSON"
        )
    return OfferHead(*found)


@contextmanager
def _csv_rows(path: Path) -> Iterator[Iterator[list[str]]]:
    try:
        with (
            given.opened(path) as stream,
            TextIOWrapper(stream, encoding="utf-8", newline="") as text,
        ):
            yield csv.reader(_lines(text, path), strict=True)
    except UnicodeDecodeError:
        raise PriceListError(f"{path}: is not UTF-8 text; expected an offer file of AWS") from None
    except csv.Error as error:
        raise PriceListError(f"{path}: is not CSV: {error}; fetch it again") from None


def _lines(stream: TextIO, path: Path) -> Iterator[str]:
    while line := stream.readline(_LONGEST_LINE + 1):
        if len(line) > _LONGEST_LINE:
            raise PriceListError(
                f"{path}: a line is longer than {_LONGEST_LINE:,} characters; fetch it again"
            )
        yield line.replace("\0", "")


def _metadata(path: Path, rows: Iterator[list[str]]) -> tuple[dict[str, str], list[str]]:
    """The lines before the table, and the names of its columns."""
    said: dict[str, str] = {}
    for _ in range(_MOST_METADATA):
        row = next(rows, None)
        if row and row[0] == "SKU":
            return said, [_canonical(name) for name in row]
        if row and len(row) > 1:
            said[row[0]] = row[1]
    raise PriceListError(f"{path}: has no line of column names that begins with SKU; expected an offer file")


def _priced_csv_rows(path: Path) -> Iterator[OfferRow]:
    with _csv_rows(path) as rows:
        _, columns = _metadata(path, rows)
        places = {name: at for at, name in enumerate(columns)}
        needed = ("sku", "termtype", "startingrange", "unit", "priceperunit", "currency")
        if missing := [name for name in needed if name not in places]:
            raise PriceListError(f"{path}: has no column {missing[0]}; expected an offer file of AWS")
        sku, term, begins, unit, price, currency = (places[name] for name in needed)
        for row in rows:
            if len(row) != len(columns):
                raise PriceListError(
                    f"{path}: a row has {len(row)} cells, expected {len(columns)}: "
                    f"'{','.join(row)[:60]}'; the file is cut off or changed, fetch it again"
                )
            if row[term] == ON_DEMAND and row[currency] == _CURRENCY:
                attributes = dict(zip(columns, row, strict=True))
                yield OfferRow(row[sku], row[begins], row[unit], _price(path, row[price]), attributes)


def _document(path: Path) -> dict[str, Any]:
    try:
        text = given.read_text(path, _LARGEST_JSON)
        remedy = "it may be cut off, fetch it again"
        document = given.parsed_json(text, str(path), Decimal, remedy, most=_MOST_VALUES)
    except given.UnreadableError as error:
        raise PriceListError(f"{error}, or take the CSV: it is read row by row") from None
    if not isinstance(document, dict):
        raise PriceListError(f"{path}: is no offer file of AWS: expected a JSON object")
    return document


def _json_rows(path: Path) -> Iterator[OfferRow]:
    document = _document(path)
    try:
        terms = document["terms"].get(ON_DEMAND, {})
        for sku, product in document["products"].items():
            said = {**product["attributes"], "productFamily": product.get("productFamily", "")}
            attributes = {_canonical(name): value for name, value in said.items()}
            for term in terms.get(sku, {}).values():
                for dimension in term["priceDimensions"].values():
                    dollars = dimension["pricePerUnit"].get(_CURRENCY)
                    if dollars is not None:
                        begins = dimension.get("beginRange", "0")
                        yield OfferRow(sku, begins, dimension["unit"], _price(path, dollars), attributes)
    except (KeyError, AttributeError, TypeError) as error:
        raise PriceListError(
            f"{path}: is no offer file of AWS: {type(error).__name__} {error} among its products and terms"
        ) from None


def _price(path: Path, text: Any) -> Decimal:
    try:
        price = Decimal(str(text))
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite():
        raise PriceListError(f"{path}: a price is '{shortened(str(text))}', expected a number")
    return price


@lru_cache(maxsize=1024)
def _canonical(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())

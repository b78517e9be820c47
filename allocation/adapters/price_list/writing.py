"""Writes a price file of the price book: the same prices give the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from allocation.errors import AllocationError
from allocation.prices.price_book import PriceFile

_HEADING: Final = (
    "# List prices before tax, credits and discounts. Every price says where it is from and how sure that\n"
    "# is; the letters of `confidence` are explained in docs/prices.md.\n"
)
_PLAIN: Final = re.compile(r"[A-Za-z(][A-Za-z0-9 ._/()%+-]*")
_WORDS_OF_YAML: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def price_file_text(file: PriceFile) -> str:
    """The text of *file*: one price per line, ordered by service and item."""
    return "".join(f"{line}\n" for line in _lines(file))


def write_price_file(file: PriceFile, path: Path) -> bool:
    """Write *file* to *path*; returns whether it changed.

    Raises:
        AllocationError: When it cannot be written; an existing file stays unchanged.
    """
    data = price_file_text(file).encode("utf-8")
    partial = path.with_name(path.name + ".partial")
    try:
        if path.is_file() and path.read_bytes() == data:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        raise AllocationError(f"{path}: cannot be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            partial.unlink()
    return True


def _lines(file: PriceFile) -> Iterator[str]:
    yield _HEADING.rstrip("\n")
    for name in ("provider", "region", "currency", "compiled"):
        yield f"{name}: {getattr(file, name)}"
    yield "sources:"
    for key, source in sorted(file.sources.items()):
        yield f"  {_scalar(key)}: {_flow(source.model_dump())}"
    if file.offers:
        yield "offers:"
    for key, offer in sorted(file.offers.items()):
        yield f"  {_scalar(key)}: {_flow(offer.model_dump())}"
    yield "prices:" if file.prices else "prices: []"
    for price in sorted(file.prices, key=lambda price: (price.service, price.item)):
        yield f"  - {_flow({**price.model_dump(), 'price': f'{price.price:f}'})}"


def _flow(fields: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {_scalar(value)}" for key, value in fields.items() if value != "") + "}"


def _scalar(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and not text.endswith(" ") and text.lower() not in _WORDS_OF_YAML
    return text if plain else "'" + text.replace("'", "''") + "'"

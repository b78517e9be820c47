"""Updates a price file from offers: new prices replace old ones, prices without an offer stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from allocation.adapters.price_list.matching import Match
from allocation.adapters.price_list.offers import OfferFile
from allocation.adapters.price_list.rules import Item, Rule
from allocation.prices.price_book import Offer, Price, PriceFile, Source


class Change(NamedTuple):
    """A new or changed price; `old` is None for a new one."""

    service: str
    item: str
    unit: str
    old: Decimal | None
    new: Decimal


class Revision(NamedTuple):
    """The updated price file and its changes.

    Attributes:
        file: The new price file.
        changes: New and changed prices.
        confirmed: How many prices an offer confirms.
        kept: Prices of the old file that no offer has.
    """

    file: PriceFile
    changes: Sequence[Change]
    confirmed: int
    kept: Sequence[Price]


def revise(
    old: PriceFile, offers: Sequence[OfferFile], rules: Sequence[Rule], matches: Mapping[Item, Match]
) -> Revision:
    """The price file *old* updated with *matches* from *offers*.

    Args:
        old: The price file of the region as it is.
        offers: The offer files that were read.
        rules: The rules that were applied to them.
        matches: The prices found.
    """
    by_code = {offer.head.code: offer for offer in offers}
    before = {(price.service, price.item): price for price in old.prices}
    found = [rule for rule in rules if rule.key in matches]
    read = {rule.key: _price(rule, matches[rule.key], by_code[rule.offer]) for rule in found}
    prices = before | read
    used = {price.source for price in prices.values()}
    new_sources = {_key(offer): _source(offer) for offer in offers}
    new_offers = {_key(offer): _offer(offer) for offer in offers}
    file = PriceFile(
        provider=old.provider,
        region=old.region,
        currency=old.currency,
        # Not today: the same offers give the same file tomorrow.
        compiled=max(old.compiled, *(offer.head.published[:10] for offer in offers)),
        sources={key: value for key, value in {**old.sources, **new_sources}.items() if key in used},
        offers={key: value for key, value in {**old.offers, **new_offers}.items() if key in used},
        prices=[prices[key] for key in sorted(prices)],
    )
    return Revision(
        file=file,
        changes=[change for price in read.values() for change in _change(price, before)],
        confirmed=sum(1 for key, price in read.items() if key in before and before[key].price == price.price),
        kept=[before[rule.key] for rule in rules if rule.key not in matches and rule.key in before],
    )


def _price(rule: Rule, found: Match, offer: OfferFile) -> Price:
    return Price(
        service=rule.service,
        item=rule.item,
        unit=rule.unit,
        price=_plain(found.price),
        confidence="A",
        source=_key(offer),
        date=offer.head.published[:10],
        sku=found.sku,
        usage_type=found.usage_type,
        note=f"first of {found.ranges} ranges" if found.ranges > 1 else "",
    )


def _change(price: Price, before: Mapping[Item, Price]) -> Sequence[Change]:
    had = before.get((price.service, price.item))
    if had is not None and had.price == price.price:
        return []
    return [Change(price.service, price.item, price.unit, had.price if had else None, price.price)]


def _key(offer: OfferFile) -> str:
    return f"{offer.head.code}-{offer.head.version}"


def _source(offer: OfferFile) -> Source:
    return Source(
        what=f"AWS Price List, offer {offer.head.code} version {offer.head.version}",
        date=offer.head.published[:10],
    )


def _offer(offer: OfferFile) -> Offer:
    return Offer(version=offer.head.version, published=offer.head.published, sha256=offer.sha256)


def _plain(price: Decimal) -> Decimal:
    """*price* without the trailing zeros that AWS writes: 0.0650000000 is 0.065."""
    text = f"{price:f}"
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)

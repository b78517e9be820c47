"""Finds the line of an offer that each rule selects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from allocation.adapters.price_list.offers import OfferRow, PriceListError
from allocation.adapters.price_list.rules import REGION_PREFIXES, Item, Rule

_FIRST: Final = Decimal(0)


class Match(NamedTuple):
    """The SKU of a rule, the price of its first unit, and the number of its price ranges."""

    sku: str
    usage_type: str
    price: Decimal
    ranges: int


def match(rules: Sequence[Rule], rows: Iterable[OfferRow], region: str) -> dict[Item, Match]:
    """The items that *rules* find in *rows*, without those that are not sold here.

    Raises:
        PriceListError: When a rule means several SKUs, or one with another unit, or several prices: with
            every such rule, and the SKUs by name.
    """
    found: dict[int, dict[str, list[OfferRow]]] = defaultdict(lambda: defaultdict(list))
    index = _index(rules, region)
    for row in rows:
        for at in index.get((_used(row), row.get("instancetype")), ()):
            if _is_meant(rules[at], row):
                found[at][row.sku].append(row)
    problems: list[str] = []
    matches: dict[Item, Match] = {}
    for at, by_sku in sorted(found.items()):
        try:
            matches[rules[at].key] = _one(rules[at], by_sku)
        except PriceListError as error:
            problems.append(str(error))
    if problems:
        raise PriceListError(*problems)
    return matches


def prefixes_of(region: str) -> tuple[str, ...]:
    """The prefixes of usage types in *region*.

    Raises:
        PriceListError: When the region's prefix is unknown.
    """
    if region not in REGION_PREFIXES:
        known = ", ".join(sorted(REGION_PREFIXES))
        raise PriceListError(
            f"--region '{region}': the prefix of its usage types is unknown; known regions are {known}"
        )
    return (*REGION_PREFIXES[region], f"{region}-")


def _index(rules: Sequence[Rule], region: str) -> Mapping[tuple[str, str], list[int]]:
    index: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, rule in enumerate(rules):
        for usage in rule.usages:
            for prefix in prefixes_of(region):
                index[prefix + usage, rule.machine].append(at)
    return index


def _used(row: OfferRow) -> str:
    """The usage type of *row* without the machine, whose sizes are spelled differently."""
    usage = row.get("usagetype")
    if not row.get("instancetype"):
        return usage
    before, colon, _ = usage.partition(":")
    return before + colon


def _is_meant(rule: Rule, row: OfferRow) -> bool:
    return all(row.get(name) in allowed for name, allowed in rule.where.items()) and not any(
        row.get(name) in refused for name, refused in rule.never.items()
    )


def _one(rule: Rule, by_sku: Mapping[str, Sequence[OfferRow]]) -> Match:
    if len(by_sku) > 1:
        shown = "; ".join(f"{sku} ({_differences(sku, by_sku)})" for sku in sorted(by_sku))
        raise PriceListError(f"{rule.offer}: '{rule.item}' means {len(by_sku)} SKUs, expected one: {shown}")
    ((sku, rows),) = by_sku.items()
    first = [row for row in rows if _begins(row) == _FIRST]
    if len(first) != 1:
        raise PriceListError(
            f"{rule.offer}: '{rule.item}' (SKU {sku}) has {len(first)} prices from the first unit on, "
            "expected one"
        )
    if first[0].unit not in rule.units:
        raise PriceListError(
            f"{rule.offer}: '{rule.item}' (SKU {sku}) is priced per '{first[0].unit}', "
            f"expected {' or '.join(rule.units)}"
        )
    return Match(sku, first[0].get("usagetype"), first[0].price, len(rows))


def _begins(row: OfferRow) -> Decimal:
    text = row.begins or "0"
    return Decimal(text) if text.replace(".", "", 1).isdigit() else Decimal(-1)


def _differences(sku: str, by_sku: Mapping[str, Sequence[OfferRow]]) -> str:
    """The attributes of *sku* that differ from the others, as help to correct a rule."""
    mine = by_sku[sku][0].attributes
    others = [rows[0].attributes for other, rows in by_sku.items() if other != sku]
    return ", ".join(_apart(mine, others)) or "alike in every attribute"


def _apart(mine: Mapping[str, str], others: Sequence[Mapping[str, str]]) -> Iterator[str]:
    for name in sorted(mine):
        if name not in _NO_ATTRIBUTES and any(mine[name] != other.get(name, "") for other in others):
            yield f"{name} '{mine[name]}'"


_NO_ATTRIBUTES: Final = frozenset({"sku", "ratecode", "priceperunit", "pricedescription", "effectivedate"})

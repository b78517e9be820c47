"""What the commands of `costack prices` do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from allocation.adapters.price_list.fetching import AWS, PriceList
from allocation.adapters.price_list.matching import Match, match, prefixes_of
from allocation.adapters.price_list.offers import OfferFile, PriceListError, on_demand_rows, open_offer
from allocation.adapters.price_list.revising import Change, Revision, revise
from allocation.adapters.price_list.rules import Item, Rule, offer_codes, rules_for
from allocation.adapters.price_list.writing import write_price_file
from allocation.errors import AllocationError
from allocation.prices.lint import Linted
from allocation.prices.lint import lint as lint_book
from allocation.prices.price_book import DIRECTORY, PriceFile, price_files, read_price_file
from allocation.prices.search import Found, search_prices
from tiers.catalog.loading import load_catalog
from tiers.errors import CatalogError

_AWS: Final = "aws"
_WIDEST: Final = 200
_MEGABYTE: Final = 1_000_000


@dataclass(frozen=True)
class Update:
    """Which prices to renew, from where, into which file."""

    region: str
    services: Sequence[str] = ()
    url: str | None = None
    files: Sequence[Path] = ()
    directory: Path | None = None
    out: Path | None = None


def lint_prices(directory: Path | None, today: date) -> None:
    """Print what the price book covers; warnings and notes to stderr.

    Raises:
        CatalogError: With everything that is wrong in it.
    """
    found = lint_book(directory or DIRECTORY, load_catalog().classes, today)
    for said in found.warnings:
        typer.echo(f"warning: {said}", err=True)
    for said in found.notes:
        typer.echo(f"note: {said}", err=True)
    _print_coverage(found)
    if found.problems:
        raise CatalogError(*found.problems)


def explain_price(directory: Path | None, region: str, service: str, item: str, *, as_json: bool) -> None:
    """Print every price of *service* whose item holds *item*.

    Raises:
        AllocationError: When there is none, with the names that come nearest.
        CatalogError: When a price file cannot be read.
    """
    search = search_prices(directory or DIRECTORY, region, service, item)
    if not search.found:
        near = "; nearest are " + ", ".join(f"'{name}'" for name in search.nearest) if search.nearest else ""
        raise AllocationError(f"{service} '{item}' has no price in {region}{near}")
    facts = [_facts(found) for found in search.found]
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
        return
    typer.echo(
        "\n\n".join("\n".join(f"{name:<11} {value}" for name, value in fact.items()) for fact in facts)
    )


def update_prices(wanted: Update, *, show_progress: bool) -> None:
    """Write a region's prices anew from the offers of AWS; print what changed.

    Raises:
        AllocationError: When an offer cannot be had or read, or a rule means other than one SKU in it: then
            the price book is what it was.
        CatalogError: When the price book is wrong as it is.
    """
    prefixes_of(wanted.region)
    path, old, items = _book(wanted)
    rules = _rules(wanted, rules_for(items))
    with ExitStack() as stack:
        if wanted.files:
            offers = _given(wanted.files, rules)
        else:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="costack-offers-")))
            offers = _fetched(wanted, rules, folder, show_progress=show_progress)
        rules = [rule for rule in rules if rule.offer in {offer.head.code for offer in offers}]
        revision = revise(old, offers, rules, _matches(offers, rules, wanted.region))
    target = wanted.out or path
    written = write_price_file(revision.file, target)
    _print_revision(target, revision, old, written=written)


def _book(wanted: Update) -> tuple[Path, PriceFile, set[Item]]:
    """The file of the region, what is in it, and every item that the book knows of AWS."""
    directory = wanted.directory or DIRECTORY
    files = {path: read_price_file(path) for path in price_files(directory)}
    aws = {path: file for path, file in files.items() if file.provider == _AWS}
    items = {(price.service, price.item) for file in aws.values() for price in file.prices}
    for path, file in aws.items():
        if file.region == wanted.region:
            return path, file, items
    none = PriceFile(
        provider=_AWS, region=wanted.region, currency="USD", compiled="1970-01-01", sources={}, prices=[]
    )
    return directory / f"{_AWS}-{wanted.region}.yaml", none, items


def _rules(wanted: Update, rules: Sequence[Rule]) -> Sequence[Rule]:
    codes = offer_codes(rules)
    for service in wanted.services:
        if service not in codes:
            raise CatalogError(
                f"--service '{service}': no rule reads this offer; known are {', '.join(codes)}"
            )
    return [rule for rule in rules if not wanted.services or rule.offer in wanted.services]


def _given(files: Sequence[Path], rules: Sequence[Rule]) -> list[OfferFile]:
    codes = offer_codes(rules)
    offers: dict[str, OfferFile] = {}
    for path in files:
        offer = open_offer(path)
        if offer.head.code not in codes:
            raise PriceListError(f"{path}: is offer {offer.head.code}; expected one of {', '.join(codes)}")
        if offer.head.code in offers:
            raise PriceListError(f"{path}: offer {offer.head.code} is given twice")
        offers[offer.head.code] = offer
    return list(offers.values())


def _fetched(wanted: Update, rules: Sequence[Rule], folder: Path, *, show_progress: bool) -> list[OfferFile]:
    server = PriceList(wanted.url.rstrip("/") if wanted.url else AWS)
    shown: dict[str, int] = {}

    def progress(code: str, come: int, of: int) -> None:
        if show_progress and come // _MEGABYTE != shown.get(code):
            shown[code] = come // _MEGABYTE
            total = f" of {of // _MEGABYTE}" if of else ""
            typer.echo(f"\r{code}: {come // _MEGABYTE}{total} MB", nl=False, err=True)

    offers = [open_offer(server.fetch(code, wanted.region, folder, progress)) for code in offer_codes(rules)]
    if shown:
        typer.echo("", err=True)
    return offers


def _matches(offers: Sequence[OfferFile], rules: Sequence[Rule], region: str) -> dict[Item, Match]:
    matches: dict[Item, Match] = {}
    problems: list[str] = []
    for offer in offers:
        mine = [rule for rule in rules if rule.offer == offer.head.code]
        try:
            found = match(mine, on_demand_rows(offer), region)
        except PriceListError as error:
            problems.append(str(error))
            continue
        if not found:
            problems.append(
                f"{offer.path}: holds no price of {region} that a rule knows; is it another region's?"
            )
        matches |= found
    if problems:
        raise PriceListError("\n".join(problems))
    return matches


def _print_coverage(found: Linted) -> None:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("region", no_wrap=True)
    for name in ("prices", "priced classes", "unpriced classes", "oldest price"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in found.regions:
        counts = (each.prices, len(each.priced), len(each.unpriced))
        table.add_row(each.region, *map(str, counts), each.oldest)
    console = Console(width=_WIDEST, highlight=False)
    console.print(table)
    for each in found.regions:
        if each.unpriced:
            typer.echo(f"{each.region}: no price of {', '.join(item for _, item in each.unpriced)}")


def _facts(found: Found) -> dict[str, str]:
    price, source, offer = found.price, found.source, found.offer
    facts = {
        "service": price.service,
        "item": price.item,
        "region": found.region,
        "price": f"{price.price:f}",
        "unit": price.unit,
        "confidence": price.confidence,
        "date": price.date,
        "source": source.what,
        "where": source.where,
        "sku": price.sku,
        "usage type": price.usage_type,
        "published": offer.published if offer else "",
        "sha256": offer.sha256 if offer else "",
        "note": price.note,
    }
    return {name: value for name, value in facts.items() if value}


def _print_revision(target: Path, revision: Revision, old: PriceFile, *, written: bool) -> None:
    for change in revision.changes:
        typer.echo(_said(change, old.currency))
    sources = {key: source.date for key, source in old.sources.items()}
    for price in revision.kept:
        typer.echo(
            f"kept: {price.service} {price.item} {price.price:f}, of {sources[price.source]}: "
            "the offer has no line of it",
            err=True,
        )
    new = sum(1 for change in revision.changes if change.old is None)
    typer.echo(
        f"{target}: {len(revision.changes) - new} changed, {new} new, {revision.confirmed} confirmed, "
        f"{len(revision.kept)} kept{'' if written else '; nothing to write'}"
    )


def _said(change: Change, currency: str) -> str:
    old = "new" if change.old is None else f"{change.old:f}"
    return f"{change.service} {change.item}: {old} -> {change.new:f} {currency} per {change.unit}"

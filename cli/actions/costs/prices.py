"""`costack prices lint`, `explain` and `update`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.box import SIMPLE_HEAD
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
from cli.console.output import echo, say
from cli.console.table import print_table
from tiers.catalog.loading import CLASSES, load_catalog
from tiers.errors import CatalogError

_AWS: Final = "aws"
_MEGABYTE: Final = 1_000_000


@dataclass(frozen=True)
class LintRequest:
    """What `costack prices lint` is asked for; each field is the option of its name."""

    prices: Path | None


@dataclass(frozen=True)
class ExplainRequest:
    """What `costack prices explain` is asked for; each field is the option of its name."""

    region: str
    service: str
    item: str
    prices: Path | None
    as_json: bool


@dataclass(frozen=True)
class UpdateRequest:
    """What `costack prices update` is asked for; each field is the option of its name."""

    region: str
    services: Sequence[str] = ()
    url: str | None = None
    files: Sequence[Path] = ()
    prices: Path | None = None
    out: Path | None = None


def lint_prices(request: LintRequest, today: date) -> None:
    """Print what the price book covers; warnings and notes to stderr.

    Raises:
        CatalogError: With everything that is wrong in it.
    """
    found = lint_book(request.prices or DIRECTORY, load_catalog(_catalog(request)).classes, today)
    for sentence in found.warnings:
        echo(f"warning: {sentence}", err=True)
    for sentence in found.notes:
        echo(f"note: {sentence}", err=True)
    _print_coverage(found)
    if found.problems:
        raise CatalogError(*found.problems)


def _catalog(request: LintRequest) -> Path | None:
    """The catalog that the price files lie in, if it is one: theirs are the classes that need a price."""
    above = request.prices.absolute().parent if request.prices is not None else None
    return above if above is not None and (above / CLASSES).is_file() else None


def explain_price(request: ExplainRequest) -> None:
    """Print every price of the service whose item contains the words that were named.

    Raises:
        AllocationError: When there is none, with the most similar names.
        CatalogError: When a price file cannot be read.
    """
    search = search_prices(request.prices or DIRECTORY, request.region, request.service, request.item)
    if not search.found:
        near = (
            "; did you mean " + ", ".join(f"'{name}'" for name in search.nearest) + "?"
            if search.nearest
            else ""
        )
        raise AllocationError(f"{request.service} '{request.item}' has no price in {request.region}{near}")
    facts = [_facts(found) for found in search.found]
    if request.as_json:
        echo(json.dumps(facts, indent=2))
        return
    echo("\n\n".join("\n".join(f"{name:<11} {value}" for name, value in fact.items()) for fact in facts))


def update_prices(request: UpdateRequest, *, show_progress: bool) -> None:
    """Update a region's prices from the offers of AWS; print what changed.

    Raises:
        AllocationError: When an offer cannot be had or read, or a rule means other than one SKU in it: then
            the price book is what it was.
        CatalogError: When the price book is wrong as it is.
    """
    prefixes_of(request.region)
    path, old, items = _book(request)
    rules = _rules(request, rules_for(items))
    with ExitStack() as stack:
        if request.files:
            offers = _given(request.files, rules)
        else:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="costack-offers-")))
            offers = _fetched(request, rules, folder, show_progress=show_progress)
        rules = [rule for rule in rules if rule.offer in {offer.head.code for offer in offers}]
        revision = revise(old, offers, rules, _matches(offers, rules, request.region))
    target = request.out or path
    written = write_price_file(revision.file, target)
    _print_revision(target, revision, old, written=written)


def _book(request: UpdateRequest) -> tuple[Path, PriceFile, set[Item]]:
    """The file of the region, what is in it, and every item that the book knows of AWS."""
    directory = request.prices or DIRECTORY
    files = {path: read_price_file(path) for path in price_files(directory)}
    aws = {path: file for path, file in files.items() if file.provider == _AWS}
    items = {(price.service, price.item) for file in aws.values() for price in file.prices}
    for path, file in aws.items():
        if file.region == request.region:
            return path, file, items
    none = PriceFile(
        provider=_AWS, region=request.region, currency="USD", compiled="1970-01-01", sources={}, prices=[]
    )
    return directory / f"{_AWS}-{request.region}.yaml", none, items


def _rules(request: UpdateRequest, rules: Sequence[Rule]) -> Sequence[Rule]:
    codes = offer_codes(rules)
    for service in request.services:
        if service not in codes:
            raise CatalogError(
                f"--service '{service}': no rule reads this offer; known are {', '.join(codes)}"
            )
    return [rule for rule in rules if not request.services or rule.offer in request.services]


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


def _fetched(
    request: UpdateRequest, rules: Sequence[Rule], folder: Path, *, show_progress: bool
) -> list[OfferFile]:
    server = PriceList(request.url.rstrip("/") if request.url else AWS)
    shown: dict[str, int] = {}

    def progress(code: str, come: int, of: int) -> None:
        if show_progress and come // _MEGABYTE != shown.get(code):
            shown[code] = come // _MEGABYTE
            total = f" of {of // _MEGABYTE}" if of else ""
            say(f"{code}: {come // _MEGABYTE}{total} MB")

    offers = [open_offer(server.fetch(code, request.region, folder, progress)) for code in offer_codes(rules)]
    say("")
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
                f"{offer.path}: holds no price of {region} that a rule reads; does it list another region?"
            )
        matches |= found
    if problems:
        raise PriceListError(*problems)
    return matches


def _print_coverage(found: Linted) -> None:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("region", no_wrap=True)
    for name in ("prices", "priced classes", "unpriced classes", "oldest price"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in found.regions:
        counts = (each.prices, len(each.priced), len(each.unpriced))
        table.add_row(each.region, *map(str, counts), each.oldest)
    print_table(
        table,
        (
            f"{each.region}: no price for {', '.join(item for _, item in each.unpriced)}"
            for each in found.regions
            if each.unpriced
        ),
    )


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
        echo(_sentence(change, old.currency))
    sources = {key: source.date for key, source in old.sources.items()}
    for price in revision.kept:
        echo(
            f"kept: {price.service} {price.item} {price.price:f}, of {sources[price.source]}: "
            "the offer has no line for it",
            err=True,
        )
    new = sum(1 for change in revision.changes if change.old is None)
    echo(
        f"{target}: {len(revision.changes) - new} changed, {new} new, {revision.confirmed} confirmed, "
        f"{len(revision.kept)} kept{'' if written else '; nothing to write'}"
    )


def _sentence(change: Change, currency: str) -> str:
    old = "new" if change.old is None else f"{change.old:f}"
    return f"{change.service} {change.item}: {old} -> {change.new:f} {currency} per {change.unit}"

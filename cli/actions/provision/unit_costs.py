"""`costack unit-costs`: what a tenant of a tier costs when there are more of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from allocation.estimate.folders import folders_of
from allocation.money import in_cents, text_of
from allocation.preview.cost_estimate import Conditions, cost_estimate
from allocation.preview.estimates import Estimates
from allocation.preview.unit_costs.curve import UnitCost, unit_costs
from allocation.report.figures import money
from cli.actions.provision.service_models import print_service_models
from cli.console.output import echo
from cli.console.preview_values import month_of
from cli.console.table import print_csv, print_table
from tiers.errors import CatalogError
from tiers.plan.resolve import resolve
from tiers.portfolio.loading import load_catalog_and_portfolio

_MOST = 100_000
_NAMES = ("more", "tenants", "bill", "idle", "each", "marginal", "margin", "grown")


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    portfolio: Path
    tier: str | None
    more: str
    period: str
    output: str


def print_unit_costs(request: Request) -> None:
    """Print what one tenant costs for each number of tenants that join; without a tier, service models.

    Raises:
        CatalogError: When the portfolio cannot be read, or the tier is not sold for production.
    """
    counts, tier = _counts(request.more), request.tier
    catalog, loaded = load_catalog_and_portfolio(request.portfolio)
    month = month_of(request.period)
    currency = loaded.platform.currency
    regions = {loaded.platform.region, *loaded.platform.dr_regions}
    conditions = Conditions.of_month(month, currency, regions, folders_of(request.portfolio))
    if tier is None:
        estimate = cost_estimate(resolve(catalog, loaded), conditions)
        print_service_models(estimate, catalog, request.output)
        return
    points = unit_costs(Estimates(catalog, loaded, conditions), tier, counts)
    shown = track(
        points,
        total=len(counts),
        description="estimating",
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    curve = list(shown)
    if request.output == "json":
        echo(json.dumps([_document(point) for point in curve], indent=2))
        return
    if request.output == "csv":
        print_csv([_document(point) for point in curve], _NAMES)
        return
    print_table(_table(curve, tier, currency), _growth(curve))


def _counts(text: str) -> list[int]:
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and int(part) <= _MOST for part in parts):
        raise CatalogError(f"--more: '{text}': expected numbers such as 0,10,50,100")
    return sorted({int(part) for part in parts})


def _table(curve: list[UnitCost], tier: str, currency: str) -> Table:
    table = Table(title=f"what one tenant on {tier} costs, {currency} a month", title_justify="left")
    for name in ("more", "tenants", "bill", "idle", "each costs", "one more costs", "margin of all"):
        table.add_column(name, justify="right", no_wrap=True)
    for point in curve:
        amounts = (
            _cents(each) for each in (point.bill, point.idle, point.each, point.marginal, point.margin)
        )
        table.add_row(str(point.more), str(point.tenants), *amounts)
    return table


def _cents(units: int | None) -> str:
    return "" if units is None else money(in_cents([units])[0])


def _growth(curve: list[UnitCost]) -> Iterator[str]:
    for point in curve:
        yield from (f"with {point.more} more: {note}" for note in point.grown)


def _document(point: UnitCost) -> dict[str, Any]:
    return {
        "more": point.more,
        "tenants": point.tenants,
        "bill": text_of(point.bill),
        "idle": text_of(point.idle),
        "each": text_of(point.each),
        "marginal": None if point.marginal is None else text_of(point.marginal),
        "margin": text_of(point.margin),
        "grown": list(point.grown),
    }

"""`costack purge --search`: what still bills for tenants, in every region of an account, without a state."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.table import Table

from allocation.estimate.folders import folders_of_plan
from allocation.prices.price_book import PriceBook, load_price_book
from cli.console.checked_option import checked
from cli.console.output import echo
from cli.console.progress import warn
from cli.console.table import print_csv, print_table
from lifecycle.adapters.purge.search import stored
from lifecycle.adapters.whole_account import WholeAccount
from lifecycle.purge.search import Owned, in_order, owned, sums
from lifecycle.purge.summary import amount
from tiers.plan.resolve import plan_of_folder
from tiers.vocabulary import TenantId

_NAMES: Final = ("what", "id", "region", "tenant", "portfolio", "known_by", "gib", "per_month")
_CURRENCY: Final = "USD"


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    tenants: tuple[str, ...]
    portfolio: Path | None
    region: str
    output: str


def search(request: Request) -> None:
    """Print everything in the account that has cost tags, or a tenant's name.

    Raises:
        CatalogError: When portfolio or prices cannot be read.
        LifecycleError: When AWS does not answer: half an answer would hide what bills.
    """
    for each in request.tenants:
        checked("--tenant", TenantId, each)
    names, currency, region, prices = _conditions(request)
    account = WholeAccount(region, prices=prices)
    regions = account.enabled_regions()
    warn(f"searching account {account.id} in {len(regions)} regions")
    listed = owned(account.found(regions), {*names, *request.tenants})
    folders = stored(listed, region, prices, request.tenants)
    found = in_order((*listed, *folders), request.tenants)
    if request.output == "json":
        echo(json.dumps([each.document() for each in found], indent=2))
    elif request.output == "csv":
        print_csv([each.document() for each in found], _NAMES)
    elif found:
        print_table(_table(found, currency), sums(found, currency))
    else:
        echo(f"nothing bills for a tenant in account {account.id}: {len(regions)} regions were searched")


def _conditions(request: Request) -> tuple[frozenset[str], str, str, PriceBook]:
    """Known tenants, currency, region to begin with, and prices."""
    if request.portfolio is None:
        return frozenset(), _CURRENCY, request.region, load_price_book(_CURRENCY)
    plan = plan_of_folder(request.portfolio)
    prices = load_price_book(plan.currency, folders_of_plan(plan, request.portfolio).prices)
    return frozenset(each.tenant for each in plan.tenants), plan.currency, plan.region, prices


def _table(found: Sequence[Owned], currency: str) -> Table:
    table = Table(title="what still bills", title_justify="left")
    for name in ("tenant", "portfolio", "what", "id", "region", "known by"):
        table.add_column(name, no_wrap=True)
    table.add_column("costs a month", justify="right", no_wrap=True)
    for each in found:
        said = each.document()
        cost = said["per_month"]
        words = (
            each.tenant,
            each.portfolio,
            each.found.kind,
            each.found.names[0],
            each.found.region,
            each.by,
        )
        table.add_row(*words, amount(None if cost is None else str(cost), currency))
    return table

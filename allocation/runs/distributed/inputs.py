"""What a run reads besides bills and usage: inventories, and the folders of prices and rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from allocation.adapters.pulumi.stack_outputs import inventory_of_file
from allocation.billed.deployed import Deployed
from allocation.estimate.folders import OURS, Folders, folders_of_plan
from tiers.errors import CatalogError
from tiers.portfolio.folders import portfolio_folder


def folders_of(
    deployed: Iterable[Deployed], rulebook: Path | None, cwd: Path, *, labour: bool = False
) -> Folders:
    """Prices and rules for all *deployed* portfolios, by the newest plan of each.

    Raises:
        CatalogError: When two portfolios have others, and the command line does not name the rules.
    """
    given = {} if rulebook is None else {"rules": rulebook}
    if given and not labour:
        return OURS._replace(**given)
    newest = {each.portfolio: each.inventory.plan for each in deployed}
    found = {
        name: folders_of_plan(plan, portfolio_folder(None, cwd, name))._replace(**given)
        for name, plan in newest.items()
    }
    if len({(each.prices, each.rules) for each in found.values()}) > 1:
        names = " and ".join(f"'{name}'" for name in sorted(found))
        raise CatalogError(
            f"portfolios {names} have price books or rulebooks of their own: one allocation has one of each; "
            "name the rules with --rulebook, or allocate each portfolio by itself"
        )
    return next(iter(found.values()))


def dated_inventory(text: str) -> tuple[datetime, Any]:
    """The inventory of `FILE`, or of `YYYY-MM-DD=FILE` for one in force from that day on."""
    day, equals, path = text.partition("=")
    if not equals:
        return datetime.min.replace(tzinfo=UTC), inventory_of_file(Path(text))
    try:
        since = date.fromisoformat(day)
    except ValueError:
        raise CatalogError(f"--inventory '{text}': expected FILE or YYYY-MM-DD=FILE") from None
    return datetime(since.year, since.month, since.day, tzinfo=UTC), inventory_of_file(Path(path))

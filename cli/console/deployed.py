"""Reads what a stack has deployed, and says since when, and what was asked for and is not there yet."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from allocation.adapters.pulumi.stack_outputs import inventory_of_stack, whole
from cli.console.progress import warn
from tiers.catalog.folder import PLATFORM_FILE
from tiers.change.effect import first_names
from tiers.errors import CatalogError
from tiers.inventory import Inventory
from tiers.plan.plan import Plan
from tiers.portfolio.cells.section import pulumi_name
from tiers.portfolio.folders import portfolio_folder
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.portfolio.tenant import Portfolio
from tiers.vocabulary import PLATFORM

_DAYS: Final = 5


def deployed_inventory(stack: str, cwd: Path) -> Inventory:
    """The inventory of *stack*; a line for the person at the terminal for each thing that is pending.

    Raises:
        CatalogError: As `inventory_of_stack`.
    """
    inventory = inventory_of_stack(stack, cwd)
    for sentence in inventory.notes:
        warn(f"pending: {sentence}")
    return inventory


def portfolio_of(inventory: Inventory, stack: str, cwd: Path) -> Plan:
    """The plan of the whole portfolio of *stack*, which has this *inventory* and may be one of several.

    What a tenant costs, its share of pools decides, and these are shared by tenants of all stacks.

    Raises:
        CatalogError: As `inventory_of_stack`.
    """
    if inventory.one_of is None:
        return inventory.plan
    return inventory_of_stack(stack.removesuffix(pulumi_name("", inventory.one_of.stack)), cwd).plan


def files_of_plan(plan: Plan, given: Path | None, cwd: Path) -> Portfolio | None:
    """The files of the portfolio that is deployed; None where no folder was *given* and there is none.

    Raises:
        CatalogError: When they cannot be read, or are another portfolio's: its budgets, open books and
            promises say nothing of this one.
    """
    folder = portfolio_folder(given, cwd, plan.portfolio)
    if given is None and not folder.is_dir():
        return None
    portfolio = load_catalog_and_portfolio(folder)[1]
    if portfolio.platform.portfolio != plan.portfolio:
        raise CatalogError(
            f"{folder / PLATFORM_FILE}: is of portfolio {portfolio.platform.portfolio}, deployed is "
            f"{plan.portfolio}"
        )
    return portfolio


def dated_inventory(stack: str, cwd: Path) -> Inventory:
    """The same of a whole portfolio, and lines that say on which day platform and tenants were last changed.

    Raises:
        CatalogError: As `inventory_of_stack`, and when several stacks deploy the portfolio and this is one.
    """
    inventory = whole(deployed_inventory(stack, cwd), f"stack '{stack}'")
    for line in days(inventory):
        warn(line)
    return inventory


def days(inventory: Inventory) -> Iterator[str]:
    """A line for each of the newest days on which something was deployed, and one for what has no day."""
    known = inventory.deployed_on
    owners = [PLATFORM, *(each.tenant for each in inventory.plan.tenants)]
    dated = sorted((each for each in owners if each in known), key=lambda each: known[each], reverse=True)
    by_day = [(day, list(names)) for day, names in groupby(dated, key=lambda each: known[each])]
    for day, names in by_day[:_DAYS]:
        yield f"deployed: on {day}: {first_names(names)}"
    if earlier := [name for _, names in by_day[_DAYS:] for name in names]:
        yield f"deployed: from {by_day[-1][0]} to {by_day[_DAYS][0]}: {first_names(earlier)}"
    if unknown := [each for each in owners if each not in known]:
        yield f"deployed: on an unknown day: {first_names(unknown)}"

"""Reads what a stack has deployed, and says since when, and what was asked for and is not there yet."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from allocation.adapters.pulumi.stack_outputs import inventory_of_stack
from cli.console.progress import warn
from tiers.change.effect import first_names
from tiers.inventory import Inventory
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


def dated_inventory(stack: str, cwd: Path) -> Inventory:
    """The same, and lines that say on which day platform and tenants were last changed.

    Raises:
        CatalogError: As `inventory_of_stack`.
    """
    inventory = deployed_inventory(stack, cwd)
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

"""Reads what a stack has deployed, and says what was asked for and is not there yet."""

from __future__ import annotations

from pathlib import Path

from allocation.adapters.pulumi.stack_outputs import inventory_of_stack
from cli.console.progress import warn
from tiers.inventory import Inventory


def deployed_inventory(stack: str, cwd: Path) -> Inventory:
    """The inventory of *stack*; a line for the person at the terminal for each thing that is pending.

    Raises:
        CatalogError: As `inventory_of_stack`.
    """
    inventory = inventory_of_stack(stack, cwd)
    for sentence in inventory.notes:
        warn(f"pending: {sentence}")
    return inventory

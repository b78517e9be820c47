"""`costack allocate`: from an inventory to a statement on the screen."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.measure import Measurement

from allocation.adapters.stack_outputs import inventory_of_file, inventory_of_stack
from allocation.charges import ChargePeriod
from allocation.errors import AllocationError
from allocation.pricing import load_price_book
from allocation.report.document import document
from allocation.report.table import closing_lines, statement_table
from allocation.rules import rules_on
from allocation.statement import Statement, estimated_statement
from tiers.errors import CatalogError
from tiers.inventory import Inventory

_WIDEST: Final = 10_000


class _Paper(Console):
    """A console that leaves a closed pipe to its command; Rich itself would end with an error."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def print_statement(
    stack: str | None, inventory: Path | None, period: str, cwd: Path, *, as_json: bool
) -> None:
    """Print the estimated statement of a month.

    Raises:
        CatalogError: When the inventory cannot be read, or not exactly one source is named.
        AllocationError: When it cannot be allocated.
    """
    statement = _statement(_inventory(stack, inventory, cwd), period)
    if as_json:
        typer.echo(json.dumps(document(statement), indent=2))
        return
    console = _Paper()
    table = statement_table(statement)
    needed = Measurement.get(console, console.options.update(width=_WIDEST), table).maximum
    if not sys.stdout.isatty():
        console = _Paper(width=max(needed, console.width))  # a file has no width to keep to
    elif needed > console.width:
        # Half a number is worth nothing: on a narrow terminal the pools are shown as one column.
        table = statement_table(statement, by_pool=False)
        typer.echo(f"pools are shown together: a column for each needs a terminal of {needed}", err=True)
    console.print(table)
    for line in closing_lines(statement):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _inventory(stack: str | None, inventory: Path | None, cwd: Path) -> Inventory:
    if (stack is None) == (inventory is None):
        raise CatalogError("name what to allocate: either --stack NAME or --inventory FILE")
    return inventory_of_file(inventory) if inventory else inventory_of_stack(str(stack), cwd)


def _statement(inventory: Inventory, period: str) -> Statement:
    try:
        month = ChargePeriod.month(period)
    except AllocationError as error:
        raise CatalogError(f"--{error}") from None
    prices = load_price_book(inventory.plan.currency)
    return estimated_statement(inventory, month, prices, rules_on(month.start.date()))

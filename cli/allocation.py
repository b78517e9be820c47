"""`costack allocate`: from an inventory, or from bills, to a statement on the screen."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.measure import Measurement

from allocation.adapters.stack_outputs import inventory_of_file, inventory_of_stack
from allocation.charges import ChargePeriod
from allocation.errors import AllocationError, NotReadyError
from allocation.estimating import estimated_statement
from allocation.pricing import load_price_book
from allocation.report.document import document
from allocation.report.flat import as_csv, as_markdown
from allocation.report.table import closing_lines, statement_table
from allocation.rules import DIRECTORY, rules_on
from allocation.statement import Statement
from tiers.errors import CatalogError
from tiers.inventory import Inventory

_WIDEST: Final = 10_000


@dataclass(frozen=True)
class Request:
    """What the command line asks for."""

    stack: str | None
    inventories: tuple[str, ...]
    period: str
    bills: tuple[Path, ...]
    usage: tuple[Path, ...]
    out: Path | None
    focus: tuple[str, ...]
    focus_csv: bool
    history: Path | None
    close: bool
    restate: str | None
    rulebook: Path | None
    cwd: Path
    output: str


class _Paper(Console):
    """A console that leaves a closed pipe to its command; Rich itself would end with an error."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def print_allocation(request: Request, now: datetime) -> None:
    """Print the statement of a month: of bills when some are named, estimated otherwise.

    Raises:
        CatalogError: When the inventory cannot be read, or not exactly one source is named.
        AllocationError: When it cannot be allocated.
        NotReadyError: When something is to be booked and a gate does not pass.
    """
    period = _month(request.period)
    if request.bills:
        _print_billed(request, period, now)
        return
    if any((request.usage, request.out, request.focus, request.history, request.close, request.restate)):
        raise CatalogError("--usage, --out, --focus, --history, --close and --restate need a --bill")
    plan = _inventory(request)
    prices = load_price_book(plan.plan.currency)
    rules = rules_on(period.start.date(), request.rulebook or DIRECTORY)
    _print(estimated_statement(plan, period, prices, rules), request.output)


def _print_billed(request: Request, period: ChargePeriod, now: datetime) -> None:
    from allocation.adapters.focus.run import FocusVersion  # noqa: PLC0415 - only who has a bill waits for it
    from cli.bills import BillOptions, allocate_bills, gate_lines, unready  # noqa: PLC0415

    if request.stack is not None or not request.inventories:
        raise CatalogError("name who the tenants are with --inventory FILE (not --stack) beside a --bill")
    if (request.close or request.restate) and request.history is None:
        raise CatalogError("--close and --restate need --history, the folder where statements are filed")
    try:
        versions = tuple(FocusVersion(text) for text in request.focus)
    except ValueError as error:
        raise CatalogError(f"--focus: {error}; expected 1.2, 1.3 or 1.4") from None
    if versions and request.out is None:
        raise CatalogError("--focus needs --out, the folder to write to")
    outcome = allocate_bills(
        BillOptions(
            bills=request.bills,
            usage=request.usage,
            inventories=request.inventories,
            period=period,
            out=request.out,
            focus=versions,
            focus_csv=request.focus_csv,
            history=request.history,
            close=request.close,
            restate=request.restate,
            rulebook=request.rulebook,
        ),
        now,
    )
    _print(outcome.statement, request.output)
    for line in (f"state: {outcome.manifest['state']}", *gate_lines(outcome)):
        typer.echo(line, err=True)
    if outcome.failed:
        raise NotReadyError(unready(outcome))


def _print(statement: Statement, output: str) -> None:
    texts = {
        "json": lambda: json.dumps(document(statement), indent=2),
        "csv": lambda: as_csv(statement).replace("\r\n", "\n").rstrip("\n"),
        "markdown": lambda: as_markdown(statement).rstrip("\n"),
    }
    if output in texts:
        typer.echo(texts[output]())
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


def _inventory(request: Request) -> Inventory:
    if (request.stack is None) == (not request.inventories):
        raise CatalogError("name what to allocate: either --stack NAME or --inventory FILE")
    if request.stack is not None:
        return inventory_of_stack(request.stack, request.cwd)
    if len(request.inventories) > 1:
        raise CatalogError("an estimate is of one inventory; several belong to a --bill")
    return inventory_of_file(Path(request.inventories[0]))


def _month(text: str) -> ChargePeriod:
    try:
        return ChargePeriod.month(text)
    except AllocationError as error:
        raise CatalogError(f"--{error}") from None

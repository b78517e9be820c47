"""`costack allocate` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.commands import shared_options as options
from cli.commands.shared_options import Output
from cli.console.exit_codes import guarded

ALLOCATE_EXAMPLE: Final = (
    "Example: costack allocate --stack local --period 2026-11\n\n"
    "Of a bill: costack allocate --bill bill.parquet --usage usage.csv --inventory inventory.json "
    "--period 2026-11 --out runs/2026-11 --focus 1.3"
)


def allocate(  # noqa: PLR0917 - options of a command
    stack: options.Stack = None,
    inventory: options.Inventories = None,
    period: options.Period = None,
    bill: options.Bills = None,
    usage: options.Usage = None,
    out: options.Out = None,
    focus: options.Focus = None,
    focus_csv: options.FocusCsv = False,  # noqa: FBT002 - an option of a command
    history: options.History = None,
    close: options.Close = False,  # noqa: FBT002 - an option of a command
    restate: options.Restate = None,
    rulebook: options.Rulebook = None,
    ended: options.Ended = None,
    cwd: options.Cwd = Path(),
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print.")] = Output.TABLE,
) -> None:
    """Divide a bill, or what a stack is estimated to cost, among its tenants, to the last unit."""
    from cli.actions.allocate import Request, print_allocation  # noqa: PLC0415

    now = datetime.now(UTC)
    request = Request(
        stack=stack,
        inventories=tuple(inventory or ()),
        period=period or f"{now:%Y-%m}",
        bills=tuple(bill or ()),
        usage=tuple(usage or ()),
        out=out,
        focus=tuple(focus or ()),
        focus_csv=focus_csv,
        history=history,
        close=close,
        restate=restate,
        rulebook=rulebook,
        ended=tuple(ended or ()),
        cwd=cwd,
        output=str(output),
    )
    guarded(lambda: print_allocation(request, now))

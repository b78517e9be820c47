"""`costack expire` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded
from cli.console.help import renamed
from cli.console.shared_options import Rows

_Stacks = Annotated[
    list[str] | None,
    typer.Option("--stack", "-s", metavar="NAME", help="Read the inventory of this stack. May be repeated."),
]
_Inventories = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Read the inventory from this file. May be repeated."),
]
_Portfolios = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FOLDER",
        help="Read this folder with platform.yaml and tenants/*.yaml. May be repeated. Default without "
        "--stack and --inventory: every portfolio under portfolios/.",
    ),
]
_AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Judge as of this day, 00:00 UTC. Default: now."
    ),
]
_Grace = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="DAYS",
        help="Also list migration sandboxes this many days after their cutover. Default: only those past "
        "their end date.",
    ),
]
_PrintCommands = Annotated[
    bool,
    typer.Option("--print-commands", help="Print the commands that would end them; run none of them."),
]
_FailWhenDue = Annotated[
    bool, typer.Option("--fail-when-due", help="End with exit code 5 when an environment is past its end.")
]
_Output = Annotated[Rows, typer.Option("--output", "-o", help="Print in this form.")]

EXPIRE_EXAMPLE: Final = "Example: costack expire --stack production --grace-days 14 --fail-when-due"


@renamed({"--apply": "--print-commands", "--on": "--as-of"})
def expire(  # noqa: PLR0917 - options of a command
    stack: _Stacks = None,
    inventory: _Inventories = None,
    portfolio: _Portfolios = None,
    as_of: _AsOf = None,
    grace_days: _Grace = None,
    print_commands: _PrintCommands = False,  # noqa: FBT002 - an option of a command
    fail_when_due: _FailWhenDue = False,  # noqa: FBT002 - an option of a command
    cwd: options.Cwd = Path(),
    output: _Output = Rows.TABLE,
) -> None:
    """List environments past their end date.

    Each is listed with what it still costs a month. This command deletes nothing.
    """
    from cli.actions.decommission.expire import Request, print_due  # noqa: PLC0415

    request = Request(
        stacks=tuple(stack or ()),
        inventories=tuple(inventory or ()),
        portfolios=tuple(portfolio or ()),
        now=as_of.replace(tzinfo=UTC) if as_of else datetime.now(UTC),
        grace_days=grace_days,
        print_commands=print_commands,
        fail_when_due=fail_when_due,
        cwd=cwd,
        output=str(output),
    )
    guarded(lambda: print_due(request))

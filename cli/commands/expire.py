"""The command `costack expire`: its options, and nothing that takes time to import."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.commands import shared_options as options
from cli.console.exit_codes import guarded


class ExpireOutput(StrEnum):
    """How what is due is printed."""

    TABLE = "table"
    JSON = "json"


_Stacks = Annotated[
    list[str] | None, typer.Option("--stack", "-s", help="Stack whose inventory to read. Repeat.")
]
_Inventories = Annotated[list[Path] | None, typer.Option(help="File with an inventory. Repeat.")]
_Portfolios = Annotated[
    list[Path] | None,
    typer.Option(help="Folder with platform.yaml. Repeat. Without any of the three: all portfolios."),
]
_On = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Judge as of the beginning of a day, in UTC; now without."),
]
_Grace = Annotated[
    int | None,
    typer.Option(min=0, help="Due so many days after the cutover too; without, only after the end."),
]


EXPIRE_EXAMPLE: Final = "Example: costack expire --stack production --grace-days 14 --fail-when-due"


def expire(  # noqa: PLR0917 - options of a command
    stack: _Stacks = None,
    inventory: _Inventories = None,
    portfolio: _Portfolios = None,
    on: _On = None,
    grace_days: _Grace = None,
    apply: Annotated[  # noqa: FBT002 - an option of a command
        bool, typer.Option("--apply", help="Print the commands that end what is due, and run none.")
    ] = False,
    fail_when_due: Annotated[  # noqa: FBT002 - an option of a command
        bool, typer.Option("--fail-when-due", help="End with 5 when something is due.")
    ] = False,
    cwd: options.Cwd = Path(),
    output: Annotated[
        ExpireOutput, typer.Option("--output", "-o", help="How to print.")
    ] = ExpireOutput.TABLE,
) -> None:
    """List environments past their end, and what each still costs; nothing is ever deleted by it."""
    from cli.actions.expire import Asked, print_due  # noqa: PLC0415

    asked = Asked(
        stacks=tuple(stack or ()),
        inventories=tuple(inventory or ()),
        portfolios=tuple(portfolio or ()),
        now=on.replace(tzinfo=UTC) if on else datetime.now(UTC),
        grace_days=grace_days,
        commands=apply,
        fail=fail_when_due,
        cwd=cwd,
        as_json=output is ExpireOutput.JSON,
    )
    guarded(lambda: print_due(asked))

"""`costack rotate` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded

_Tenant = Annotated[
    str,
    typer.Argument(
        metavar="TENANT",
        help="Rotate the secrets of this tenant; `platform` ends the token of a shared session cache.",
    ),
]
_Begin = Annotated[bool, typer.Option("--begin", help="Begin a rotation.")]
_Back = Annotated[
    bool, typer.Option("--back", help="Go back to the passwords of before, while they are in use.")
]

ROTATE_EXAMPLE: Final = (
    "Example: costack rotate acme --stack local --begin\n\n"
    "After `pulumi up`: costack rotate acme --stack local --next"
)


def rotate(  # noqa: PLR0917 - options of a command
    tenant: _Tenant,
    stack: options.DeployedIn,
    begin: _Begin = False,  # noqa: FBT002 - an option of a command
    next_: options.NextStage = False,  # noqa: FBT002 - an option of a command
    back: _Back = False,  # noqa: FBT002 - an option of a command
    portfolio: options.Portfolio = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Rotate a tenant's secrets in stages, while people work.

    Each stage is a line of the tenant's file and a `pulumi up`. Without --begin, --next and --back the
    command shows the stage that the rotation is at.
    """
    from cli.actions.change.rotate import Request, rotate_on  # noqa: PLC0415

    request = Request(
        tenant=tenant, begin=begin, next=next_, back=back, stack=stack, portfolio=portfolio, cwd=cwd
    )
    guarded(lambda: rotate_on(request))

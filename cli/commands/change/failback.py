"""`costack failback` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded

_Tenant = Annotated[
    str | None, typer.Argument(metavar="[TENANT]", help="The tenant; or --all.", show_default=False)
]
_All = Annotated[
    bool, typer.Option("--all", help="Every tenant that works in its second region, or is on its way home.")
]
_Back = Annotated[
    bool, typer.Option("--back", help="Work in the second region again, as long as nothing was switched.")
]

FAILBACK_EXAMPLE: Final = (
    "Example: costack failback acme --stack local\n\n"
    "After `pulumi up`: costack failback acme --stack local --next"
)


def failback(  # noqa: PLR0917 - options of a command
    stack: options.DeployedIn,
    tenant: _Tenant = None,
    all_: _All = False,  # noqa: FBT002 - an option of a command
    next_: options.NextStage = False,  # noqa: FBT002 - an option of a command
    back: _Back = False,  # noqa: FBT002 - an option of a command
    portfolio: options.Portfolio = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Bring a tenant home from its second region, in stages.

    It is stopped and backed up there, the backup is restored in its own region beside the database that was
    closed there, and takes its place; the database before and the promoted server are kept until you confirm.
    Each stage is a line of the tenant's file and a `pulumi up`. Without --next and --back the command begins,
    or shows the stage that the tenant is at.
    """
    from cli.actions.change.failover import Request, failover_on  # noqa: PLC0415

    request = Request(
        command="failback",
        tenant=tenant,
        all=all_,
        to=None,
        region_lost=False,
        next=next_,
        back=back,
        region_back=False,
        stack=stack,
        portfolio=portfolio,
        cwd=cwd,
        now=datetime.now(UTC),
    )
    guarded(lambda: failover_on(request))

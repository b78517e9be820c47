"""`costack failover` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded

_Tenant = Annotated[
    str | None, typer.Argument(metavar="[TENANT]", help="The tenant; or --all.", show_default=False)
]
_All = Annotated[
    bool, typer.Option("--all", help="Every tenant that has a standby in the region, or is on its way there.")
]
_To = Annotated[
    str | None, typer.Option("--to", metavar="REGION", help="Begin: the second region, such as eu-west-1.")
]
_Lost = Annotated[
    bool,
    typer.Option(
        "--region-lost",
        help="The tenant's own region does not answer: close nothing there, and send nothing there.",
    ),
]
_Found = Annotated[
    bool,
    typer.Option("--region-back", help="That region answers again: close what the tenant still has there."),
]
_Back = Annotated[
    bool, typer.Option("--back", help="Work in the own region again, as long as nothing was promoted.")
]

FAILOVER_EXAMPLE: Final = (
    "Example: costack failover acme --stack local --to eu-west-1\n\n"
    "After `pulumi up`: costack failover acme --stack local --next"
)


def failover(  # noqa: PLR0917 - options of a command
    stack: options.DeployedIn,
    tenant: _Tenant = None,
    all_: _All = False,  # noqa: FBT002 - an option of a command
    to: _To = None,
    region_lost: _Lost = False,  # noqa: FBT002 - an option of a command
    next_: options.NextStage = False,  # noqa: FBT002 - an option of a command
    back: _Back = False,  # noqa: FBT002 - an option of a command
    region_back: _Found = False,  # noqa: FBT002 - an option of a command
    portfolio: options.Portfolio = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Let a tenant work in its second region, stage by stage.

    Its database is closed and the standby has everything, then the standby is promoted, then Odoo starts
    there and records of host names lead there. Each stage is a line of the tenant's file and a `pulumi up`.
    Without --to and the options after it the command shows the stage that the tenant is at.
    """
    from cli.actions.change.failover import Request, failover_on  # noqa: PLC0415

    request = Request(
        command="failover",
        tenant=tenant,
        all=all_,
        to=to,
        region_lost=region_lost,
        next=next_,
        back=back,
        region_back=region_back,
        stack=stack,
        portfolio=portfolio,
        cwd=cwd,
    )
    guarded(lambda: failover_on(request))

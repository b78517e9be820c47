"""`costack move` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded

_Tenant = Annotated[str, typer.Argument(metavar="TENANT", help="Move the data of this tenant.")]
_To = Annotated[str | None, typer.Option("--to", metavar="TIER", help="Begin a move to this tier.")]
_Back = Annotated[bool, typer.Option("--back", help="Go back, as long as the old place still exists.")]
_DrRegion = Annotated[
    str | None,
    typer.Option(
        metavar="REGION",
        help="Copy to this second region, for a tier that copies. Default: the platform's only one.",
    ),
]

MOVE_EXAMPLE: Final = (
    "Example: costack move acme --stack local --to dedicated-db\n\n"
    "After `pulumi up`: costack move acme --stack local --next"
)


def move(  # noqa: PLR0917 - options of a command
    tenant: _Tenant,
    stack: options.DeployedIn,
    to: _To = None,
    next_: options.NextStage = False,  # noqa: FBT002 - an option of a command
    back: _Back = False,  # noqa: FBT002 - an option of a command
    portfolio: options.Portfolio = None,
    dr_region: _DrRegion = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Move a tenant's data to another tier, stage by stage.

    Each stage is a line of the tenant's file and a `pulumi up`. Without --to, --next and --back the command
    shows the stage that the tenant is at.
    """
    from cli.actions.change.move import Request, move_on  # noqa: PLC0415

    request = Request(
        tenant=tenant,
        to=to,
        next=next_,
        back=back,
        stack=stack,
        portfolio=portfolio,
        dr_region=dr_region,
        cwd=cwd,
    )
    guarded(lambda: move_on(request))

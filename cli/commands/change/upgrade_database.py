"""`costack upgrade-database` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded

_Server = Annotated[
    str,
    typer.Argument(
        metavar="TENANT", help="Upgrade the server of this tenant; `platform` for the one that tenants share."
    ),
]
_To = Annotated[
    str | None,
    typer.Option("--to", metavar="VERSION", help="Begin: upgrade to this version of PostgreSQL, such as 18."),
]
_Now = Annotated[
    bool,
    typer.Option(
        "--now", help="With --next to stage upgrade: during `pulumi up`, not in the maintenance window."
    ),
]
_Back = Annotated[bool, typer.Option("--back", help="Give the upgrade up, before AWS was asked for it.")]

UPGRADE_DATABASE_EXAMPLE: Final = (
    "Example: costack upgrade-database acme --stack local --to 18\n\n"
    "After `pulumi up`: costack upgrade-database acme --stack local --next"
)


def upgrade_database(  # noqa: PLR0917 - options of a command
    server: _Server,
    stack: options.DeployedIn,
    to: _To = None,
    next_: options.NextStage = False,  # noqa: FBT002 - an option of a command
    now: _Now = False,  # noqa: FBT002 - an option of a command
    back: _Back = False,  # noqa: FBT002 - an option of a command
    portfolio: options.Portfolio = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Take a PostgreSQL server to a newer major version.

    One server at a time: a tenant's own, or the one that tenants share. A job looks into every database for
    what would make the upgrade fail before anything stops; a standby in the second region is removed and made
    anew; AWS upgrades; a job gathers statistics. Each stage is a line of a file and a `pulumi up`. Without
    --to, --next and --back the command shows the stage that the server is at.
    """
    from cli.actions.change.upgrade_database import Request, upgrade_database_on  # noqa: PLC0415

    request = Request(
        server=server,
        to=to,
        next=next_,
        now=now,
        back=back,
        stack=stack,
        portfolio=portfolio,
        cwd=cwd,
    )
    guarded(lambda: upgrade_database_on(request))

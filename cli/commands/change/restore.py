"""`costack restore` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded

_Tenant = Annotated[str, typer.Argument(metavar="TENANT", help="Restore the data of this tenant.")]
_At = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME",
        help="Begin: go back to this time, such as 2026-11-29T01:17:00Z: to that very second with a server "
        "of its own, else to the newest backup of then or before.",
    ),
]
_Backup = Annotated[
    bool,
    typer.Option(
        "--backup", help="Restore the newest backup of then or before, also with a server of its own."
    ),
]

RESTORE_EXAMPLE: Final = (
    "Example: costack restore acme --stack local --at 2026-11-29T01:15:00Z\n\n"
    "After `pulumi up`: costack restore acme --stack local --next"
)


def restore(  # noqa: PLR0917 - options of a command
    tenant: _Tenant,
    stack: options.DeployedIn,
    at: _At = None,
    backup: _Backup = False,  # noqa: FBT002 - an option of a command
    next_: options.NextStage = False,  # noqa: FBT002 - an option of a command
    back: options.ToDatabaseBefore = False,  # noqa: FBT002 - an option of a command
    evidence: options.EvidenceOfSteps = None,
    portfolio: options.Portfolio = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Take a tenant back to an earlier moment, stage by stage.

    Database and files go back to one moment, in place: what was then is restored beside the database in use
    and checked first, and the database before is kept until you confirm. Each stage is a line of the tenant's
    file and a `pulumi up`. Without --at, --next and --back the command shows the stage that the tenant is at.
    With --evidence the step after `start` records what was lost and how long people waited. It restores all
    of a tenant: one table or one file is out of its reach.
    """
    from cli.actions.change.restore import Request, restore_on  # noqa: PLC0415

    request = Request(
        command="restore",
        tenant=tenant,
        at=at,
        backup=backup,
        from_tenant=None,
        evidence=evidence,
        next=next_,
        back=back,
        stack=stack,
        portfolio=portfolio,
        cwd=cwd,
    )
    guarded(lambda: restore_on(request, datetime.now(UTC)))

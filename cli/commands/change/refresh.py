"""`costack refresh` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded

_Tenant = Annotated[
    str, typer.Argument(metavar="TENANT", help="Give this tenant another's data; no production.")
]
_From = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="TENANT", help="Begin: take the backup of this tenant of the same client."
    ),
]
_Backup = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Take the newest backup of this time or before, such as 2026-11-29T01:15:00Z. Default: now.",
    ),
]

REFRESH_EXAMPLE: Final = (
    "Example: costack refresh acme-staging --stack local --from acme\n\n"
    "After `pulumi up`: costack refresh acme-staging --stack local --next"
)


def refresh(  # noqa: PLR0917 - options of a command
    tenant: _Tenant,
    stack: options.DeployedIn,
    from_: _From = None,
    backup: _Backup = None,
    next_: options.NextStage = False,  # noqa: FBT002 - an option of a command
    back: options.ToDatabaseBefore = False,  # noqa: FBT002 - an option of a command
    portfolio: options.Portfolio = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Give a sandbox the data of production, neutralised.

    The stages are those of `costack restore`: the newest backup of another tenant of the client is restored
    beside the database in use and checked, takes its place while Odoo stands still, and is made harmless
    before any pod starts. What the sandbox had before is kept until you confirm.
    """
    from cli.actions.change.restore import Request, restore_on  # noqa: PLC0415

    request = Request(
        command="refresh",
        tenant=tenant,
        at=backup,
        from_tenant=from_,
        next=next_,
        back=back,
        stack=stack,
        portfolio=portfolio,
        cwd=cwd,
    )
    guarded(lambda: restore_on(request, datetime.now(UTC)))

"""`costack rename` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded

_Tenant = Annotated[str, typer.Argument(metavar="TENANT", help="Rename this tenant, by its id or its name.")]
_Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Call it this: lower-case letters, digits, dashes.")
]
_Client = Annotated[
    str | None, typer.Option(metavar="CLIENT", help="Give its client this name, too. The data stays its own.")
]

RENAME_EXAMPLE: Final = "Example: costack rename acme zenith --stack local --client zenith-ag"


def rename(  # noqa: PLR0917 - options of a command
    tenant: _Tenant,
    name: _Name,
    stack: options.DeployedIn,
    client: _Client = None,
    portfolio: options.Portfolio = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Rename a deployed tenant; its data and history stay.

    Its id stays, because database, files, backups, cost tags and earlier bills have it. A file in which
    `tenant` was changed by hand is put right: name the id that is deployed, then the new name.
    """
    from cli.actions.change.rename import Request, rename_on  # noqa: PLC0415

    request = Request(tenant=tenant, name=name, client=client, stack=stack, portfolio=portfolio, cwd=cwd)
    guarded(lambda: rename_on(request))

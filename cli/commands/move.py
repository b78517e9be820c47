"""The command `costack move` and its options; what it does waits in `cli.actions.move`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.commands import shared_options as options
from cli.console.exit_codes import guarded

_To = Annotated[str | None, typer.Option("--to", help="Begin: the tier its data goes to.")]
_Next = Annotated[bool, typer.Option("--next", help="Go on: write the next stage into the file.")]
_Back = Annotated[bool, typer.Option("--back", help="Go back, as long as the old place is there.")]


MOVE_EXAMPLE: Final = (
    "Example: costack move acme --to dedicated-db\n\nThen pulumi up, and: costack move acme --next"
)


def move(  # noqa: PLR0917 - options of a command
    tenant: Annotated[str, typer.Argument(help="Whose data moves.")],
    to: _To = None,
    next_: _Next = False,  # noqa: FBT002 - an option of a command
    back: _Back = False,  # noqa: FBT002 - an option of a command
    stack: Annotated[str, typer.Option("--stack", "-s", help="Stack in which it is deployed.")] = "local",
    portfolio: Annotated[Path | None, typer.Option(help="Folder with the tenant's file.")] = None,
    dr_region: Annotated[
        str | None, typer.Option(help="Second region of a tier that copies; the platform's only one without.")
    ] = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Move a tenant's data to another tier: a line of its file and a `pulumi up` for each step."""
    from cli.actions.move import Asked, move_on  # noqa: PLC0415

    guarded(lambda: move_on(Asked(tenant, to, next_, back, stack, portfolio, dr_region, cwd)))

"""`costack recover` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded

_Stack = Annotated[
    str, typer.Option("--stack", "-s", metavar="NAME", help="Repair this stack, whose command was killed.")
]
_OwnerIsDead = Annotated[
    bool,
    typer.Option("--owner-is-dead", help="Lift the stack's lock: you know that the locking process is gone."),
]
_Search = Annotated[
    bool,
    typer.Option(
        "--search",
        help="Look in AWS for untracked resources, for example after AWS said that a name is taken.",
    ),
]
_Take = Annotated[
    bool,
    typer.Option("--take", help="With --search: add those to the state that the next update would create."),
]

RECOVER_EXAMPLE: Final = "Example: costack recover --stack local"


def recover(
    stack: _Stack,
    owner_is_dead: _OwnerIsDead = False,  # noqa: FBT002 - an option of a command
    search: _Search = False,  # noqa: FBT002 - an option of a command
    take: _Take = False,  # noqa: FBT002 - an option of a command
    cwd: options.Cwd = Path(),
) -> None:
    """Repair a stack whose Pulumi command was killed.

    Adds to the state what the killed command had created and lifts its lock. Afterwards run the killed
    command again.
    """
    from cli.actions.change.recover import Request, recover_stack  # noqa: PLC0415

    request = Request(stack=stack, owner_is_dead=owner_is_dead, search=search, take=take, cwd=cwd)
    guarded(lambda: recover_stack(request))

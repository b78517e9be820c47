"""The command `costack recover`: what to run after a command was killed, before it is run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.commands import shared_options as options
from cli.console.exit_codes import guarded

_OwnerIsDead = Annotated[
    bool, typer.Option("--owner-is-dead", help="You know that whoever locked the stack is gone.")
]
_Search = Annotated[
    bool, typer.Option("--search", help="Look for what nobody noted, after AWS said that a name is taken.")
]
_Take = Annotated[bool, typer.Option("--take", help="With --search: take in what the next up would make.")]


RECOVER_EXAMPLE: Final = "Example: costack recover --stack local"


def recover(
    stack: Annotated[str, typer.Option("--stack", "-s", help="Stack whose command was killed.")],
    owner_is_dead: _OwnerIsDead = False,  # noqa: FBT002 - an option of a command
    search: _Search = False,  # noqa: FBT002 - an option of a command
    take: _Take = False,  # noqa: FBT002 - an option of a command
    cwd: options.Cwd = Path(),
) -> None:
    """Take into the state what a killed command had made, and lift its lock; run it again afterwards."""
    from lifecycle.recover.repair import BrokenStack  # noqa: PLC0415
    from tiers.errors import CatalogError  # noqa: PLC0415

    def look() -> None:
        found = BrokenStack(stack, cwd).search(typer.echo, take=take)
        done = "taken in" if take else "found; look at them, then take them in with --search --take"
        typer.echo(f"{len(found.taken)} {done}; {sum(map(len, found.second.values()))} that nobody knows")

    def run() -> None:
        if take and not search:
            raise CatalogError("--take goes with --search: only what was looked for is taken in")
        if search:
            look()
            return
        found = BrokenStack(stack, cwd).recover(typer.echo, owner_is_dead=owner_is_dead)
        typer.echo(
            f"{len(found.taken)} resources taken in, {len(found.dropped)} had not been made; "
            "now run the killed command again"
        )

    guarded(run)


if __name__ == "__main__":
    typer.run(recover)

"""The command `costack recover`: what to run after a command was killed, before it is run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import options
from cli.guarding import guarded

_OwnerIsDead = Annotated[
    bool, typer.Option("--owner-is-dead", help="You know that whoever locked the stack is gone.")
]


def recover(
    stack: Annotated[str, typer.Option("--stack", "-s", help="Stack whose command was killed.")],
    owner_is_dead: _OwnerIsDead = False,  # noqa: FBT002 - an option of a command
    cwd: options.Cwd = Path(),
) -> None:
    """Take into the state what a killed command had made, and lift its lock; run it again afterwards."""
    from lifecycle.recovery import BrokenStack  # noqa: PLC0415

    def run() -> None:
        found = BrokenStack(stack, cwd).recover(typer.echo, owner_is_dead=owner_is_dead)
        typer.echo(
            f"{len(found.taken)} resources taken in, {len(found.dropped)} had not been made; "
            "now run the killed command again"
        )

    guarded(run)


if __name__ == "__main__":
    typer.run(recover)

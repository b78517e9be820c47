"""`costack approve` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console.exit_codes import guarded

_Plan = Annotated[
    Path, typer.Argument(metavar="PLAN", help="Approve the decommission or purge plan in this file.")
]
_By = Annotated[
    str,
    typer.Option(metavar="WHO", help="Who approves, as the file of allowed signers in platform.yaml says."),
]
_Key = Annotated[
    Path,
    typer.Option(
        metavar="FILE", help="Sign with this private SSH key, or the key in ssh-agent of this public one."
    ),
]
_Out = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write the approval to this file. Default: PLAN.approval.json."),
]

APPROVE_EXAMPLE: Final = (
    "Example: costack approve plans/borealis-migration.json --by dana@example.com --key ~/.ssh/id_ed25519"
)


def approve(plan: _Plan, by: _By, key: _Key, out: _Out = None) -> None:
    """Approve the end of a sandbox that is due, or a purge.

    It writes who approved which plan and when, and a signature beside it. `costack decommission --approved`
    or `costack purge --approved` then needs no phrase. Nothing is ended or deleted by this command.
    """
    from cli.actions.decommission import approve as action  # noqa: PLC0415

    request = action.Request(plan=plan, by=by, key=key, out=out, now=datetime.now(UTC))
    guarded(lambda: action.approve(request))

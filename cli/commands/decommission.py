"""`costack decommission` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.commands import shared_options as options
from cli.console.exit_codes import guarded

DECOMMISSION_EXAMPLE: Final = (
    "Example: costack decommission borealis-migration --stack local\n\n"
    "Then: costack decommission --apply decommission-....json --phrase 'decommission ...'"
)


def decommission(  # noqa: PLR0917 - options of a command
    tenant: Annotated[
        str | None, typer.Argument(help="Who ends; the plan says it when one is applied.")
    ] = None,
    stack: Annotated[str, typer.Option("--stack", "-s", help="Stack in which it is deployed.")] = "local",
    portfolio: Annotated[Path | None, typer.Option(help="Folder with the tenant's file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write the plan.")] = None,
    early: Annotated[str | None, typer.Option(help="Why a sandbox ends before its day.")] = None,
    apply: Annotated[Path | None, typer.Option(help="The plan to act on.")] = None,
    phrase: Annotated[str | None, typer.Option(help="What the plan says must be typed.")] = None,
    record: Annotated[
        Path | None, typer.Option(help="File of evidence; beside the plan when left out.")
    ] = None,
    restore_evidence: Annotated[
        Path | None, typer.Option(help="What `costack restore-test` wrote, where the promise takes it.")
    ] = None,
    cwd: options.Cwd = Path(),
) -> None:
    """End a tenant: plan what goes and what stays, then do exactly that and prove that nothing else bills."""
    from cli.actions import decommission as ending  # noqa: PLC0415

    wanted = ending.Wanted(tenant, stack, cwd, portfolio, out, early, apply, phrase, record, restore_evidence)
    guarded(lambda: ending.decommission(wanted, lambda: datetime.now(UTC)))

"""`costack compliance` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded

_Tenant = Annotated[str, typer.Argument(metavar="TENANT", help="Export the controls of this tenant.")]
_Out = Annotated[
    Path, typer.Option(metavar="FOLDER", help="Write the page and the signed document to this new folder.")
]
_By = Annotated[str, typer.Option(metavar="WHO", help="Who signs, as the file of allowed signers says.")]
_Key = Annotated[
    Path,
    typer.Option(
        metavar="FILE", help="Sign with this private SSH key, or the key in ssh-agent of this public one."
    ),
]
_Evidence = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Read restore tests, rehearsals and image scans from this evidence file. May be repeated.",
    ),
]
_History = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Read the filed months in this folder of months such as 2026-09."),
]

COMPLIANCE_EXAMPLE: Final = (
    "Example: costack compliance meridian --stack production --evidence restores.jsonl --history filed "
    "--by dana@example.com --key ~/.ssh/id_ed25519 --out compliance/meridian-2026-12"
)


def compliance(  # noqa: PLR0917 - options of a command
    tenant: _Tenant,
    out: _Out,
    by: _By,
    key: _Key,
    stack: options.Stack = None,
    inventory: options.Inventory = None,
    evidence: _Evidence = None,
    history: _History = None,
    portfolio: options.Portfolio = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Export the controls of a tenant with enhanced controls.

    Each control has its evidence, its source and its day; what nothing shows is a gap. It writes a page, the
    same as CSV and JSON, and a signature of the JSON.
    """
    from cli.actions.costs import compliance as action  # noqa: PLC0415

    request = action.Request(
        tenant=tenant,
        stack=stack,
        inventory=inventory,
        evidence=tuple(evidence or ()),
        history=history,
        portfolio=portfolio,
        by=by,
        key=key,
        out=out,
        now=datetime.now(UTC),
        cwd=cwd,
    )
    guarded(lambda: action.export(request))

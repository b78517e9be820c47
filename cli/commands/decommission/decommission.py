"""`costack decommission` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded
from cli.console.help import renamed

_Tenant = Annotated[
    str | None,
    typer.Argument(metavar="TENANT", help="Plan the end of this tenant. Leave it out with --apply."),
]
_Out = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write the plan to this file. Default: decommission-ID.json."),
]
_Early = Annotated[
    str | None,
    typer.Option(metavar="REASON", help="End a migration sandbox before its end date, for this reason."),
]
_Apply = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Carry out the plan in this file. May be repeated with --approved."),
]
_Approved = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Confirm with this approval that `costack approve` signed, instead of a phrase: for sandboxes "
        "that are due. May be repeated.",
    ),
]
_FinalDump = Annotated[
    bool | None,
    typer.Option(
        "--final-dump/--no-final-dump",
        help="Make a last dump although the offer has none, or none. Default: make one, because the database "
        "may hold data.",
    ),
]
_Phrase = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Confirm with the phrase that the plan asks for.")
]
_Evidence = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Record each step in this file. Default: beside the plan."),
]
_RestoreEvidence = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Count only restore tests that this file of `costack restore-test --evidence` has. Default: "
        "every test whose result is in the tenant's bucket.",
    ),
]

DECOMMISSION_EXAMPLE: Final = (
    'Example: costack decommission borealis-migration --stack local --early "the move was called off"\n\n'
    "Then: costack decommission --stack local --apply decommission-1a2b3c4d.json "
    '--phrase "decommission borealis-migration of local: 18 resources"'
)


@renamed({"--record": "--evidence"})
def decommission(  # noqa: PLR0917 - options of a command
    stack: options.DeployedIn,
    tenant: _Tenant = None,
    portfolio: options.Portfolio = None,
    out: _Out = None,
    early: _Early = None,
    final_dump: _FinalDump = None,
    apply: _Apply = None,
    phrase: _Phrase = None,
    approved: _Approved = None,
    evidence: _Evidence = None,
    restore_evidence: _RestoreEvidence = None,
    cwd: options.Cwd = Path(),
) -> None:
    """End a tenant: make a plan, then carry out that very plan.

    The plan lists what is removed and what is kept. Carrying it out makes a final backup, stops the tenant,
    removes it and verifies in the account that nothing else is billed for it. A run that stopped can be
    repeated: it continues where it stopped.
    """
    from cli.actions.decommission import decommission as action  # noqa: PLC0415

    request = action.Request(
        tenant=tenant,
        stack=stack,
        cwd=cwd,
        portfolio=portfolio,
        out=out,
        early=early,
        apply=tuple(apply or ()),
        phrase=phrase,
        final_dump=final_dump,
        approved=tuple(approved or ()),
        evidence=evidence,
        restore_evidence=restore_evidence,
    )
    guarded(lambda: action.decommission(request, lambda: datetime.now(UTC)))

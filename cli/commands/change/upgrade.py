"""`costack upgrade` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded

_Tenant = Annotated[
    str, typer.Argument(metavar="TENANT", help="Upgrade this tenant to another major version of Odoo.")
]
_To = Annotated[
    str | None,
    typer.Option(
        metavar="VERSION", help="Begin: the version, a name of images.odoo_versions in platform.yaml."
    ),
]
_Back = Annotated[
    bool,
    typer.Option("--back", help="Go back to version and database of before, as long as these are kept."),
]
_Log = Annotated[
    Path | None,
    typer.Option(
        "--log",
        metavar="FILE",
        help="Read what the job has found from its log in this file, without kubectl.",
    ),
]

UPGRADE_EXAMPLE: Final = (
    "Example: costack upgrade acme --stack local --to 19.0\n\n"
    "After `pulumi up`: costack upgrade acme --stack local --next --evidence acme.jsonl"
)


def upgrade(  # noqa: PLR0917 - options of a command
    tenant: _Tenant,
    stack: options.DeployedIn,
    to: _To = None,
    next_: options.NextStage = False,  # noqa: FBT002 - an option of a command
    back: _Back = False,  # noqa: FBT002 - an option of a command
    evidence: options.EvidenceOfSteps = None,
    context: options.KubectlContext = None,
    log: _Log = None,
    portfolio: options.Portfolio = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Upgrade a tenant to another major version of Odoo.

    It is rehearsed first: on its newest backup, restored beside the database in use, while people work. Then
    Odoo is stopped and backed up, the same command upgrades that backup, and it takes the place; the database
    before is kept until you confirm. Each stage is a line of the tenant's file and a `pulumi up`. Without
    --to, --next and --back the command shows the stage that the tenant is at. With --evidence it also records
    what the job of the stage has found, which it reads by kubectl.
    """
    from cli.actions.change.upgrade import Request, upgrade_on  # noqa: PLC0415

    request = Request(
        tenant=tenant,
        to=to,
        next=next_,
        back=back,
        evidence=evidence,
        context=context,
        log=log,
        stack=stack,
        portfolio=portfolio,
        cwd=cwd,
    )
    guarded(lambda: upgrade_on(request, datetime.now(UTC)))

"""`costack failover` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded
from cli.console.shared_options import TableOrJson

_Tenant = Annotated[str | None, typer.Argument(metavar="[TENANT]", help="The tenant that comes back.")]
_Rehearse = Annotated[
    bool,
    typer.Option(
        "--rehearse",
        help="Try it out in a scratch namespace, measure RTO and RPO, and take everything away again.",
    ),
]
_To = Annotated[
    str | None, typer.Option("--to", metavar="REGION", help="The second region, such as eu-west-1.")
]
_AllDue = Annotated[
    bool,
    typer.Option(
        "--all-due",
        help="With --rehearse: every tenant whose newest good rehearsal is older than its class says.",
    ),
]
_Check = Annotated[
    bool,
    typer.Option("--check", help="With --all-due: rehearse nothing, exit code 5 if something is due."),
]
_Timeout = Annotated[
    str | None,
    typer.Option(metavar="DURATION", help="Give up after this long, such as 90m or 2h. Default: by size."),
]
_StorageClass = Annotated[
    str | None,
    typer.Option(metavar="CLASS", help="Restore to volumes of this class. Default: the node's own disk."),
]
_Evidence = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Append the result to this file of JSON lines.")
]
_Context = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Context of kubectl for the cluster of that region. Default: the current one."
    ),
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be made and create nothing.")]
_Output = Annotated[TableOrJson, typer.Option("--output", "-o", help="Print in this form.")]

FAILOVER_EXAMPLE: Final = (
    "Example: costack failover meridian --rehearse --to eu-west-1 --stack local --evidence meridian.jsonl"
)


def failover(  # noqa: PLR0917 - options of a command
    tenant: _Tenant = None,
    rehearse: _Rehearse = False,  # noqa: FBT002 - an option of a command
    to: _To = None,
    all_due: _AllDue = False,  # noqa: FBT002 - an option of a command
    check: _Check = False,  # noqa: FBT002 - an option of a command
    stack: options.Stack = None,
    inventory: options.Inventory = None,
    timeout: _Timeout = None,
    storage_class: _StorageClass = None,
    evidence: _Evidence = None,
    context: _Context = None,
    dry_run: _DryRun = False,  # noqa: FBT002 - an option of a command
    cwd: options.Cwd = Path(),
    output: _Output = TableOrJson.TABLE,
) -> None:
    """Rehearse the recovery in a second region.

    The newest copied backup is restored in a scratch namespace, its files are brought, and the tenant's own
    Odoo answers on them, without mail and scheduled actions: measured, and compared with the promise. Nothing
    of production is touched.
    """
    from cli.actions.change.due_rehearsals import run_rehearsals  # noqa: PLC0415
    from cli.actions.change.rehearsal import Request  # noqa: PLC0415

    request = Request(
        tenant=tenant,
        stack=stack,
        inventory=inventory,
        backup=None,
        timeout=timeout,
        storage_class=storage_class,
        evidence=evidence,
        context=context,
        dry_run=dry_run,
        cwd=cwd,
        as_json=output is TableOrJson.JSON,
        all_due=all_due,
        check=check,
        to=to,
        rehearse=rehearse,
    )
    guarded(lambda: run_rehearsals(request, datetime.now(UTC)))

"""`costack failover` and its options."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded
from cli.console.shared_options import TableOrJson

_Tenant = Annotated[
    str | None, typer.Argument(metavar="[TENANT]", help="The tenant; or --all.", show_default=False)
]
_All = Annotated[
    bool, typer.Option("--all", help="Every tenant that has a standby in the region, or is on its way there.")
]
_To = Annotated[
    str | None, typer.Option("--to", metavar="REGION", help="Begin: the second region, such as eu-west-1.")
]
_Lost = Annotated[
    bool,
    typer.Option(
        "--region-lost",
        help="The tenant's own region does not answer: close nothing there, and send nothing there. With "
        "--to, or alone in a failover that began.",
    ),
]
_Found = Annotated[
    bool,
    typer.Option("--region-back", help="That region answers again: close what the tenant still has there."),
]
_Back = Annotated[
    bool, typer.Option("--back", help="Work in the own region again, as long as nothing was promoted.")
]
_Rehearse = Annotated[
    bool,
    typer.Option(
        "--rehearse",
        help="Change nothing: try it out in a scratch namespace, measure RTO and RPO, take it away again.",
    ),
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
    typer.Option(metavar="DURATION", help="Rehearse for so long at most, such as 2h. Default: by size."),
]
_StorageClass = Annotated[
    str | None,
    typer.Option(metavar="CLASS", help="Rehearse on volumes of this class. Default: the node's own disk."),
]
_Evidence = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Append what was measured to this file of JSON lines.")
]
_Context = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Rehearse or measure in this context of kubectl. Default: of the region's cluster, else the "
        "current one.",
    ),
]
_DryRun = Annotated[
    bool, typer.Option("--dry-run", help="With --rehearse: print what would be made, and make nothing.")
]
_Output = Annotated[TableOrJson, typer.Option("--output", "-o", help="Print what was measured in this form.")]

FAILOVER_EXAMPLE: Final = (
    "Example: costack failover acme --stack local --to eu-west-1\n\n"
    "After `pulumi up`: costack failover acme --stack local --next\n\n"
    "What it took: costack failover acme --stack local --next --evidence acme.jsonl\n\n"
    "Try it out: costack failover acme --stack local --rehearse --to eu-west-1 --evidence acme.jsonl"
)


def failover(  # noqa: PLR0917 - options of a command
    stack: options.Stack = None,
    tenant: _Tenant = None,
    all_: _All = False,  # noqa: FBT002 - an option of a command
    to: _To = None,
    region_lost: _Lost = False,  # noqa: FBT002 - an option of a command
    next_: options.NextStage = False,  # noqa: FBT002 - an option of a command
    back: _Back = False,  # noqa: FBT002 - an option of a command
    region_back: _Found = False,  # noqa: FBT002 - an option of a command
    rehearse: _Rehearse = False,  # noqa: FBT002 - an option of a command
    all_due: _AllDue = False,  # noqa: FBT002 - an option of a command
    check: _Check = False,  # noqa: FBT002 - an option of a command
    inventory: options.Inventory = None,
    timeout: _Timeout = None,
    storage_class: _StorageClass = None,
    evidence: _Evidence = None,
    context: _Context = None,
    dry_run: _DryRun = False,  # noqa: FBT002 - an option of a command
    portfolio: options.Portfolio = None,
    cwd: options.Cwd = Path(),
    output: _Output = TableOrJson.TABLE,
) -> None:
    """Let a tenant work in its second region, stage by stage.

    Its database is closed and the standby has everything, then the standby is promoted, then Odoo starts
    there and records of host names lead there. Each stage is a line of the tenant's file and a `pulumi up`.
    Without --to and the options after it the command shows the stage that the tenant is at. --rehearse tries
    a recovery out from the copies there, and measures it; nothing of production is touched. --evidence with
    the --next after stage start records what the failover itself took.
    """
    given = dict(locals())
    guarded(lambda: _run(given))


_STEPS: Final = ("region_lost", "next", "back", "region_back")
_TRIED: Final = (
    "all_due",
    "check",
    "dry_run",
    "timeout",
    "inventory",
    "storage_class",
    "evidence",
    "context",
)
_WHERE: Final = ("tenant", "to", "stack", "cwd")


def _run(options_given: Mapping[str, Any]) -> None:
    """Lead a tenant to its next stage, or rehearse; *options_given* are the options by their names."""
    given = {name.rstrip("_"): value for name, value in options_given.items()}
    steps, tried, where = ({each: given[each] for each in names} for names in (_STEPS, _TRIED, _WHERE))
    now = datetime.now(UTC)
    measures = {"evidence", "context"} if given["next"] and not given["rehearse"] else set()
    if given["rehearse"] or any(value for name, value in tried.items() if name not in measures):
        from cli.actions.change.due_rehearsals import run_rehearsals  # noqa: PLC0415
        from cli.actions.change.rehearsal import Request as Rehearsal  # noqa: PLC0415

        alone = given["rehearse"] and not any((given["all"], *steps.values()))
        as_json = given["output"] is TableOrJson.JSON
        asked = Rehearsal(**where, **tried, backup=None, rehearse=alone, as_json=as_json)
        run_rehearsals(asked, now)
        return
    from cli.actions.change.failover import Request, failover_on  # noqa: PLC0415
    from tiers.errors import CatalogError  # noqa: PLC0415

    if given["stack"] is None:
        raise CatalogError("name the stack that the tenant is deployed in: --stack NAME")
    recorded = {name: given[name] for name in ("all", "portfolio", "evidence", "context")}
    failover_on(Request(**where, **steps, **recorded, command="failover", now=now))

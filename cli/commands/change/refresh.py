"""`costack refresh` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded

_Tenant = Annotated[
    str | None, typer.Argument(metavar="[TENANT]", help="Give it another's data; no production.")
]
_AllDue = Annotated[
    bool,
    typer.Option(
        "--all-due",
        help="Begin refreshes that are due by their `refresh_schedule`, and lead on what was begun so.",
    ),
]
_Check = Annotated[
    bool, typer.Option("--check", help="With --all-due: write nothing, exit code 5 if something is due.")
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="With --all-due: show what is due, write nothing.")]
_Output = Annotated[
    options.TableOrJson, typer.Option("--output", "-o", help="With --all-due: print in this form.")
]
_From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="TENANT|FILE|s3://BUCKET/KEY",
        help="Begin: take the backup of this tenant of the same client, or upload this file: a backup zip "
        "of Odoo, Odoo.sh or Odoo Online, or a dump of pg_dump (.dump, .sql, .sql.gz).",
    ),
]
_Files = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|s3://BUCKET/KEY", help="Take the filestore of an uploaded dump from this zip or tar."
    ),
]
_Backup = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Take the newest backup of this time or before, such as 2026-11-29T01:15:00Z. Default: now.",
    ),
]

_Live = Annotated[
    bool,
    typer.Option(
        "--live",
        help="Copy the other tenant as it is at `pulumi up`: it is backed up then, while people work, in "
        "place of its newest backup.",
    ),
]

REFRESH_EXAMPLE: Final = (
    "Example: costack refresh acme-staging --stack local --from acme\n\n"
    "As it is now: costack refresh acme-staging --stack local --from acme --live\n\n"
    "On a schedule: costack refresh --all-due --stack local\n\n"
    "A file: costack refresh acme-trial --stack local --from odoo-sh-backup.zip\n\n"
    "After `pulumi up`: costack refresh acme-staging --stack local --next"
)


def refresh(  # noqa: PLR0917 - options of a command
    stack: options.DeployedIn,
    tenant: _Tenant = None,
    from_: _From = None,
    backup: _Backup = None,
    live: _Live = False,  # noqa: FBT002 - an option of a command
    files: _Files = None,
    next_: options.NextStage = False,  # noqa: FBT002 - an option of a command
    back: options.ToDatabaseBefore = False,  # noqa: FBT002 - an option of a command
    all_due: _AllDue = False,  # noqa: FBT002 - an option of a command
    check: _Check = False,  # noqa: FBT002 - an option of a command
    dry_run: _DryRun = False,  # noqa: FBT002 - an option of a command
    output: _Output = options.TableOrJson.TABLE,
    portfolio: options.Portfolio = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Give a sandbox the data of production, or of an upload.

    The stages are those of `costack restore`: the newest backup of another tenant of the client, a live copy
    of it, or an uploaded file, is restored beside the database in use and checked, takes its place while Odoo
    stands still, and is made harmless before any pod starts. What the sandbox had before is kept until you
    confirm. A file is looked into before it is uploaded: version of Odoo, size, and whether it is whole.
    """
    from cli.actions.change.due import refreshes  # noqa: PLC0415
    from cli.actions.change.restore import Request, restore_on  # noqa: PLC0415
    from cli.actions.change.uploads import is_archive  # noqa: PLC0415

    now = datetime.now(UTC)
    step = any((from_, backup, files, live, next_, back))
    asks = refreshes.Request(
        stack, portfolio, cwd, check, dry_run, as_json=output is options.TableOrJson.JSON, all_due=all_due
    )
    if tenant is None or asks.of_all:
        guarded(lambda: refreshes.run_due_refreshes(asks, now, alone=tenant is None and not step))
        return
    archive = from_ if from_ is not None and is_archive(from_) else None

    request = Request(
        command="refresh",
        tenant=tenant,
        at=backup,
        from_tenant=None if archive else from_,
        from_archive=archive,
        archive_files=files,
        live=live,
        next=next_,
        back=back,
        stack=stack,
        portfolio=portfolio,
        cwd=cwd,
    )
    guarded(lambda: restore_on(request, now))

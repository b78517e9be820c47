"""`costack restore-test` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded
from cli.console.shared_options import TableOrJson

_Tenant = Annotated[str | None, typer.Argument(metavar="[TENANT]", help="Restore a backup of this tenant.")]
_AllDue = Annotated[
    bool,
    typer.Option(
        "--all-due",
        help="Test every tenant whose newest good test is older than its resilience class says.",
    ),
]
_Check = Annotated[
    bool, typer.Option("--check", help="With --all-due: test nothing, exit code 5 if something is due.")
]
_Parallel = Annotated[
    int, typer.Option(metavar="N", min=1, max=50, help="With --all-due: run at most so many tests at once.")
]
_Backup = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Restore the backup taken at this time, such as 2026-11-24T01:15:00Z. Default: the newest.",
    ),
]
_Timeout = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION",
        help="Give up after this long, such as 60m or 2h. Default: as the scheduled test, from 60m on.",
    ),
]
_StorageClass = Annotated[
    str | None,
    typer.Option(
        metavar="CLASS",
        help="Restore to a volume of this class. Default: as the scheduled test, or the node's own disk.",
    ),
]
_Evidence = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Append the result to this file of JSON lines.")
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the Kubernetes Job and create nothing.")]
_Output = Annotated[TableOrJson, typer.Option("--output", "-o", help="Print in this form.")]

RESTORE_TEST_EXAMPLE: Final = "Example: costack restore-test acme --stack local --evidence acme.jsonl"


def restore_test(  # noqa: PLR0917 - options of a command
    tenant: _Tenant = None,
    all_due: _AllDue = False,  # noqa: FBT002 - an option of a command
    check: _Check = False,  # noqa: FBT002 - an option of a command
    parallel: _Parallel = 1,
    stack: options.Stack = None,
    inventory: options.Inventory = None,
    backup: _Backup = None,
    timeout: _Timeout = None,
    storage_class: _StorageClass = None,
    evidence: _Evidence = None,
    context: options.KubectlContext = None,
    dry_run: _DryRun = False,  # noqa: FBT002 - an option of a command
    cwd: options.Cwd = Path(),
    output: _Output = TableOrJson.TABLE,
) -> None:
    """Restore a tenant's backup in a pod of its own; check it.

    The pod runs a database server of its own; the server that the tenant uses is not touched. With --all-due
    it tests all backups that are due by what the bucket has of earlier tests.
    """
    from cli.actions.change.restore_test import Request, run_restore_test  # noqa: PLC0415

    request = Request(
        tenant=tenant,
        stack=stack,
        inventory=inventory,
        backup=backup,
        timeout=timeout,
        storage_class=storage_class,
        evidence=evidence,
        context=context,
        dry_run=dry_run,
        cwd=cwd,
        as_json=output is TableOrJson.JSON,
        all_due=all_due,
        check=check,
        parallel=parallel,
    )
    if all_due:
        from cli.actions.change.due_restore_tests import run_all_due  # noqa: PLC0415

        guarded(lambda: run_all_due(request, datetime.now(UTC)))
    else:
        guarded(lambda: run_restore_test(request, datetime.now(UTC)))

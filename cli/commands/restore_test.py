"""The command `costack restore-test` and its options; what it does waits in `cli.actions.restore_test`."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.commands import shared_options as options
from cli.console.exit_codes import guarded

_Inventory = Annotated[Path | None, typer.Option(help="A file with an inventory, instead of a stack.")]
_Backup = Annotated[
    str | None,
    typer.Option(help="When it was taken, such as 2026-11-24T01:15:00Z; the newest when left out."),
]
_Timeout = Annotated[str, typer.Option(help="How long it may take, such as 60m or 2h.")]
_StorageClass = Annotated[
    str | None, typer.Option(help="Restore into a volume of this class, not onto the node's disk.")
]
_Evidence = Annotated[Path | None, typer.Option(help="Append the result to this file of JSON lines.")]
_Context = Annotated[str | None, typer.Option(help="Of kubectl; the current one when left out.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the Job and make nothing.")]


class Shown(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"


RESTORE_TEST_EXAMPLE: Final = "Example: costack restore-test acme --stack local --evidence acme.jsonl"


def restore_test(  # noqa: PLR0917 - options of a command
    tenant: Annotated[str, typer.Argument(help="Whose backup.")],
    stack: options.Stack = None,
    inventory: _Inventory = None,
    backup: _Backup = None,
    timeout: _Timeout = "60m",
    storage_class: _StorageClass = None,
    evidence: _Evidence = None,
    context: _Context = None,
    dry_run: _DryRun = False,  # noqa: FBT002 - an option of a command
    cwd: options.Cwd = Path(),
    output: Annotated[Shown, typer.Option("--output", "-o", help="How to print.")] = Shown.TABLE,
) -> None:
    """Restore a backup into a server of its own, in a pod, and check it; nobody's server is touched."""
    from cli.actions.restore_test import Asked, run_restore_test  # noqa: PLC0415

    asked = Asked(
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
        as_json=output is Shown.JSON,
    )
    guarded(lambda: run_restore_test(asked, datetime.now(UTC)))

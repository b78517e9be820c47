"""`costack expire` and its options."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded
from cli.console.help import renamed
from cli.console.shared_options import Rows, Webhook

_Stacks = Annotated[
    list[str] | None,
    typer.Option("--stack", "-s", metavar="NAME", help="Read the inventory of this stack. May be repeated."),
]
_Inventories = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Read the inventory from this file. May be repeated."),
]
_Portfolios = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FOLDER",
        help="Read this folder with platform.yaml and tenants/*.yaml. May be repeated. Default without "
        "--stack and --inventory: every portfolio under portfolios/.",
    ),
]
_AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Judge as of this day, 00:00 UTC. Default: now."
    ),
]
_Grace = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="DAYS",
        help="Also list migration sandboxes this many days after their cutover. Default: only those past "
        "their end date.",
    ),
]
_PrintCommands = Annotated[
    bool,
    typer.Option("--print-commands", help="Print the commands that would end them; run none of them."),
]
_FailWhenDue = Annotated[
    bool, typer.Option("--fail-when-due", help="End with exit code 5 when an environment is past its end.")
]
_PlanAll = Annotated[
    bool,
    typer.Option(
        "--plan-all",
        help="Write a decommission plan, and Markdown for a pull request, for each environment of --stack "
        "that is due.",
    ),
]
_Warn = Annotated[
    bool,
    typer.Option(
        "--warn",
        help="Write warnings of ends that come, 14, 3 and 1 days before, each once, as Markdown and JSON.",
    ),
]
_Out = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Write plans or warnings into this folder.")
]
_Ledger = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Note given warnings in this file. Default: warned.jsonl in --out."),
]
_Webhook = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="COSTACK_WEBHOOK",
        show_envvar=True,
        help="Post warnings to this incoming webhook. It is a secret: better set the variable.",
    ),
]
_Format = Annotated[Webhook, typer.Option("--webhook-format", help="What the webhook takes.")]
_Output = Annotated[Rows, typer.Option("--output", "-o", help="Print in this form.")]


@dataclass(frozen=True)
class Files:
    """The options of what is written into a folder; each field is the option of its name."""

    plan_all: bool
    warn: bool
    out: Path | None
    ledger: Path | None
    webhook: str | None
    webhook_format: str

    def write(self, stacks: tuple[str, ...], cwd: Path, now: datetime, grace_days: int | None) -> None:
        """Write plans or warnings."""
        from cli.actions.decommission import plan_all, warn  # noqa: PLC0415
        from tiers.errors import CatalogError  # noqa: PLC0415

        if self.plan_all is self.warn or self.out is None or not stacks:
            raise CatalogError("give either --plan-all or --warn, with --out FOLDER and --stack NAME")
        if self.plan_all:
            plan_all.plan_all(stacks, cwd, self.out, now, grace_days)
        else:
            warn.warn_of_ends(
                warn.Request(
                    stacks, cwd, self.out, self.ledger, self.webhook, self.webhook_format, now, grace_days
                )
            )


EXPIRE_EXAMPLE: Final = "Example: costack expire --stack production --grace-days 14 --fail-when-due"


@renamed({"--apply": "--print-commands", "--on": "--as-of"})
def expire(  # noqa: PLR0917 - options of a command
    stack: _Stacks = None,
    inventory: _Inventories = None,
    portfolio: _Portfolios = None,
    as_of: _AsOf = None,
    grace_days: _Grace = None,
    print_commands: _PrintCommands = False,  # noqa: FBT002 - an option of a command
    fail_when_due: _FailWhenDue = False,  # noqa: FBT002 - an option of a command
    plan_all: _PlanAll = False,  # noqa: FBT002 - an option of a command
    warn: _Warn = False,  # noqa: FBT002 - an option of a command
    out: _Out = None,
    ledger: _Ledger = None,
    webhook: _Webhook = None,
    webhook_format: _Format = Webhook.SLACK,
    cwd: options.Cwd = Path(),
    output: _Output = Rows.TABLE,
) -> None:
    """List environments past their end date.

    Each is listed with what it still costs a month. This command deletes nothing.
    """
    from cli.actions.decommission.expire import Request, print_due  # noqa: PLC0415

    now = as_of.replace(tzinfo=UTC) if as_of else datetime.now(UTC)
    if plan_all or warn:
        files = Files(plan_all, warn, out, ledger, webhook, str(webhook_format))
        guarded(lambda: files.write(tuple(stack or ()), cwd, now, grace_days))
        return
    request = Request(
        stacks=tuple(stack or ()),
        inventories=tuple(inventory or ()),
        portfolios=tuple(portfolio or ()),
        now=now,
        grace_days=grace_days,
        print_commands=print_commands,
        fail_when_due=fail_when_due,
        cwd=cwd,
        output=str(output),
    )
    guarded(lambda: print_due(request))

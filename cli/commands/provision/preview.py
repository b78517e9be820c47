"""`costack preview` and its options."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded
from cli.console.help import renamed


class PreviewOutput(StrEnum):
    """How a preview is printed."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    GITHUB_COMMENT = "github-comment"
    INFRACOST_JSON = "infracost-json"


class AtHpa(StrEnum):
    """How many of the pods that an autoscaler may add are assumed to run."""

    MIN = "min"
    EXPECTED = "expected"
    MAX = "max"


_Stack = Annotated[
    str | None,
    typer.Option("--stack", "-s", metavar="NAME", help="Compare with what this stack deployed."),
]
_Inventory = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Compare with the inventory in this file.")
]
_Base = Annotated[
    str | None,
    typer.Option(
        metavar="REVISION",
        help="Compare with the merge base of HEAD and this git revision, never with a folder of that name.",
    ),
]
_BaseTip = Annotated[
    str | None,
    typer.Option(metavar="REVISION", help="Compare with this git revision itself, not with the merge base."),
]
_BaseFolder = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Compare with another portfolio's folder."),
]
_Plan = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Read before and after from the output of `pulumi preview --json --show-sames`."
    ),
]
_Portfolio = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder with platform.yaml and tenants/*.yaml, as changed. Default: the stack's, or the only "
        "one under portfolios/.",
    ),
]
_Tenant = Annotated[str | None, typer.Option(metavar="TENANT", help="Suppose a change of this tenant.")]
_Tier = Annotated[
    str | None, typer.Option(metavar="TIER", help="With --tenant: suppose that it is on this tier.")
]
_Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="OPTION=VALUE",
        help="With --tenant: suppose this option, such as users=80; users= removes it. Without: suppose this "
        "setting of platform.yaml, such as database.database_class=m. May be repeated.",
    ),
]
_Move = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FROM=TO",
        help="Suppose that all tenants of a tier are on another; all=TO for every tier. May be repeated.",
    ),
]
_More = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NUMBER:TIER",
        help="Suppose more tenants, such as 10:shared-namespace. May be repeated.",
    ),
]
_AddCapacity = Annotated[
    bool, typer.Option("--add-capacity", help="Add nodes and storage until every tenant fits.")
]
_Prices = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Use the price files in this folder for the costs after."),
]
_Rulebook = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Use the rulebooks in this folder for the costs after.")
]
_Usage = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Use the known quantities in this YAML file instead of assumptions."),
]
_AtHpa = Annotated[
    AtHpa,
    typer.Option("--at-hpa", help="Assume the least, the expected or the most pods that autoscalers run."),
]
_AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        metavar="YYYY-MM-DD",
        help="Apply the end-of-support fees of this day. Default: the last day of the month.",
    ),
]
_BreakEven = Annotated[
    bool,
    typer.Option("--break-even", help="Show from how many users and GiB on the other tier costs less."),
]
_FailOver = Annotated[
    list[str] | None,
    typer.Option(
        metavar="LIMIT",
        help="Fail when the bill rises by more than this a month: 50/mo or 10%. May be repeated.",
    ),
]
_MarginFloor = Annotated[
    str | None,
    typer.Option(
        metavar="PERCENT",
        help="Fail when the margin of a changed tenant or a neighbour falls below this part of its fee, "
        "such as 30%.",
    ),
]
_FailOn = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WORDS",
        help="Fail when the change does this: restart (anything stops or starts anew), downtime (people "
        "cannot work for a time), major (a new major version), data (data is left behind, deleted or less "
        "protected); several separated by commas.",
    ),
]
_Gone = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TENANT",
        help="Let this tenant be gone; else a tenant that no file has any more fails. May be repeated.",
    ),
]
_Accept = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WORDS",
        help="Let what measures the change be another; else each fails: prices, unpriced (a line without a "
        "known price), fees, usage (that the catalog expects), rules, budgets, gates (limits of readiness, "
        "or a pipeline that runs previews); several separated by commas.",
    ),
]
_Approvals = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Fail when an approval is missing that a rule of platform.yaml asks for; this JSON file has "
        "those given: author, commit, approvals (by, commit).",
    ),
]
_ExpectNoChanges = Annotated[bool, typer.Option("--expect-no-changes", help="Fail when anything changes.")]
_Output = Annotated[PreviewOutput, typer.Option("--output", "-o", help="Print in this form.")]
_Out = Annotated[Path | None, typer.Option(metavar="FILE", help="Write to this file instead of the screen.")]

PREVIEW_EXAMPLE: Final = (
    "Example: costack preview --portfolio portfolios/local --tenant cobalt --tier ha-postgresql\n\n"
    "In a pull request: costack preview --base origin/main -o github-comment --fail-over 10%"
)


@renamed({"--with-room": "--add-capacity", "--out-file": "--out"})
def preview(  # noqa: PLR0917 - options of a command
    stack: _Stack = None,
    inventory: _Inventory = None,
    base: _Base = None,
    base_tip: _BaseTip = None,
    base_folder: _BaseFolder = None,
    plan: _Plan = None,
    portfolio: _Portfolio = None,
    tenant: _Tenant = None,
    tier: _Tier = None,
    settings: _Set = None,
    move: _Move = None,
    more: _More = None,
    add_capacity: _AddCapacity = False,  # noqa: FBT002 - an option of a command
    prices: _Prices = None,
    rulebook: _Rulebook = None,
    usage: _Usage = None,
    at_hpa: _AtHpa = AtHpa.MIN,
    as_of: _AsOf = None,
    period: options.Period = None,
    break_even: _BreakEven = False,  # noqa: FBT002 - an option of a command
    fail_over: _FailOver = None,
    margin_floor: _MarginFloor = None,
    fail_on: _FailOn = None,
    gone: _Gone = None,
    accept: _Accept = None,
    approvals: _Approvals = None,
    expect_no_changes: _ExpectNoChanges = False,  # noqa: FBT002 - an option of a command
    cwd: options.Cwd = Path(),
    output: _Output = PreviewOutput.TABLE,
    out: _Out = None,
) -> None:
    """Show what a change costs and does, before it is approved.

    Shows the bill, the tenant's cost and margin, what its neighbours pay, and what restarts, stops or loses
    data. Nothing is deployed.
    """
    from allocation.runs.before_and_after import Where  # noqa: PLC0415
    from cli.actions.provision.preview import Basis, Change, Limits, Request, print_preview  # noqa: PLC0415

    where = Where(stack, inventory, base, plan, portfolio, cwd, base_tip, base_folder)
    change = Change(tenant, tier, *_all(settings, move, more), add_capacity)
    basis = Basis(prices, rulebook, usage, str(at_hpa), *_days(as_of, period))
    limits = Limits(_one(fail_over), margin_floor, expect_no_changes, *_all(fail_on, gone, accept), approvals)
    guarded(lambda: print_preview(Request(where, change, basis, limits, break_even, str(output), out)))


def _one(given: list[str] | None) -> tuple[str, ...]:
    return tuple(given or ())


def _days(as_of: datetime | None, period: str | None) -> tuple[date | None, str]:
    return as_of.date() if as_of else None, period or f"{datetime.now(UTC):%Y-%m}"


def _all(*given: list[str] | None) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    first, second, third = map(_one, given)
    return first, second, third

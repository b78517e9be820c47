"""`costack preview` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.commands import shared_options as options
from cli.console.exit_codes import guarded


class PreviewOutput(StrEnum):
    """How a preview is printed."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    GITHUB_COMMENT = "github-comment"
    INFRACOST_JSON = "infracost-json"


class AtHpa(StrEnum):
    """How far pods that load scales out are taken to be scaled."""

    MIN = "min"
    EXPECTED = "expected"
    MAX = "max"


Stack = Annotated[
    str | None,
    typer.Option("--stack", "-s", help="Compare with what this stack deployed.", show_default=False),
]
Inventory = Annotated[Path | None, typer.Option(help="Compare with the inventory in this file.")]
Base = Annotated[
    str | None, typer.Option(help="Compare with this git revision, or another portfolio's folder.")
]
Plan = Annotated[Path | None, typer.Option(help="Read both sides from `pulumi preview --json --show-sames`.")]
Portfolio = Annotated[
    Path | None, typer.Option(help="Folder with platform.yaml and tenants/*.yaml, as it would be.")
]
Tenant = Annotated[str | None, typer.Option(help="What if this tenant ...")]
Tier = Annotated[str | None, typer.Option(help="... were on this tier")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="... with this option, as users=80; users= takes it out. Repeat."),
]
Move = Annotated[
    list[str] | None,
    typer.Option(help="What if all tenants on a tier were on another: FROM=TO, all=TO. Repeat."),
]
More = Annotated[
    list[str] | None, typer.Option(help="What if there were more tenants: 10:shared-namespace. Repeat.")
]
Room = Annotated[bool, typer.Option("--with-room", help="Add nodes and storage until everything fits.")]
Prices = Annotated[Path | None, typer.Option(help="Folder of price files for the side after.")]
Rulebook = Annotated[Path | None, typer.Option(help="Folder of rulebooks for the side after.")]
Usage = Annotated[Path | None, typer.Option(help="YAML with quantities that are known better than assumed.")]
Hpa = Annotated[AtHpa, typer.Option("--at-hpa", help="How far scaled pods are out.")]
AsOf = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Day of the support calendars; the month's last when left out."),
]
BreakEven = Annotated[
    bool, typer.Option("--break-even", help="Say from how many users and GiB the other tier is better.")
]
FailOver = Annotated[
    list[str] | None, typer.Option(help="Fail when the bill rises by more: 50/mo or 10%. Repeat.")
]
MarginFloor = Annotated[
    str | None, typer.Option(help="Fail when a changed tenant's or neighbour's margin falls below: 30%.")
]
ExpectNoChanges = Annotated[bool, typer.Option("--expect-no-changes", help="Fail when anything differs.")]
OutFile = Annotated[Path | None, typer.Option(help="Write to this file instead of the screen.")]
Output = Annotated[PreviewOutput, typer.Option("--output", "-o", help="How to print.")]


PREVIEW_EXAMPLE: Final = (
    "Example: costack preview --tenant cobalt --tier ha-postgresql\n\n"
    "In a pull request: costack preview --base origin/main -o github-comment --fail-over 10%"
)


def preview(  # noqa: PLR0917 - options of a command
    stack: Stack = None,
    inventory: Inventory = None,
    base: Base = None,
    plan: Plan = None,
    portfolio: Portfolio = None,
    tenant: Tenant = None,
    tier: Tier = None,
    settings: Set = None,
    move: Move = None,
    more: More = None,
    with_room: Room = False,  # noqa: FBT002 - an option of a command
    prices: Prices = None,
    rulebook: Rulebook = None,
    usage: Usage = None,
    at_hpa: Hpa = AtHpa.MIN,
    as_of: AsOf = None,
    period: options.Period = None,
    break_even: BreakEven = False,  # noqa: FBT002 - an option of a command
    fail_over: FailOver = None,
    margin_floor: MarginFloor = None,
    expect_no_changes: ExpectNoChanges = False,  # noqa: FBT002 - an option of a command
    cwd: options.Cwd = Path(),
    output: Output = PreviewOutput.TABLE,
    out_file: OutFile = None,
) -> None:
    """Say what a change costs, its neighbours and the margin, before anyone approves it."""
    given = dict(locals())
    from cli.actions.preview import Asked, print_preview  # noqa: PLC0415

    asked = Asked.of(given, datetime.now(UTC))
    guarded(lambda: print_preview(asked))

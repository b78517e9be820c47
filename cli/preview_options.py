"""The options of `costack preview`, each with its help."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


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

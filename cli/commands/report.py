"""The options of `costack report`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.commands import shared_options as options
from cli.console.exit_codes import guarded

_Out = Annotated[Path, typer.Option(help="Folder to write; an earlier report there is replaced.")]
_Inventory = Annotated[Path | None, typer.Option(help="A file with an inventory, instead.")]
_Run = Annotated[
    Path | None, typer.Option(help="Folder of `costack allocate --bill ... --out`; an estimate without.")
]
_History = Annotated[
    Path | None,
    typer.Option(help="Folder with a folder a month, such as 2026-09: filed months, runs or reports."),
]
_Evidence = Annotated[list[Path] | None, typer.Option(help="What `costack restore-test` wrote. Repeat.")]
_SignOff = Annotated[Path | None, typer.Option(help="The signed file of a review.")]
_Portfolio = Annotated[
    Path | None, typer.Option(help="Folder with platform.yaml and tenants, for what else there is.")
]
_Previews = Annotated[
    int, typer.Option(min=0, help="How many other tiers are priced by a preview; fees are told of all.")
]


REPORT_EXAMPLE: Final = "Example: costack report --stack local --history reports --out reports/2026-11"


def report(  # noqa: PLR0917 - options of a command
    out: _Out,
    stack: options.Stack = None,
    inventory: _Inventory = None,
    run: _Run = None,
    period: options.Period = None,
    history: _History = None,
    usage: options.Usage = None,
    evidence: _Evidence = None,
    sign_off: _SignOff = None,
    portfolio: _Portfolio = None,
    previews: _Previews = 8,
    cwd: options.Cwd = Path(),
) -> None:
    """Write the pages of a month: for engineering, finance, each client's account, and the review."""
    from allocation.runs.report import Wanted  # noqa: PLC0415
    from cli.actions.report import write_pages  # noqa: PLC0415

    wanted = Wanted(
        stack,
        inventory,
        run,
        period or f"{datetime.now(UTC):%Y-%m}",
        history,
        tuple(usage or ()),
        tuple(evidence or ()),
        sign_off,
        portfolio,
        previews,
        out,
        cwd,
    )
    guarded(lambda: write_pages(wanted))

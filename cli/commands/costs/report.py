"""`costack report` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded

_Out = Annotated[
    Path,
    typer.Option(metavar="FOLDER", help="Write the pages to this folder; replaces an earlier report there."),
]
_Run = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Report the run that `costack allocate --bill ... --out` wrote here. Default: an estimate.",
    ),
]
_History = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Compare with earlier months: a folder of months such as 2026-09, filed, run or reported.",
    ),
]
_Evidence = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Show the restore tests that `costack restore-test --evidence` wrote here. May be repeated.",
    ),
]
_Metrics = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Judge servers and caches by this export of CloudWatch (see `costack usage cloudwatch`). May be "
        "repeated.",
    ),
]
_Offers = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Say what commitments would have saved, by these offers: the JSON of `aws rds "
        "describe-reserved-db-instances-offerings` and the like. May be repeated.",
    ),
]
_SignOff = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Show the decisions of this signed review. Default: reviews/PERIOD.sign-off.yaml beside "
        "platform.yaml, if it is there.",
    ),
]
_Open = Annotated[bool, typer.Option("--open", help="Open the first page in the browser of this machine.")]
_Portfolio = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Offer other tiers from this folder with platform.yaml and tenants/*.yaml. Default: the "
        "stack's, under portfolios/.",
    ),
]
_Previews = Annotated[
    int,
    typer.Option(
        min=0,
        metavar="NUMBER",
        help="Price so many other tiers by a preview; of the rest only fees are shown.",
    ),
]

REPORT_EXAMPLE: Final = "Example: costack report --stack local --history reports --out reports/2026-11"


def report(  # noqa: PLR0917 - options of a command
    out: _Out,
    stack: options.Stack = None,
    inventory: options.Inventory = None,
    run: _Run = None,
    period: options.Period = None,
    history: _History = None,
    usage: options.Usage = None,
    metrics: _Metrics = None,
    offers: _Offers = None,
    evidence: _Evidence = None,
    sign_off: _SignOff = None,
    portfolio: _Portfolio = None,
    previews: _Previews = 8,
    open_page: _Open = False,  # noqa: FBT002 - an option of a command
    cwd: options.Cwd = Path(),
) -> None:
    """Write a month's pages for engineering, finance, clients.

    Also writes the page of the quarterly review. Each page is one file, without scripts; a client's page
    shows no other client.
    """
    from allocation.runs.report import Request  # noqa: PLC0415
    from cli.actions.costs.report import write_pages  # noqa: PLC0415

    request = Request(
        stack=stack,
        inventory=inventory,
        run=run,
        period=period or f"{datetime.now(UTC):%Y-%m}",
        history=history,
        usage=tuple(usage or ()),
        evidence=tuple(evidence or ()),
        sign_off=sign_off,
        portfolio=portfolio,
        previews=previews,
        out=out,
        cwd=cwd,
        today=datetime.now(UTC).date(),
        metrics=tuple(metrics or ()),
        offers=tuple(offers or ()),
    )
    guarded(lambda: write_pages(request, open_page=open_page))

"""`costack validate` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded

_Portfolio = Annotated[
    Path | None,
    typer.Argument(
        metavar="PORTFOLIO",
        help="Folder with platform.yaml and tenants/*.yaml. Default: every folder under portfolios/.",
    ),
]

VALIDATE_EXAMPLE: Final = "Example: costack validate portfolios/local"


def validate(portfolio: _Portfolio = None, cwd: options.Cwd = Path()) -> None:
    """Check the catalog and portfolios, without Pulumi and cloud."""
    from cli.actions.provision.validate import Request, validate_portfolios  # noqa: PLC0415

    request = Request(portfolio=portfolio, cwd=cwd)
    guarded(lambda: validate_portfolios(request))

"""`costack validate` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
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

_AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        metavar="YYYY-MM-DD",
        help="Warn of versions of Odoo and PostgreSQL whose support ends within 180 days of this day. "
        "Default: today, UTC.",
    ),
]

VALIDATE_EXAMPLE: Final = "Example: costack validate portfolios/local"


def validate(portfolio: _Portfolio = None, as_of: _AsOf = None, cwd: options.Cwd = Path()) -> None:
    """Check catalog and portfolios, without Pulumi and cloud."""
    from cli.actions.provision.validate import Request, validate_portfolios  # noqa: PLC0415

    today = (as_of or datetime.now(UTC)).date()
    request = Request(portfolio=portfolio, today=today, cwd=cwd)
    guarded(lambda: validate_portfolios(request))

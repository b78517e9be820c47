"""`costack validate` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console.exit_codes import guarded
from tiers.portfolio.folders import PORTFOLIOS

VALIDATE_EXAMPLE: Final = "Example: costack validate portfolios/local"


def validate(
    portfolio: Annotated[
        Path | None, typer.Argument(help="Folder with platform.yaml and tenants/*.yaml; all when left out.")
    ] = None,
) -> None:
    """Check the catalog and a portfolio: no engine, no cloud."""
    from cli.actions.validate import validate_portfolios  # noqa: PLC0415

    guarded(lambda: validate_portfolios(portfolio, PORTFOLIOS))

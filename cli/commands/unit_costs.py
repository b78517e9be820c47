"""`costack unit-costs` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.commands import shared_options as options
from cli.commands.shared_options import Output
from cli.console.exit_codes import guarded

UNIT_COSTS_EXAMPLE: Final = (
    "Example: costack unit-costs --portfolio portfolios/local --tier shared-namespace --more 0,10,100"
)


def unit_costs(
    portfolio: Annotated[Path, typer.Option(help="Folder with platform.yaml and tenants/*.yaml.")],
    tier: Annotated[str, typer.Option(help="Which tier more tenants join.")],
    more: Annotated[str, typer.Option(help="How many join, separated by commas.")] = "0,1,5,10,20,50,100",
    period: options.Period = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json.")] = Output.TABLE,
) -> None:
    """Say what a tenant costs when there are more of them; nodes and storage grow as they are needed."""
    from cli.actions.unit_costs import print_unit_costs  # noqa: PLC0415

    month = period or f"{datetime.now(UTC):%Y-%m}"
    guarded(lambda: print_unit_costs(portfolio, tier, more, month, as_json=output is Output.JSON))

"""`costack unit-costs` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded
from cli.console.shared_options import Rows

_Portfolio = Annotated[
    Path, typer.Option(metavar="FOLDER", help="Folder with platform.yaml and tenants/*.yaml.")
]
_Tier = Annotated[
    str | None,
    typer.Option(
        metavar="TIER",
        help="Let more tenants join this tier; left out: what each service model costs, earns and promises.",
    ),
]
_More = Annotated[
    str,
    typer.Option(metavar="NUMBERS", help="Add so many tenants; several numbers with commas between them."),
]
_Output = Annotated[Rows, typer.Option("--output", "-o", help="Print in this form.")]

UNIT_COSTS_EXAMPLE: Final = (
    "Example: costack unit-costs --portfolio portfolios/local --tier shared-namespace --more 0,10,100"
)


def unit_costs(
    portfolio: _Portfolio,
    tier: _Tier = None,
    more: _More = "0,1,5,10,20,50,100",
    period: options.Period = None,
    output: _Output = Rows.TABLE,
) -> None:
    """Show what one tenant costs as more of them join a tier, or what each service model costs.

    Nodes and storage are added as the tenants need them.
    """
    from cli.actions.provision.unit_costs import Request, print_unit_costs  # noqa: PLC0415

    request = Request(
        portfolio=portfolio,
        tier=tier,
        more=more,
        period=period or f"{datetime.now(UTC):%Y-%m}",
        output=str(output),
    )
    guarded(lambda: print_unit_costs(request))

"""`costack import` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console.exit_codes import guarded

_Csv = Annotated[
    Path,
    typer.Option(
        "--csv", metavar="FILE", help="List of existing resources: columns tenant, type, id and tags."
    ),
]
_Plan = Annotated[
    Path,
    typer.Option(
        metavar="FILE", help="Output of `pulumi preview --json` for the portfolio with these tenants."
    ),
]
_Out = Annotated[Path, typer.Option(metavar="FILE", help="Write the file for `pulumi import --file` here.")]

IMPORT_EXAMPLE: Final = "Example: costack import --csv estate.csv --plan preview.json --out import.json"


def import_(estate: _Csv, plan: _Plan, out: _Out = Path("import.json")) -> None:
    """Take over resources that exist already.

    Matches them with what the portfolio declares, lists the cost tags they lack, and writes the file that
    `pulumi import` reads.
    """
    from cli.actions.provision.import_estate import Request, import_estate  # noqa: PLC0415

    request = Request(estate=estate, plan=plan, out=out)
    guarded(lambda: import_estate(request))

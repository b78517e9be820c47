"""`costack import` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console.exit_codes import guarded

IMPORT_EXAMPLE: Final = "Example: costack import --csv estate.csv --plan preview.json"


def import_(
    estate: Annotated[Path, typer.Option("--csv", help="What there is: columns tenant, type, id, tags.")],
    plan: Annotated[Path, typer.Option(help="`pulumi preview --json` of the portfolio with these tenants.")],
    out: Annotated[Path, typer.Option(help="The file to write, for `pulumi import --file`.")] = Path(
        "import.json"
    ),
) -> None:
    """Take over what was built before: name it, say which cost tags it lacks, write the import file."""
    from cli.actions.import_estate import import_estate  # noqa: PLC0415

    guarded(lambda: import_estate(estate, plan, out))

"""`costack explain` and `costack sql`, and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.commands.shared_options import Output
from cli.console.exit_codes import guarded

EXPLAIN_EXAMPLE: Final = "Example: costack explain acme --run runs/2026-11 --charge line-17"


def explain(
    tenant: Annotated[str, typer.Argument(help="Whose cost.")],
    run: Annotated[Path, typer.Option(help="Folder that `costack allocate --out` wrote.")],
    charge: Annotated[str | None, typer.Option(help="A line of the bill: its id, or its number.")] = None,
    origin: Annotated[int | None, typer.Option(help="A sum of shared charges, by its number.")] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json.")] = Output.TABLE,
) -> None:
    """Say why a number is what it is: charge, rule, driver quantity, remainder."""
    from cli.actions.explain import print_explanation  # noqa: PLC0415

    guarded(lambda: print_explanation(tenant, run, charge, origin, as_json=output is Output.JSON))


SQL_EXAMPLE: Final = "Example: costack sql --dialect athena"


def sql(
    dialect: Annotated[
        str, typer.Option(help="duckdb, spark, athena, trino, bigquery or snowflake.")
    ] = "duckdb",
) -> None:
    """Print the division as SQL, to run where the bills are."""
    from cli.actions.explain import print_sql  # noqa: PLC0415

    guarded(lambda: print_sql(dialect))

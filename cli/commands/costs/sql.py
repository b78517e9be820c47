"""`costack sql` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded

_Dialect = Annotated[
    str,
    typer.Option(metavar="ENGINE", help="Write for duckdb, spark, athena, trino, bigquery or snowflake."),
]
_Bill = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Write the whole script for this bill: a Parquet file, a folder or s3://BUCKET/PREFIX. "
        "The columns of one file are looked at. Without a bill the division alone is written.",
    ),
]
_Inventories = Annotated[
    list[str] | None,
    typer.Option("--inventory", metavar="FILE", help="An inventory of the month. May be repeated."),
]
_Location = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Where the engine finds the bill, if it is not --bill.",
    ),
]
_Answer = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help="Where the engine writes its answer, which `allocate --read-back` reads."
    ),
]

SQL_EXAMPLE: Final = (
    "Example: costack sql --dialect athena\n\n"
    "The whole script: costack sql --dialect athena --bill s3://bills/exports/costs "
    "--inventory inventory.json --period 2026-11 --answer s3://bills/answers/2026-11"
)


def sql(  # noqa: PLR0917 - options of a command
    dialect: _Dialect = "duckdb",
    bill: _Bill = None,
    inventory: _Inventories = None,
    period: options.Period = None,
    location: _Location = None,
    answer: _Answer = None,
    rulebook: options.Rulebook = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Print the allocation as SQL, to run where the bills are."""
    from cli.actions.costs.sql import Script, print_sql  # noqa: PLC0415

    script = Script(bill, tuple(inventory or ()), period, location, answer, rulebook, cwd)
    guarded(lambda: print_sql(dialect, script))

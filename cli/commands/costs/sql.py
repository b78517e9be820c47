"""`costack sql` and its options."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from cli.console.exit_codes import guarded

_Dialect = Annotated[
    str,
    typer.Option(metavar="ENGINE", help="Write for duckdb, spark, athena, trino, bigquery or snowflake."),
]

SQL_EXAMPLE: Final = "Example: costack sql --dialect athena"


def sql(dialect: _Dialect = "duckdb") -> None:
    """Print the allocation as SQL, to run where the bills are."""
    from cli.actions.costs.sql import print_sql  # noqa: PLC0415

    guarded(lambda: print_sql(dialect))

"""`costack usage`: what tenants used, fetched from the servers that measured it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.console.exit_codes import guarded

usage_app = typer.Typer(no_args_is_help=True, help="Fetch what tenants used from where it was measured.")
_Url = Annotated[str, typer.Option(help="Of the server, http or https.")]
_Month = Annotated[str, typer.Option(help="Month as YYYY-MM, in UTC; it must be over.")]
_Out = Annotated[Path, typer.Option(help="The CSV to write, for `costack allocate --usage`.")]
_TokenVariable = Annotated[
    str | None, typer.Option("--token-env", help="Name of the environment variable with a bearer token.")
]
_Unlabelled = Annotated[
    str | None, typer.Option(help="Who uses what carries no tenant's label, such as platform.")
]


@usage_app.command(
    epilog="Example: costack usage prometheus --url http://127.0.0.1:9090 --period 2026-10 --out usage.csv"
)
def prometheus(  # noqa: PLR0917 - options of a command
    url: _Url,
    period: _Month,
    out: _Out,
    driver: Annotated[list[str] | None, typer.Option(help="All it measures when left out. Repeat.")] = None,
    token_env: _TokenVariable = None,
    unlabelled: _Unlabelled = None,
) -> None:
    """Core-hours, GiB-hours, requests and seconds of every tenant and day, from Prometheus."""
    from cli.actions.usage import Measured, fetch_prometheus  # noqa: PLC0415

    wanted = Measured(url, period, out, token_env, unlabelled, tuple(driver or ()))
    guarded(lambda: fetch_prometheus(wanted, os.environ, datetime.now(UTC)))


@usage_app.command(
    epilog="Example: costack usage opencost --url http://127.0.0.1:9003 --period 2026-10 --out usage.csv"
)
def opencost(
    url: _Url,
    period: _Month,
    out: _Out,
    token_env: _TokenVariable = None,
    unlabelled: _Unlabelled = None,
) -> None:
    """Core-hours and GiB-hours of every tenant and day, from OpenCost; never its prices."""
    from cli.actions.usage import Measured, fetch_opencost  # noqa: PLC0415

    wanted = Measured(url, period, out, token_env, unlabelled)
    guarded(lambda: fetch_opencost(wanted, os.environ, datetime.now(UTC)))

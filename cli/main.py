"""Commands of `costack`. Heavy imports wait until a command runs, so that `--help` is quick."""

from __future__ import annotations

import gc
import os
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli import options, preview_options
from cli.expiring import expire
from cli.guarding import guarded
from cli.move import move as move_tenant
from cli.portfolios import PORTFOLIOS
from cli.prices import prices_app
from cli.recover import recover
from cli.reporting import report
from cli.restore import restore_test

app = typer.Typer(
    name="costack",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Odoo for many clients, and who pays for what.",
)


class Output(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


@app.callback()
def _root() -> None:
    """Odoo for many clients, and who pays for what."""


@app.command(epilog="Example: costack validate portfolios/local")
def validate(
    portfolio: Annotated[
        Path | None, typer.Argument(help="Folder with platform.yaml and tenants/*.yaml; all when left out.")
    ] = None,
) -> None:
    """Check the catalog and a portfolio: no engine, no cloud."""
    from cli.validation import validate_portfolios  # noqa: PLC0415

    guarded(lambda: validate_portfolios(portfolio, PORTFOLIOS))


@app.command(
    epilog="Example: costack allocate --stack local --period 2026-11\n\n"
    "Of a bill: costack allocate --bill bill.parquet --usage usage.csv --inventory inventory.json "
    "--period 2026-11 --out runs/2026-11 --focus 1.3"
)
def allocate(  # noqa: PLR0917 - options of a command
    stack: options.Stack = None,
    inventory: options.Inventories = None,
    period: options.Period = None,
    bill: options.Bills = None,
    usage: options.Usage = None,
    out: options.Out = None,
    focus: options.Focus = None,
    focus_csv: options.FocusCsv = False,  # noqa: FBT002 - an option of a command
    history: options.History = None,
    close: options.Close = False,  # noqa: FBT002 - an option of a command
    restate: options.Restate = None,
    rulebook: options.Rulebook = None,
    ended: options.Ended = None,
    cwd: options.Cwd = Path(),
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print.")] = Output.TABLE,
) -> None:
    """Divide a bill, or what a stack is estimated to cost, among its tenants, to the last unit."""
    from cli.allocation import Request, print_allocation  # noqa: PLC0415

    now = datetime.now(UTC)
    request = Request(
        stack=stack,
        inventories=tuple(inventory or ()),
        period=period or f"{now:%Y-%m}",
        bills=tuple(bill or ()),
        usage=tuple(usage or ()),
        out=out,
        focus=tuple(focus or ()),
        focus_csv=focus_csv,
        history=history,
        close=close,
        restate=restate,
        rulebook=rulebook,
        ended=tuple(ended or ()),
        cwd=cwd,
        output=str(output),
    )
    guarded(lambda: print_allocation(request, now))


@app.command(
    epilog="Example: costack preview --tenant cobalt --tier ha-postgresql\n\n"
    "In a pull request: costack preview --base origin/main -o github-comment --fail-over 10%"
)
def preview(  # noqa: PLR0917 - options of a command
    stack: preview_options.Stack = None,
    inventory: preview_options.Inventory = None,
    base: preview_options.Base = None,
    plan: preview_options.Plan = None,
    portfolio: preview_options.Portfolio = None,
    tenant: preview_options.Tenant = None,
    tier: preview_options.Tier = None,
    settings: preview_options.Set = None,
    move: preview_options.Move = None,
    more: preview_options.More = None,
    with_room: preview_options.Room = False,  # noqa: FBT002 - an option of a command
    prices: preview_options.Prices = None,
    rulebook: preview_options.Rulebook = None,
    usage: preview_options.Usage = None,
    at_hpa: preview_options.Hpa = preview_options.AtHpa.MIN,
    as_of: preview_options.AsOf = None,
    period: options.Period = None,
    break_even: preview_options.BreakEven = False,  # noqa: FBT002 - an option of a command
    fail_over: preview_options.FailOver = None,
    margin_floor: preview_options.MarginFloor = None,
    expect_no_changes: preview_options.ExpectNoChanges = False,  # noqa: FBT002 - an option of a command
    cwd: options.Cwd = Path(),
    output: preview_options.Output = preview_options.PreviewOutput.TABLE,
    out_file: preview_options.OutFile = None,
) -> None:
    """Say what a change costs, its neighbours and the margin, before anyone approves it."""
    given = dict(locals())
    from cli.preview import Asked, print_preview  # noqa: PLC0415

    asked = Asked.of(given, datetime.now(UTC))
    guarded(lambda: print_preview(asked))


@app.command(
    epilog="Example: costack decommission borealis-migration --stack local\n\n"
    "Then: costack decommission --apply decommission-....json --phrase 'decommission ...'"
)
def decommission(  # noqa: PLR0917 - options of a command
    tenant: Annotated[
        str | None, typer.Argument(help="Who ends; the plan says it when one is applied.")
    ] = None,
    stack: Annotated[str, typer.Option("--stack", "-s", help="Stack in which it is deployed.")] = "local",
    portfolio: Annotated[Path | None, typer.Option(help="Folder with the tenant's file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write the plan.")] = None,
    early: Annotated[str | None, typer.Option(help="Why a sandbox ends before its day.")] = None,
    apply: Annotated[Path | None, typer.Option(help="The plan to act on.")] = None,
    phrase: Annotated[str | None, typer.Option(help="What the plan says must be typed.")] = None,
    record: Annotated[
        Path | None, typer.Option(help="File of evidence; beside the plan when left out.")
    ] = None,
    restore_evidence: Annotated[
        Path | None, typer.Option(help="What `costack restore-test` wrote, where the promise takes it.")
    ] = None,
    cwd: options.Cwd = Path(),
) -> None:
    """End a tenant: plan what goes and what stays, then do exactly that and prove that nothing else bills."""
    from cli import decommission as ending  # noqa: PLC0415

    wanted = ending.Wanted(tenant, stack, cwd, portfolio, out, early, apply, phrase, record, restore_evidence)
    guarded(lambda: ending.decommission(wanted, lambda: datetime.now(UTC)))


@app.command("import", epilog="Example: costack import --csv estate.csv --plan preview.json")
def import_(
    estate: Annotated[Path, typer.Option("--csv", help="What there is: columns tenant, type, id, tags.")],
    plan: Annotated[Path, typer.Option(help="`pulumi preview --json` of the portfolio with these tenants.")],
    out: Annotated[Path, typer.Option(help="The file to write, for `pulumi import --file`.")] = Path(
        "import.json"
    ),
) -> None:
    """Take over what was built before: name it, say which cost tags it lacks, write the import file."""
    from cli.takeover import import_estate  # noqa: PLC0415

    guarded(lambda: import_estate(estate, plan, out))


@app.command(
    "unit-costs",
    epilog="Example: costack unit-costs --portfolio portfolios/local --tier shared-namespace --more 0,10,100",
)
def unit_costs(
    portfolio: Annotated[Path, typer.Option(help="Folder with platform.yaml and tenants/*.yaml.")],
    tier: Annotated[str, typer.Option(help="Which tier more tenants join.")],
    more: Annotated[str, typer.Option(help="How many join, separated by commas.")] = "0,1,5,10,20,50,100",
    period: options.Period = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json.")] = Output.TABLE,
) -> None:
    """Say what a tenant costs when there are more of them; nodes and storage grow as they are needed."""
    from cli.unit_costs import print_unit_costs  # noqa: PLC0415

    month = period or f"{datetime.now(UTC):%Y-%m}"
    guarded(lambda: print_unit_costs(portfolio, tier, more, month, as_json=output is Output.JSON))


@app.command(epilog="Example: costack explain acme --run runs/2026-11 --charge line-17")
def explain(
    tenant: Annotated[str, typer.Argument(help="Whose cost.")],
    run: Annotated[Path, typer.Option(help="Folder that `costack allocate --out` wrote.")],
    charge: Annotated[str | None, typer.Option(help="A line of the bill: its id, or its number.")] = None,
    origin: Annotated[int | None, typer.Option(help="A sum of shared charges, by its number.")] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="table or json.")] = Output.TABLE,
) -> None:
    """Say why a number is what it is: charge, rule, driver quantity, remainder."""
    from cli.explanation import print_explanation  # noqa: PLC0415

    guarded(lambda: print_explanation(tenant, run, charge, origin, as_json=output is Output.JSON))


@app.command(epilog="Example: costack sql --dialect athena")
def sql(
    dialect: Annotated[
        str, typer.Option(help="duckdb, spark, athena, trino, bigquery or snowflake.")
    ] = "duckdb",
) -> None:
    """Print the division as SQL, to run where the bills are."""
    from cli.explanation import print_sql  # noqa: PLC0415

    guarded(lambda: print_sql(dialect))


app.command(epilog="Example: costack expire --stack production --grace-days 14 --fail-when-due")(expire)
app.command(
    "restore-test",
    epilog="Example: costack restore-test acme --stack local --evidence acme.jsonl",
)(restore_test)
app.command(epilog="Example: costack recover --stack local")(recover)
app.command(epilog="Example: costack report --stack local --history reports --out reports/2026-11")(report)
app.command(
    "move",
    epilog="Example: costack move acme --to dedicated-db\n\nThen pulumi up, and: costack move acme --next",
)(move_tenant)

usage_app = typer.Typer(no_args_is_help=True, help="Fetch what tenants used from where it was measured.")
app.add_typer(usage_app, name="usage")
app.add_typer(prices_app, name="prices")
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
    from cli.measuring import Measured, fetch_prometheus  # noqa: PLC0415

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
    from cli.measuring import Measured, fetch_opencost  # noqa: PLC0415

    wanted = Measured(url, period, out, token_env, unlabelled)
    guarded(lambda: fetch_opencost(wanted, os.environ, datetime.now(UTC)))


def main() -> None:
    """The console script."""
    # What a command makes lives until it ends: collecting every 700 objects took a fifth of its time.
    gc.set_threshold(100_000, 50, 1000)
    app()

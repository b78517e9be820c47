"""Commands of `costack`. Heavy imports wait until a command runs, so that `--help` is quick."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.exits import Exit

app = typer.Typer(
    name="costack",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Odoo for many clients, and who pays for what.",
)
_PORTFOLIOS: Final = Path("portfolios")


class Output(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"


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

    _guarded(lambda: validate_portfolios(portfolio, _PORTFOLIOS))


@app.command(epilog="Example: costack allocate --stack local --period 2026-11")
def allocate(
    stack: Annotated[str | None, typer.Option("--stack", "-s", help="Stack whose inventory to read.")] = None,
    inventory: Annotated[
        Path | None, typer.Option(help="A file with an inventory instead of a stack.")
    ] = None,
    period: Annotated[
        str | None, typer.Option(help="Month as YYYY-MM, in UTC; the current one when left out.")
    ] = None,
    cwd: Annotated[Path, typer.Option("--cwd", "-C", help="Folder of the Pulumi project.")] = Path(),
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print.")] = Output.TABLE,
) -> None:
    """Divide what a stack costs among its tenants: direct, pooled, idle, unallocated, fee and margin."""
    from cli.allocation import print_statement  # noqa: PLC0415

    month = period or f"{datetime.now(UTC):%Y-%m}"
    _guarded(lambda: print_statement(stack, inventory, month, cwd, as_json=output is Output.JSON))


def _guarded(command: Callable[[], None]) -> None:
    """Run a command; what goes wrong in a way its user can mend is said in sentences."""
    from allocation.adapters.stack_outputs import StackNotFoundError  # noqa: PLC0415
    from allocation.errors import AllocationError  # noqa: PLC0415
    from tiers.errors import CatalogError  # noqa: PLC0415

    try:
        command()
    except StackNotFoundError as error:
        _end(error, Exit.NO_SUCH_STACK)
    except CatalogError as error:
        _end(error, Exit.CONFIGURATION)
    except AllocationError as error:
        _end(error, Exit.ERROR)
    except KeyboardInterrupt:
        _end("cancelled", Exit.CANCELLED)
    except BrokenPipeError:
        # Whoever read our output has seen enough. What is still buffered goes nowhere, or the interpreter
        # would fail on it while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(Exit.OK) from None


def _end(message: object, code: Exit) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(code)


def main() -> None:
    """The console script."""
    app()

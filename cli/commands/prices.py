"""`costack prices`: what the price book holds, how sure it is, and how it is brought up to date."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.console.exit_codes import guarded

prices_app = typer.Typer(no_args_is_help=True, help="Look into the price book, and bring it up to date.")
_Directory = Annotated[
    Path | None, typer.Option(help="Folder of price files instead of the ones that come with costack.")
]
_Region = Annotated[str, typer.Option(help="Region of the provider, such as eu-west-1.")]


class _Form(StrEnum):
    """How a price is printed."""

    TABLE = "table"
    JSON = "json"


@prices_app.command(epilog="Example: costack prices lint")
def lint(directory: _Directory = None) -> None:
    """Check every price file; list what is doubtful, and which classes of the catalog have no price."""
    from cli.actions.prices import lint_prices  # noqa: PLC0415

    guarded(lambda: lint_prices(directory, datetime.now(UTC).date()))


@prices_app.command(epilog="Example: costack prices explain AmazonRDS db.t4g.small --region us-east-1")
def explain(
    service: Annotated[str, typer.Argument(help="As the price book names it, such as AmazonRDS.")],
    item: Annotated[str, typer.Argument(help="A part of the item's name, in any case.")],
    region: _Region,
    directory: _Directory = None,
    output: Annotated[_Form, typer.Option("--output", "-o", help="How to print.")] = _Form.TABLE,
) -> None:
    """Say what an item costs, and where that was read."""
    from cli.actions.prices import explain_price  # noqa: PLC0415

    guarded(lambda: explain_price(directory, region, service, item, as_json=output is _Form.JSON))


@prices_app.command(epilog="Example: costack prices update --region eu-west-1 --service AmazonRDS")
def update(  # noqa: PLR0917 - options of a command
    region: _Region,
    service: Annotated[
        list[str] | None, typer.Option(help="Offer of AWS; all when left out. Repeat.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Of another server of offer files than AWS.")] = None,
    file: Annotated[
        list[Path] | None, typer.Option(help="An offer file, CSV or JSON, instead of fetching. Repeat.")
    ] = None,
    directory: _Directory = None,
    out: Annotated[Path | None, typer.Option(help="Write here instead of into the price book.")] = None,
) -> None:
    """Read what AWS publishes, without credentials, and write a region's prices anew."""
    from cli.actions.prices import Update, update_prices  # noqa: PLC0415

    wanted = Update(region, tuple(service or ()), url, tuple(file or ()), directory, out)
    guarded(lambda: update_prices(wanted, show_progress=sys.stderr.isatty()))

"""`costack prices lint`, `explain` and `update`, and their options."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console.exit_codes import guarded
from cli.console.help import Command, renamed
from cli.console.shared_options import TableOrJson

prices_app = typer.Typer(no_args_is_help=True, help="Check, look up and update prices.")
_Prices = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Use the price files in this folder. Default: those of costack."),
]
_Region = Annotated[str, typer.Option(metavar="REGION", help="Region of the provider, such as eu-west-1.")]
_Service = Annotated[
    str, typer.Argument(metavar="SERVICE", help="Service as the price files name it, such as AmazonRDS.")
]
_Item = Annotated[
    str, typer.Argument(metavar="ITEM", help="Any part of the item's name, in upper or lower case.")
]
_Output = Annotated[TableOrJson, typer.Option("--output", "-o", help="Print in this form.")]
_Services = Annotated[
    list[str] | None,
    typer.Option(metavar="OFFER", help="Update from this offer of AWS only. Default: all. May be repeated."),
]
_Url = Annotated[
    str | None, typer.Option(metavar="URL", help="Fetch offer files from this server. Default: AWS.")
]
_Files = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE", help="Read this offer file, CSV or JSON, and fetch nothing. May be repeated."
    ),
]
_Out = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write to this file. Default: the region's price file."),
]
_RENAMED: Final = {"--directory": "--prices"}

LINT_EXAMPLE: Final = "Example: costack prices lint"
EXPLAIN_EXAMPLE: Final = "Example: costack prices explain AmazonRDS db.t4g.small --region us-east-1"
UPDATE_EXAMPLE: Final = "Example: costack prices update --region eu-west-1 --service AmazonRDS"


@prices_app.command(cls=Command, epilog=LINT_EXAMPLE)
@renamed(_RENAMED)
def lint(prices: _Prices = None) -> None:
    """Check every price file.

    Lists doubtful and old prices, and the classes of the catalog that have no price.
    """
    from cli.actions.costs.prices import LintRequest, lint_prices  # noqa: PLC0415

    guarded(lambda: lint_prices(LintRequest(prices), datetime.now(UTC).date()))


@prices_app.command(cls=Command, epilog=EXPLAIN_EXAMPLE)
@renamed(_RENAMED)
def explain(
    service: _Service,
    item: _Item,
    region: _Region,
    prices: _Prices = None,
    output: _Output = TableOrJson.TABLE,
) -> None:
    """Show what an item costs, and where the price was read."""
    from cli.actions.costs.prices import ExplainRequest, explain_price  # noqa: PLC0415

    request = ExplainRequest(region, service, item, prices, as_json=output is TableOrJson.JSON)
    guarded(lambda: explain_price(request))


@prices_app.command(cls=Command, epilog=UPDATE_EXAMPLE)
@renamed(_RENAMED)
def update(  # noqa: PLR0917 - options of a command
    region: _Region,
    service: _Services = None,
    url: _Url = None,
    file: _Files = None,
    prices: _Prices = None,
    out: _Out = None,
) -> None:
    """Update a region's prices from the offer files that AWS publishes.

    No credentials are needed.
    """
    from cli.actions.costs.prices import UpdateRequest, update_prices  # noqa: PLC0415

    request = UpdateRequest(region, tuple(service or ()), url, tuple(file or ()), prices, out)
    guarded(lambda: update_prices(request, show_progress=sys.stderr.isatty()))

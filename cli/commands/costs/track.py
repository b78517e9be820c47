"""`costack track` and its options."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded
from cli.console.shared_options import Statement, Webhook

if TYPE_CHECKING:
    from cli.actions.costs.track import Request

_Bills = Annotated[
    list[str],
    typer.Option(
        "--bill-so-far",
        metavar="FILE",
        help="The bill of the month that runs, as `costack allocate --bill` takes it. May be repeated.",
    ),
]
_Inventories = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE",
        help="Read the inventory from this file instead of a stack; YYYY-MM-DD=FILE for one in force from "
        "that day. May be repeated.",
    ),
]
_Through = Annotated[
    str | None,
    typer.Option(
        metavar="YYYY-MM-DD",
        help="The last day whose charges are all on the bill. Default: what the bill looks like.",
    ),
]
_History = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Forecast by the months in this folder, such as 2026-09: filed by `costack allocate --close`, "
        "or runs of it.",
    ),
]
_Parts = Annotated[
    bool, typer.Option("--parts", help="Add up bills that have lines about the same: parts of one bill.")
]
_Labour = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Charge the hours in this CSV file (tenant, day, hours, kind)."),
]
_Least = Annotated[
    str,
    typer.Option(
        "--anomaly-over",
        metavar="AMOUNT",
        help="By how much a day must differ from what is usual to be an anomaly, in the portfolio's "
        "currency.",
    ),
]
_Out = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Keep the allocation of the month so far, for costack explain."),
]
_Metrics = Annotated[
    Path | None,
    typer.Option("--openmetrics", metavar="FILE", help="Also write the figures as OpenMetrics text."),
]
_WebhookJson = Annotated[
    Path | None,
    typer.Option(
        "--webhook-json",
        metavar="FILE",
        help="Also write a message for an incoming webhook; it is not sent.",
    ),
]
_Shape = Annotated[
    Webhook, typer.Option("--webhook-format", help="Whose webhook --webhook-json is written for.")
]
_Mail = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Also write subject and text of an e-mail; it is not sent."),
]
_Page = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Also write a page with the forecast as a band; it needs no server."),
]
_Output = Annotated[Statement, typer.Option("--output", "-o", help="Print in this form.")]

TRACK_EXAMPLE: Final = (
    "Example: costack track --stack local --bill-so-far bill.parquet --usage usage.csv --history filed\n\n"
    "With messages for a chat and Prometheus: costack track --inventory inventory.json "
    "--bill-so-far s3://bills/exports/costs --history filed --webhook-json slack.json "
    "--openmetrics costs.prom --page month.html"
)
_PLURALS: Final = {"inventory": "inventories", "bill_so_far": "bills"}
_REPEATED: Final = ("inventories", "bills", "usage")


def track(  # noqa: PLR0917 - options of a command
    bill_so_far: _Bills,
    stack: options.Stack = None,
    inventory: _Inventories = None,
    period: options.Period = None,
    through: _Through = None,
    usage: options.Usage = None,
    history: _History = None,
    portfolio: options.Portfolio = None,
    parts: _Parts = False,  # noqa: FBT002 - an option of a command
    labour: _Labour = None,
    rates: options.Rates = None,
    rulebook: options.Rulebook = None,
    anomaly_over: _Least = "1.00",
    out: _Out = None,
    openmetrics: _Metrics = None,
    webhook_json: _WebhookJson = None,
    webhook_format: _Shape = Webhook.SLACK,
    mail: _Mail = None,
    page: _Page = None,
    cwd: options.Cwd = Path(),
    output: _Output = Statement.TABLE,
) -> None:
    """Track a running month: forecast, budgets, anomalies.

    The bill so far is allocated like that of a closed month. Where a threshold of a budget is exceeded, by
    what is spent or by the forecast, the exit code is 5.
    """
    given, now = dict(locals()), datetime.now(UTC)
    from cli.actions.costs.track import print_tracked  # noqa: PLC0415

    guarded(lambda: print_tracked(_request(given, now), now))


def _request(given: Mapping[str, Any], now: datetime) -> Request:
    """What the options ask for: each is the field of its name, and one that may be repeated has a plural."""
    from cli.actions.costs.track import Request  # noqa: PLC0415

    fields = {_PLURALS.get(name, name): value for name, value in given.items()}
    repeated = {name: tuple(fields[name] or ()) for name in _REPEATED}
    texts = {name: str(given[name]) for name in ("webhook_format", "output")}
    return Request(**{**fields, **repeated, **texts, "period": given["period"] or f"{now:%Y-%m}"})

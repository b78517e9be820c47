"""`costack track`: the month that runs, its forecast, its budgets and its anomalies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from allocation.adapters.pulumi.stack_outputs import inventory_of_file
from allocation.errors import GateError
from allocation.money import units_of
from allocation.report.showback.rendering import as_html
from allocation.report.track.document import document
from allocation.report.track.messages import mail, webhook
from allocation.report.track.openmetrics import as_openmetrics
from allocation.report.track.page import page
from allocation.report.track.rows import anomaly_table, as_csv, as_markdown, tracked_table
from allocation.report.track.story import crossed_sentence, headline, sentences
from allocation.report.webhook import Shape
from allocation.track.month_to_date import Tracked
from cli.console.deployed import dated_inventory, files_of_plan
from cli.console.files_together import write_together
from cli.console.output import echo, echo_as
from cli.console.preview_values import amount, month_of
from cli.console.progress import MESSAGES
from cli.console.table import print_table
from tiers.errors import CatalogError
from tiers.inventory import Inventory
from tiers.portfolio.budgets.section import BudgetsSpec
from tiers.portfolio.folders import portfolio_folder


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    stack: str | None
    inventories: tuple[str, ...]
    period: str
    bills: tuple[str, ...]
    through: str | None
    usage: tuple[Path, ...]
    history: Path | None
    portfolio: Path | None
    parts: bool
    labour: Path | None
    rates: Path | None
    rulebook: Path | None
    anomaly_over: str
    out: Path | None
    openmetrics: Path | None
    webhook_json: Path | None
    webhook_format: str
    mail: Path | None
    page: Path | None
    cwd: Path
    output: str


def print_tracked(request: Request, now: datetime) -> None:
    """Print the month so far, and write the files that are asked for.

    Raises:
        CatalogError: When what is asked for cannot be read or written.
        AllocationError: When it cannot be allocated, or the bill does not say how far it reaches.
        GateError: When a threshold of a budget is exceeded; everything is printed and written before.
    """
    from allocation.runs.request import Request as BillRequest  # noqa: PLC0415 - no option waits for it
    from allocation.runs.track import Request as TrackRequest  # noqa: PLC0415
    from allocation.runs.track import track_bill  # noqa: PLC0415

    period = month_of(request.period)
    inventories = list(_inventories(request))
    bill = BillRequest(
        bills=request.bills,
        usage=request.usage,
        inventories=(),
        period=period,
        out=request.out,
        rulebook=request.rulebook,
        parts=request.parts,
        labour=request.labour,
        rates=request.rates,
        cwd=request.cwd,
    )
    asked = TrackRequest(
        bill=bill,
        inventories=inventories,
        through=_day(request.through),
        history=request.history,
        budgets=_budgets(request, inventories[-1][1]),
        least=units_of(amount("--anomaly-over", request.anomaly_over)),
    )
    tracked = track_bill(asked, now, MESSAGES)
    _write(request, tracked)
    _print(tracked, request.output)
    if tracked.crossed:
        first, more = tracked.crossed[0], len(tracked.crossed) - 1
        others = f", and {more} more" if more else ""
        raise GateError(f"{crossed_sentence(first, tracked.currency)}{others}")


def _inventories(request: Request) -> Iterator[tuple[date | None, Inventory]]:
    if (request.stack is None) == (not request.inventories):
        raise CatalogError("name what was deployed: either --stack NAME or --inventory FILE")
    if request.stack is not None:
        yield None, dated_inventory(request.stack, request.cwd)
        return
    for text in sorted(request.inventories, key=_since):
        day, equals, path = text.partition("=")
        yield (
            (_day(day, "--inventory") if equals else None),
            inventory_of_file(Path(path if equals else text)),
        )


def _since(text: str) -> str:
    day, equals, _ = text.partition("=")
    return day if equals else ""


def _day(text: str | None, option: str = "--through") -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise CatalogError(f"{option} '{text}': expected a day such as 2026-11-10") from None


def _budgets(request: Request, inventory: Inventory) -> BudgetsSpec | None:
    """The budgets of the portfolio's file; None where it is not there."""
    portfolio = files_of_plan(inventory.plan, request.portfolio, request.cwd)
    if portfolio is None:
        return None
    platform = portfolio.platform
    if platform.currency != inventory.plan.currency:
        folder = portfolio_folder(request.portfolio, request.cwd, inventory.plan.portfolio)
        raise CatalogError(
            f"{folder / 'platform.yaml'}: its currency is {platform.currency}, deployed is "
            f"{inventory.plan.currency}: budgets cannot be compared"
        )
    return platform.budgets


def _write(request: Request, tracked: Tracked) -> None:
    """Write the files that are asked for, each completely: all of them, or none."""
    shape = Shape(request.webhook_format)
    message = json.dumps(webhook(tracked, shape), indent=2, ensure_ascii=False) + "\n"
    asked = (
        (request.openmetrics, as_openmetrics(tracked)),
        (request.webhook_json, message),
        (request.mail, mail(tracked)),
        (request.page, as_html(page(tracked))),
    )
    write_together({path: text for path, text in asked if path is not None})


def _print(tracked: Tracked, output: str) -> None:
    texts = {
        "json": lambda: json.dumps(document(tracked), indent=2),
        "csv": lambda: as_csv(tracked),
        "markdown": lambda: as_markdown(tracked),
    }
    if echo_as(output, texts):
        return
    print_table(tracked_table(tracked))
    if unlike := anomaly_table(tracked):
        print_table(unlike)
    for line in _closing(tracked):
        echo(line)


def _closing(tracked: Tracked) -> Sequence[str]:
    return [headline(tracked), *sentences(tracked)]

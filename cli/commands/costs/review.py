"""`costack review show`, `signal` and `decision`, and their options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded
from cli.console.help import Command
from cli.console.shared_options import TableOrJson
from tiers.portfolio.reviews.states import DecisionState, SignalState

review_app = typer.Typer(no_args_is_help=True, help="Follow signals and decisions from review to review.")
_Report = Annotated[
    Path, typer.Option(metavar="FOLDER", help="Read the report that `costack report --out` wrote here.")
]
_By = Annotated[str, typer.Option(metavar="WHO", help="Who says so.")]
_On = Annotated[
    str | None,
    typer.Option(metavar="YYYY-MM-DD", help="The day it was said or done. Default: today, in UTC."),
]
_Reason = Annotated[str | None, typer.Option(metavar="TEXT", help="Why.")]
_Signal = Annotated[str, typer.Argument(metavar="NAME", help="The signal's id, such as acme/fair-use-users.")]
_SignalState = Annotated[SignalState, typer.Option("--state", help="What the signal is from now on.")]
_Until = Annotated[
    str | None,
    typer.Option(metavar="YYYY-MM-DD", help="Of an acknowledged signal: it is open again from this day on."),
]
_Decision = Annotated[
    str, typer.Argument(metavar="NAME", help="The decision's id, such as 2026-q4-acme-database.")
]
_DecisionState = Annotated[DecisionState, typer.Option("--state", help="What the decision is from now on.")]
_What = Annotated[str | None, typer.Option(metavar="TEXT", help="What is to be done.")]
_Owner = Annotated[str | None, typer.Option(metavar="WHO", help="Who sees to it.")]
_Due = Annotated[
    str | None, typer.Option(metavar="YYYY-MM-DD", help="It is overdue from the day after this one.")
]
_Answers = Annotated[str | None, typer.Option("--signal", metavar="ID", help="The signal that it answers.")]
_Tenant = Annotated[
    str | None, typer.Option(metavar="TENANT", help="Measure the saving in the cost of this tenant.")
]
_Pool = Annotated[
    str | None, typer.Option(metavar="POOL", help="Measure the saving in the cost of this pool.")
]
_Saving = Annotated[
    str | None,
    typer.Option(metavar="AMOUNT", help="What it should save a month, in the currency of the bill."),
]

SHOW_EXAMPLE: Final = "Example: costack review show --report reports/2026-11"
SIGNAL_EXAMPLE: Final = (
    "Example: costack review signal acme/fair-use-users --state acknowledged --until 2027-01-31 "
    '--report reports/2026-11 --by dana --reason "the client decides in January"\n'
    "Example: costack review signal acme/noisy-neighbour --state dismissed "
    '--report reports/2026-11 --by dana --reason "its fee covers it"'
)
DECISION_EXAMPLE: Final = (
    "Example: costack review decision 2026-q4-acme-database --state decided "
    '--what "move acme to a smaller database class" --owner ola --due 2027-01-31 --tenant acme '
    "--saving-per-month 40.00 --by dana\n"
    "Example: costack review decision 2026-q4-acme-database --state done --on 2027-01-20 --by ola"
)


@review_app.command(cls=Command, epilog=SHOW_EXAMPLE)
def show(
    report: _Report,
    output: Annotated[TableOrJson, typer.Option("--output", "-o", help="Print in this form.")] = (
        TableOrJson.TABLE
    ),
) -> None:
    """List a report's signals and decisions, and what became of each."""
    from cli.actions.costs.review import ShowRequest, show_review  # noqa: PLC0415

    guarded(lambda: show_review(ShowRequest(report, as_json=output is TableOrJson.JSON)))


@review_app.command(cls=Command, epilog=SIGNAL_EXAMPLE)
def signal(  # noqa: PLR0917 - options of a command
    name: _Signal,
    state: _SignalState,
    report: _Report,
    by: _By,
    until: _Until = None,
    reason: _Reason = None,
    on: _On = None,
    portfolio: options.Portfolio = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Acknowledge, dismiss, solve or reopen a signal.

    It adds an entry to reviews/signals.yaml in the portfolio's folder and keeps everything else of it; commit
    the file, so that others review it. The next report shows it.
    """
    from cli.actions.costs.review import SignalRequest, write_signal  # noqa: PLC0415

    fields = {
        "signal": name,
        "state": state,
        "on": on or _today(),
        "by": by,
        "until": until,
        "reason": reason,
    }
    guarded(lambda: write_signal(SignalRequest(report, portfolio, cwd, fields)))


@review_app.command(cls=Command, epilog=DECISION_EXAMPLE)
def decision(  # noqa: PLR0917 - options of a command
    name: _Decision,
    state: _DecisionState,
    by: _By,
    what: _What = None,
    owner: _Owner = None,
    due: _Due = None,
    answers: _Answers = None,
    tenant: _Tenant = None,
    pool: _Pool = None,
    saving_per_month: _Saving = None,
    reason: _Reason = None,
    on: _On = None,
    portfolio: options.Portfolio = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Write down a decision of a review, or what became of it.

    It adds an entry to reviews/decisions.yaml in the portfolio's folder and keeps everything else of it;
    commit the file, so that others review it. The next report shows it.
    """
    from cli.actions.costs.review import DecisionRequest, write_decision  # noqa: PLC0415

    fields = {
        "decision": name,
        "state": state,
        "on": on or _today(),
        "by": by,
        "what": what,
        "owner": owner,
        "due": due,
        "signal": answers,
        "tenant": tenant,
        "pool": pool,
        "saving_per_month": saving_per_month,
        "reason": reason,
    }
    guarded(lambda: write_decision(DecisionRequest(portfolio, cwd, fields)))


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"

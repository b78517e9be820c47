"""`costack drift` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded


class Form(StrEnum):
    """How drift is printed."""

    TABLE = "table"
    JSON = "json"
    OPENMETRICS = "openmetrics"
    HTML = "html"


_Stack = Annotated[
    str, typer.Option("--stack", "-s", metavar="NAME", help="Compare this stack with its account.")
]
_RefreshEvents = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Read what `pulumi refresh --preview-only --json` printed from this file. Default: run it.",
    ),
]
_SkipAccount = Annotated[
    bool,
    typer.Option("--skip-account", help="Do not search the account for what the stack does not have."),
]
_Output = Annotated[Form, typer.Option("--output", "-o", help="Print in this form.")]

DRIFT_EXAMPLE: Final = "Example: costack drift --stack production"


def drift(  # noqa: PLR0917 - options of a command
    stack: _Stack,
    refresh_events: _RefreshEvents = None,
    skip_account: _SkipAccount = False,  # noqa: FBT002 - an option of a command
    portfolio: options.Portfolio = None,
    cwd: options.Cwd = Path(),
    output: _Output = Form.TABLE,
) -> None:
    """Say what differs between a stack and its account.

    Names whose each difference is and what it does, what nobody owns, and from which version of Costack each
    tenant was last deployed. Ends with exit code 5 when a rule under `drift` in platform.yaml is broken.
    Changes nothing.
    """
    from cli.actions.change.drift import Request, print_drift  # noqa: PLC0415

    request = Request(
        stack=stack,
        refresh_events=refresh_events,
        skip_account=skip_account,
        portfolio=portfolio,
        today=datetime.now(UTC).date(),
        cwd=cwd,
        output=str(output),
    )
    guarded(lambda: print_drift(request))

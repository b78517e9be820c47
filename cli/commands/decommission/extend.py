"""`costack extend` and its options."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.console import shared_options as options
from cli.console.exit_codes import guarded

_Tenant = Annotated[str, typer.Argument(metavar="TENANT", help="Extend this migration environment.")]
_Until = Annotated[
    datetime,
    typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The new end: this day, 00:00 UTC."),
]
_Reason = Annotated[
    str, typer.Option(metavar="TEXT", help="Why it is needed for longer, in 10 characters or more.")
]
_By = Annotated[str, typer.Option(metavar="WHO", help="Who approved it.")]

EXTEND_EXAMPLE: Final = (
    "Example: costack extend borealis-migration --until 2027-03-31 "
    '--reason "the auditor asked for one more trial load" --by dana'
)


def extend(  # noqa: PLR0917 - options of a command
    tenant: _Tenant,
    until: _Until,
    reason: _Reason,
    by: _By,
    portfolio: options.Portfolio = None,
    cwd: options.Cwd = Path(),
) -> None:
    """Give a migration environment a later end, with a reason.

    It adds a line to `extended` in the tenant's file and keeps everything else of it. Each extension may be
    as long as the catalog allows a stretch. `pulumi up` deploys it.
    """
    from cli.actions.decommission import extend as action  # noqa: PLC0415

    request = action.Request(
        tenant=tenant,
        until=until.replace(tzinfo=UTC),
        reason=reason,
        by=by,
        portfolio=portfolio,
        cwd=cwd,
    )
    guarded(lambda: action.extend(request))

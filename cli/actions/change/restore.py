"""`costack restore`: takes a tenant's file one step further, when the step before was deployed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cli.console.deployed import deployed_inventory
from cli.console.output import echo
from cli.console.printed_command import printed_command
from lifecycle.adapters.tenant_file import set_fields
from lifecycle.errors import RefusedError
from lifecycle.restore import (
    STEPS,
    Step,
    advance,
    back,
    begin,
    check_deployed,
    check_has_backups,
    left_out,
    whereabouts,
)
from tiers.errors import CatalogError
from tiers.portfolio.folders import file_of, portfolio_folder
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.portfolio.names import id_of
from tiers.portfolio.restore.stage import WAY_BACK
from tiers.portfolio.tenant import Tenant


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    tenant: str
    at: str | None
    next: bool
    back: bool
    stack: str
    portfolio: Path | None
    cwd: Path


def restore_on(request: Request, now: datetime) -> None:
    """Write the step into the tenant's file and print what the next update does; without a step, its stage.

    Raises:
        CatalogError: When something cannot be read or written.
        RefusedError: When the step is not the next one, or the one before was not deployed.
    """
    if sum((request.at is not None, request.next, request.back)) > 1:
        raise CatalogError("name only one of --at, --next and --back")
    plan = deployed_inventory(request.stack, request.cwd).plan
    folder = portfolio_folder(request.portfolio, request.cwd, plan.portfolio)
    _, portfolio = load_catalog_and_portfolio(folder)
    request = replace(request, tenant=id_of(portfolio.tenants, request.tenant))
    tenant = next(each for each in portfolio.tenants if each.tenant == request.tenant)
    deployed = plan.tenant(request.tenant)
    step = _step(request, tenant, now)
    try:
        check_deployed(tenant, deployed, request.stack, going_back=request.back)
    except RefusedError as waiting:
        if step is not None:
            raise
        echo(waiting)  # a question is answered, not refused
        return
    if step is None:
        echo(_whereabouts(tenant))
        return
    if request.at is not None and deployed is not None:
        check_has_backups(deployed)
    path = file_of(folder, request.tenant)
    set_fields(path, {"restore": step.line})
    echo(f"wrote it to {path}; the next `pulumi up` {step.update}")
    if step.restore is not None:
        echo(f"before it: {_command(request, 'preview')}")
        way_back = ", or --back" if step.restore.stage in WAY_BACK else ""
        echo(f"after it: {_command(request, 'restore', request.tenant)} --next{way_back}")
    if request.at is not None and deployed is not None and (sentence := left_out(deployed)):
        echo(sentence)


def _command(request: Request, *words: str) -> str:
    return printed_command(*words, stack=request.stack, portfolio=request.portfolio, cwd=request.cwd)


def _step(request: Request, tenant: Tenant, now: datetime) -> Step | None:
    if request.next:
        return advance(tenant)
    if request.back:
        return back(tenant)
    return None if request.at is None else begin(tenant, _moment(request.at), now)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.microsecond:
        raise CatalogError(
            "--at: expected a time with time zone and whole seconds, such as 2026-11-29T01:15:00Z, found "
            f"'{text}'"
        )
    return moment.astimezone(UTC)


def _whereabouts(tenant: Tenant) -> str:
    if tenant.restore is None:
        return f"{tenant.tenant} is not being restored. Begin with --at TIME"
    words = STEPS[tenant.restore.stage].format(tenant=tenant.tenant, at=tenant.restore.moment)
    sentence = f"{tenant.tenant} is {whereabouts(tenant.restore)}: the last update {words}"
    return f"{sentence}\n--next: {advance(tenant).update}"

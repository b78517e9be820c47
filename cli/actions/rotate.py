"""`costack rotate`: takes a rotation one step further, when the step before was deployed."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

import typer

from allocation.adapters.pulumi.stack_outputs import inventory_of_stack
from lifecycle.adapters.tenant_file import file_of, set_field
from lifecycle.errors import RefusedError
from lifecycle.rotation import STEPS, Step, advance, back, begin, check_deployed, whereabouts
from tiers.errors import CatalogError
from tiers.facts.every_fact import CacheGroup
from tiers.plan.plan import TenantPlan, facts_of
from tiers.portfolio.folders import portfolio_folder
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.portfolio.rotation import NEVER
from tiers.portfolio.tenant import Tenant


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    tenant: str
    begin: bool
    next: bool
    back: bool
    stack: str
    portfolio: Path | None
    cwd: Path


def rotate_on(request: Request) -> None:
    """Write the step into the tenant's file and print what the next update does; without a step, its stage.

    Raises:
        CatalogError: When something cannot be read.
        RefusedError: When the step is not the next one, or the one before was not deployed.
    """
    if sum((request.begin, request.next, request.back)) > 1:
        raise CatalogError("name only one of --begin, --next and --back")
    plan = inventory_of_stack(request.stack, request.cwd).plan
    folder = portfolio_folder(request.portfolio, request.cwd, plan.portfolio)
    _, portfolio = load_catalog_and_portfolio(folder)
    path = file_of(folder, request.tenant)
    tenant = next(each for each in portfolio.tenants if each.tenant == request.tenant)
    deployed = next((each for each in plan.tenants if each.tenant == request.tenant), None)
    step = _step(request, tenant)
    try:
        check_deployed(tenant, deployed, request.stack, going_back=request.back)
    except RefusedError as waiting:
        if step is not None:
            raise
        typer.echo(waiting)  # a question is answered, not refused
        return
    if step is None:
        typer.echo(_whereabouts(tenant))
        return
    set_field(path, "rotation", step.line)
    typer.echo(f"wrote it to {path}; the next `pulumi up` {step.update}")
    if request.begin and deployed is not None:
        typer.echo(_left_out(deployed))
    if step.rotation.stage:
        typer.echo(f"after it: {_command(request)} --next{', or --back' if request.begin else ''}")


def _step(request: Request, tenant: Tenant) -> Step | None:
    if request.begin:
        return begin(tenant)
    if request.next:
        return advance(tenant)
    return back(tenant) if request.back else None


def _left_out(deployed: TenantPlan) -> str:
    """What a rotation of this tenant changes, and what it does not."""
    own = bool(facts_of(deployed.facts, CacheGroup))
    with_it = "database login, Odoo's master password, the administrator's first password"
    if own:
        return f"rotates: {with_it}, token of its session cache"
    shared = "not the token of the session cache, which tenants share (docs/lifecycle.md)"
    return f"rotates: {with_it}; {shared}"


def _command(request: Request) -> str:
    """The same command for the same stack and folders, as a shell reads it."""
    places = {"--portfolio": request.portfolio, "--cwd": None if request.cwd == Path() else request.cwd}
    given = [word for name, value in places.items() if value for word in (name, str(value))]
    return shlex.join(["costack", "rotate", request.tenant, "--stack", request.stack, *given])


def _whereabouts(tenant: Tenant) -> str:
    now = tenant.rotation or NEVER
    if now.stage is None:
        return f"{tenant.tenant} is {whereabouts(now)}. Begin with --begin"
    sentence = f"{tenant.tenant} is {whereabouts(now)}: the last update {STEPS[now.stage]}"
    return f"{sentence.format(tenant=tenant.tenant)}\n--next: {advance(tenant).update}"

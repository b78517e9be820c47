"""`costack move`: takes a tenant's file one step further, when the step before was deployed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer

from allocation.adapters.pulumi.stack_outputs import inventory_of_stack
from lifecycle.adapters.tenant_file import file_of, set_fields
from lifecycle.errors import RefusedError
from lifecycle.move import (
    STEPS,
    Step,
    back,
    begun,
    changed,
    must_be_deployed,
    must_be_possible,
    onward,
    options_of,
)
from tiers.catalog.loading import load_catalog
from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError
from tiers.portfolio.folders import portfolio_folder
from tiers.portfolio.loading import load_portfolio
from tiers.portfolio.move import data_moves, working_side
from tiers.portfolio.tenant import Tenant


@dataclass(frozen=True)
class Asked:
    """What the command line asks for; each field is an option of its name."""

    tenant: str
    to: str | None
    next: bool
    back: bool
    stack: str
    portfolio: Path | None
    dr_region: str | None
    cwd: Path


def move_on(asked: Asked) -> None:
    """Write the step into the tenant's file and say what the next update does; without a step, where it is.

    Raises:
        CatalogError: When something cannot be read, or the tenant cannot be had like that.
        RefusedError: When the step is not the next one, or the one before was not deployed.
    """
    if sum((asked.to is not None, asked.next, asked.back)) > 1:
        raise CatalogError("name one of --to, --next and --back")
    plan = inventory_of_stack(asked.stack, asked.cwd).plan
    folder = portfolio_folder(asked.portfolio, asked.cwd, plan.portfolio)
    catalog = load_catalog()
    portfolio = load_portfolio(folder, catalog)
    path = file_of(folder, asked.tenant)
    tenant = next(each for each in portfolio.tenants if each.tenant == asked.tenant)
    deployed = next((each for each in plan.tenants if each.tenant == asked.tenant), None)
    step = _step(asked, tenant, catalog)
    try:
        must_be_deployed(tenant, deployed, working_side(catalog, tenant).tier, asked.stack)
    except RefusedError as waiting:
        if step is not None:
            raise
        typer.echo(waiting)  # who only asks is told
        return
    if step is None:
        typer.echo(_whereabouts(tenant))
        return
    options = options_of(asked.dr_region, tenant, step, portfolio.platform, catalog)
    must_be_possible(changed(tenant, step, options), portfolio, catalog, path)
    set_fields(path, {**step.lines, **{f"options.{name}": value for name, value in options.items()}})
    typer.echo(f"{path} says it; the next `pulumi up` {step.update}")
    typer.echo(f"before it: costack preview --stack {asked.stack}")
    if step.move:
        typer.echo(f"after it: costack move {asked.tenant} --next, or --back")


def _step(asked: Asked, tenant: Tenant, catalog: Catalog) -> Step | None:
    if asked.next:
        return onward(tenant)
    if asked.back:
        return back(tenant)
    if asked.to is None:
        return None
    step = begun(tenant, asked.to)
    if asked.to in catalog.tiers and not data_moves(catalog, tenant.environment, tenant.tier, asked.to):
        raise RefusedError(
            f"{tenant.tenant}: database and files lie in the same place on {tenant.tier} and on {asked.to}: "
            f"write tier: {asked.to} into its file and run `pulumi up`, no data moves"
        )
    return step


def _whereabouts(tenant: Tenant) -> str:
    if tenant.move is None:
        return f"{tenant.tenant} is at rest on {tenant.tier}; begin a move with --to TIER"
    words = STEPS[tenant.move.stage].format(
        tenant=tenant.tenant, to=tenant.tier, origin=tenant.move.from_tier
    )
    told = f"{tenant.tenant} is at stage {tenant.move.stage}: the last update {words}"
    return f"{told}\n--next: {onward(tenant).update}"

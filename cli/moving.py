"""`costack move`: takes a tenant's file one step further, when the step before was deployed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from allocation.adapters.stack_outputs import inventory_of_stack
from cli.portfolios import portfolio_folder
from lifecycle.errors import RefusedError
from lifecycle.moving import STEPS, Step, back, begun, must_be_deployed, onward
from lifecycle.tenant_file import file_of, set_fields
from tiers.errors import CatalogError
from tiers.hosting import Platform
from tiers.model import Catalog
from tiers.moving import data_moves, working_side
from tiers.portfolio import faults_of_tenant, load_catalog, load_portfolio
from tiers.tenancy import Options, Portfolio, Tenant


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
    options = _options(asked, tenant, step, portfolio.platform, catalog)
    _must_be_possible(_changed(tenant, step, options), portfolio, catalog, path)
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


def _options(
    asked: Asked, tenant: Tenant, step: Step, platform: Platform, catalog: Catalog
) -> dict[str, str | None]:
    """What must stand under `options` for the tiers of a step: where copies lie, as long as there are any."""
    names = {step.tier} | ({step.move.from_tier} if step.move else set())
    offers = [catalog.tiers[name].offers.get(tenant.environment) for name in names if name in catalog.tiers]
    copied = any(offer is not None and offer.region_copies for offer in offers)
    there = tenant.options.dr_region
    if copied and there is None:
        region = asked.dr_region or (platform.dr_regions[0] if len(platform.dr_regions) == 1 else None)
        if region is None:
            known = ", ".join(platform.dr_regions) or "none"
            raise CatalogError(
                f"{step.tier} copies to a second region: name it with --dr-region; there are {known}"
            )
        return {"dr_region": region}
    if there is not None and not copied:
        return {"dr_region": None, **({"warm_standby": None} if tenant.options.warm_standby else {})}
    return {}


def _changed(tenant: Tenant, step: Step, options: Mapping[str, str | None]) -> Tenant:
    """What the file will say; an option that is taken out is what it is without."""
    values = {name: value or Options.model_fields[name].default for name, value in options.items()}
    chosen = tenant.options.model_copy(update=values)
    return tenant.model_copy(update={"tier": step.tier, "move": step.move, "options": chosen})


def _must_be_possible(after: Tenant, portfolio: Portfolio, catalog: Catalog, path: Path) -> None:
    """Nothing is written that the next command would refuse."""
    found = [
        f"{path}: {'.'.join(map(str, where))}: {message}"
        for where, message in faults_of_tenant(after, portfolio.platform, catalog)
    ]
    if found:
        raise CatalogError(*found)


def _whereabouts(tenant: Tenant) -> str:
    if tenant.move is None:
        return f"{tenant.tenant} is at rest on {tenant.tier}; begin a move with --to TIER"
    words = STEPS[tenant.move.stage].format(
        tenant=tenant.tenant, to=tenant.tier, origin=tenant.move.from_tier
    )
    told = f"{tenant.tenant} is at stage {tenant.move.stage}: the last update {words}"
    return f"{told}\n--next: {onward(tenant).update}"

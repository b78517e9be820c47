"""`costack move`: takes a tenant's file one step further, when the step before was deployed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from cli.actions.change.step import Where, tenant_and_file, write_step
from cli.console.deployed import deployed_inventory
from cli.console.output import echo
from lifecycle.errors import RefusedError
from lifecycle.move import (
    STEPS,
    Step,
    advance,
    back,
    begin,
    changed,
    check_deployed,
    check_possible,
    options_of,
)
from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError
from tiers.portfolio.folders import portfolio_folder
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.portfolio.move import data_moves, on_working_tier
from tiers.portfolio.tenant import Tenant


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    tenant: str
    to: str | None
    next: bool
    back: bool
    stack: str
    portfolio: Path | None
    dr_region: str | None
    cwd: Path


def move_on(request: Request) -> None:
    """Write the step into the tenant's file and print what the next update does; without a step, its stage.

    Raises:
        CatalogError: When something cannot be read, or the tenant cannot be had like that.
        RefusedError: When the step is not the next one, or the one before was not deployed.
    """
    if sum((request.to is not None, request.next, request.back)) > 1:
        raise CatalogError("name only one of --to, --next and --back")
    plan = deployed_inventory(request.stack, request.cwd).plan
    folder = portfolio_folder(request.portfolio, request.cwd, plan.portfolio)
    catalog, portfolio = load_catalog_and_portfolio(folder)
    tenant, path = tenant_and_file(folder, portfolio.tenants, request.tenant)
    request = replace(request, tenant=tenant.tenant)
    deployed = plan.tenant(request.tenant)
    step = _step(request, tenant, catalog)
    try:
        check_deployed(tenant, deployed, on_working_tier(catalog, tenant).tier, request.stack)
    except RefusedError as waiting:
        if step is not None:
            raise
        echo(waiting)  # a question is answered, not refused
        return
    if step is None:
        echo(_whereabouts(tenant))
        return
    options = options_of(request.dr_region, tenant, step, portfolio.platform, catalog)
    check_possible(changed(tenant, step, options), portfolio, catalog, path)
    fields = {**step.lines, **{f"options.{name}": value for name, value in options.items()}}
    after = ("move", request.tenant, "or --back") if step.move else ()
    write_step(path, fields, step.update, Where(request.stack, request.portfolio, request.cwd), after)


def _step(request: Request, tenant: Tenant, catalog: Catalog) -> Step | None:
    if request.next:
        return advance(tenant)
    if request.back:
        return back(tenant)
    if request.to is None:
        return None
    if request.to == tenant.tier and tenant.move is None:
        raise RefusedError(f"{tenant.tenant} is on {tenant.tier} already")
    step = begin(tenant, request.to)
    if request.to in catalog.tiers and not data_moves(catalog, tenant.environment, tenant.tier, request.to):
        raise RefusedError(
            f"{tenant.tenant}: database and files stay in the same place on {tenant.tier} and on "
            f"{request.to}: write tier: {request.to} into its file and run `pulumi up`; no data moves"
        )
    return step


def _whereabouts(tenant: Tenant) -> str:
    if tenant.move is None:
        return f"{tenant.tenant} is not moving; it is on {tenant.tier}. Begin a move with --to TIER"
    words = STEPS[tenant.move.stage].format(
        tenant=tenant.tenant, to=tenant.tier, origin=tenant.move.from_tier
    )
    sentence = f"{tenant.tenant} is at stage {tenant.move.stage}: the last update {words}"
    return f"{sentence}\n--next: {advance(tenant).update}"

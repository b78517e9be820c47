"""`costack rename`: gives a tenant or its client another name; what has the id stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cli.console.checked_option import checked
from cli.console.deployed import deployed_inventory
from cli.console.output import echo
from cli.console.printed_command import printed_command
from lifecycle.adapters.tenant_file import set_fields
from lifecycle.errors import RefusedError
from lifecycle.rename import Lines, rename, renamed_by_hand
from tiers.errors import CatalogError
from tiers.plan.plan import Plan
from tiers.portfolio.folders import file_of, portfolio_folder
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.portfolio.names import Named, id_of
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.vocabulary import TagValue, TenantId


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    tenant: str
    name: str
    client: str | None
    stack: str
    portfolio: Path | None
    cwd: Path


def rename_on(request: Request) -> None:
    """Write the names into the tenant's file, name the file after it, and print what the next update does.

    Raises:
        CatalogError: When something cannot be read or written, or another tenant has the name.
        RefusedError: When the tenant is not deployed, or has the name already.
    """
    checked("NAME", TenantId, request.name)
    if request.client is not None:
        checked("--client", TagValue, request.client)
    plan = deployed_inventory(request.stack, request.cwd).plan
    folder = portfolio_folder(request.portfolio, request.cwd, plan.portfolio)
    _, portfolio = load_catalog_and_portfolio(folder)
    tenant, lines = _lines(request, portfolio, plan)
    path = file_of(folder, tenant.tenant)
    target = _target(path, tenant, request.name)
    set_fields(path, lines)
    path.rename(target)
    _print(request, path, target, {"tenant": tenant.tenant, **lines})


def _lines(request: Request, portfolio: Portfolio, plan: Plan) -> tuple[Tenant, Lines]:
    tenant = renamed_by_hand(portfolio, plan, request.tenant, request.name)
    named = request.tenant if tenant else id_of(portfolio.tenants, request.tenant)
    tenant = tenant or next((each for each in portfolio.tenants if each.tenant == named), None)
    if tenant is None:
        there = ", ".join(each.tenant for each in portfolio.tenants) or "none"
        raise CatalogError(f"tenant '{request.tenant}' has no file; there are {there}")
    deployed = plan.tenant(named)
    if deployed is None:
        raise RefusedError(
            f"{named} is not deployed in stack '{request.stack}', so nothing has its name yet: change "
            "`tenant` in its file"
        )
    _refuse_taken(request.name, tenant, portfolio, plan)
    return tenant, rename(tenant, deployed, request.name, request.client)


def _refuse_taken(name: str, tenant: Tenant, portfolio: Portfolio, plan: Plan) -> None:
    known: tuple[Named, ...] = (*portfolio.tenants, *plan.tenants)
    for each in known:
        if each.tenant != tenant.tenant and name in {each.tenant, each.name}:
            raise CatalogError(
                f"'{name}' is already used: tenant '{each.tenant}' has it; choose another name"
            )


def _target(path: Path, tenant: Tenant, name: str) -> Path:
    """Where the file goes: it follows the name where it had the name before."""
    if path.stem not in {tenant.tenant, tenant.name}:
        return path
    target = path.with_name(f"{name}.yaml")
    if target != path and target.exists():
        raise CatalogError(f"{target}: there is such a file already; rename it or choose another name")
    return target


def _print(request: Request, path: Path, target: Path, lines: Lines) -> None:
    was = "" if target == path else f", which was {path.name}"
    echo(f"wrote it to {target}{was}; the names replace nothing in the next `pulumi up`")
    echo(
        f"reports call it {request.name} after that; its id in the cloud, in cost tags, on bills and in "
        f"backups stays {lines['tenant']}, and commands take either"
    )
    if "client" in lines:
        echo(f"the client is {lines['client']} in tags and statements from that update on")
    before = printed_command("preview", stack=request.stack, portfolio=request.portfolio, cwd=request.cwd)
    echo(f"before it: {before}")

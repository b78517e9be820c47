"""`costack rotate`: takes a rotation one step further, when the step before was deployed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from cli.console.deployed import deployed_inventory
from cli.console.output import echo
from cli.console.printed_command import printed_command
from lifecycle.adapters.tenant_file import set_fields
from lifecycle.errors import RefusedError
from lifecycle.rotation import (
    STEPS,
    Step,
    advance,
    advance_token,
    back,
    begin,
    begin_token,
    check_deployed,
    check_token_deployed,
    whereabouts,
)
from tiers.errors import CatalogError
from tiers.facts.every_fact import CacheGroup, CacheSpace, DatabaseInstance
from tiers.plan.plan import Plan, TenantPlan, facts_of
from tiers.portfolio.folders import file_of, portfolio_folder
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.portfolio.names import id_of
from tiers.portfolio.platform import Platform
from tiers.portfolio.rotation import NEVER, TokenRotation
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.vocabulary import PLATFORM, Frozen


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
    """Write the step into the file and print what the next update does; without a step, the stage.

    Raises:
        CatalogError: When something cannot be read or written.
        RefusedError: When the step is not the next one, or the one before was not deployed.
    """
    if sum((request.begin, request.next, request.back)) > 1:
        raise CatalogError("name only one of --begin, --next and --back")
    plan = deployed_inventory(request.stack, request.cwd).plan
    folder = portfolio_folder(request.portfolio, request.cwd, plan.portfolio)
    _, portfolio = load_catalog_and_portfolio(folder)
    if request.tenant == PLATFORM:
        _rotate_platform(request, portfolio.platform, plan, folder / "platform.yaml")
    else:
        request = replace(request, tenant=id_of(portfolio.tenants, request.tenant))
        _rotate_tenant(request, portfolio, plan, file_of(folder, request.tenant))


def _rotate_tenant(request: Request, portfolio: Portfolio, plan: Plan, path: Path) -> None:
    tenant = next(each for each in portfolio.tenants if each.tenant == request.tenant)
    deployed = plan.tenant(request.tenant)
    step = _step(request, tenant)

    def check() -> None:
        check_deployed(tenant, deployed, request.stack, going_back=request.back)

    if not _answered(step, check, lambda: _whereabouts(tenant)) and step is not None:
        _write(request, path, "rotation", step, Tenant)
        if request.begin and deployed is not None:
            echo(_left_out(deployed))


def _rotate_platform(request: Request, platform: Platform, plan: Plan, path: Path) -> None:
    if request.back:
        raise RefusedError("the token opens the shared cache until the rotation ends: there is no --back")
    now = platform.cache.rotation or TokenRotation(number=0)
    step = begin_token(platform, plan) if request.begin else advance_token(platform) if request.next else None

    def check() -> None:
        check_token_deployed(platform, plan, request.stack)

    if not _answered(step, check, lambda: f"the platform is {whereabouts(now)}") and step is not None:
        _write(request, path, "cache.rotation", step, Platform)


def _answered(step: Step | None, check: Callable[[], None], stage: Callable[[], str]) -> bool:
    """Answer a question for the stage; whether it was one, and no step."""
    try:
        check()
    except RefusedError as waiting:
        if step is not None:
            raise
        echo(waiting)  # a question is answered, not refused
        return True
    if step is None:
        echo(stage())
    return step is None


def _write(request: Request, path: Path, field: str, step: Step, model: type[Frozen]) -> None:
    set_fields(path, {field: step.line}, model)
    echo(f"wrote it to {path}; the next `pulumi up` {step.update}")
    if step.rotation.stage:
        back = ", or --back" if request.begin and model is Tenant else ""
        again = printed_command(
            "rotate", request.tenant, stack=request.stack, portfolio=request.portfolio, cwd=request.cwd
        )
        echo(f"after it: {again} --next{back}")


def _step(request: Request, tenant: Tenant) -> Step | None:
    if request.begin:
        return begin(tenant)
    if request.next:
        return advance(tenant)
    return back(tenant) if request.back else None


def _left_out(deployed: TenantPlan) -> str:
    """What a rotation of this tenant changes, and what it does not."""
    with_it = "database login, Odoo's master password, the administrator's first password"
    own = any(server.may_have_replica for server in facts_of(deployed.facts, DatabaseInstance))
    last = "; at its end: master user of its PostgreSQL server" if own else ""
    if facts_of(deployed.facts, CacheGroup):
        return f"rotates: {with_it}, token of its session cache{last}"
    if any(space.user for space in facts_of(deployed.facts, CacheSpace)):
        return f"rotates: {with_it}, password of its user in the shared session cache{last}"
    shared = "not the token of the session cache, which tenants share (costack rotate platform)"
    return f"rotates: {with_it}{last}; {shared}"


def _whereabouts(tenant: Tenant) -> str:
    now = tenant.rotation or NEVER
    if now.stage is None:
        return f"{tenant.tenant} is {whereabouts(now)}. Begin with --begin"
    sentence = f"{tenant.tenant} is {whereabouts(now)}: the last update {STEPS[now.stage]}"
    return f"{sentence.format(tenant=tenant.tenant)}\n--next: {advance(tenant).update}"

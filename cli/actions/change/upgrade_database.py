"""`costack upgrade-database`: a step in a file, once the one before was deployed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from cli.actions.change.step import tenant_and_file
from cli.console.checked_option import checked
from cli.console.deployed import deployed_inventory
from cli.console.output import echo
from cli.console.printed_command import printed_command
from lifecycle.adapters.tenant_file import set_fields
from lifecycle.database_upgrade import (
    Step,
    Target,
    advance,
    back,
    begin,
    check_allowed,
    check_deployed,
    in_words,
    target_of,
)
from lifecycle.errors import RefusedError
from tiers.change.versions.database_upgrade import whereabouts
from tiers.errors import CatalogError
from tiers.facts.database_upgrade import BEFORE, EngineVersion
from tiers.portfolio.folders import portfolio_folder
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import PLATFORM


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    server: str
    to: str | None
    next: bool
    now: bool
    back: bool
    stack: str
    portfolio: Path | None
    cwd: Path


def upgrade_database_on(request: Request) -> None:
    """Write the step into the file and print what the next update does; without a step, the stage.

    Raises:
        CatalogError: When something cannot be read or written.
        RefusedError: When the step is not the next one, or the one before was not deployed.
    """
    if sum((request.to is not None, request.next, request.back)) > 1:
        raise CatalogError("name only one of --to, --next and --back")
    if request.now and not request.next:
        raise CatalogError("--now says how the step to stage upgrade is made: name --next, too")
    if request.to is not None:
        checked("--to", EngineVersion, request.to)
    plan = deployed_inventory(request.stack, request.cwd).plan
    folder = portfolio_folder(request.portfolio, request.cwd, plan.portfolio)
    catalog, portfolio = load_catalog_and_portfolio(folder)
    path = folder / "platform.yaml"
    if request.server != PLATFORM:
        tenant, path = tenant_and_file(folder, portfolio.tenants, request.server)
        request = replace(request, server=tenant.tenant)
    target = target_of(portfolio, plan, request.server)
    step = _step(request, target)
    try:
        check_deployed(target, plan, request.stack, going_back=request.back)
    except RefusedError as waiting:
        if step is not None:
            raise
        echo(waiting)  # a question is answered, not refused
        return
    if step is None:
        echo(_whereabouts(target))
        return
    check_allowed(target, step, portfolio, catalog)
    _write(request, path, step)


def _write(request: Request, path: Path, step: Step) -> None:
    set_fields(path, step.lines, Platform if request.server == PLATFORM else Tenant)
    echo(f"wrote it to {path}; the next `pulumi up` {step.update}")
    if step.upgrade is not None:
        echo(f"before it: {_command(request, 'preview')}")
        way_back = ", or --back" if step.upgrade.stage in BEFORE else ""
        echo(f"after it: {_command(request, 'upgrade-database', request.server)} --next{way_back}")


def _command(request: Request, *words: str) -> str:
    return printed_command(*words, stack=request.stack, portfolio=request.portfolio, cwd=request.cwd)


def _step(request: Request, target: Target) -> Step | None:
    if request.next:
        return advance(target, now=request.now)
    if request.back:
        return back(target)
    return None if request.to is None else begin(target, request.to)


def _whereabouts(target: Target) -> str:
    upgrade = target.upgrade
    if upgrade is None:
        return (
            f"no upgrade of {target.name} goes on; it has PostgreSQL {target.named}. Begin with --to VERSION"
        )
    sentence = (
        f"the upgrade of {target.name} is {whereabouts(upgrade)}: the last update {in_words(target, upgrade)}"
    )
    return f"{sentence}\n--next: {advance(target).update}"

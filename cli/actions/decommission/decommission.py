"""`costack decommission`: a plan first, then exactly that plan."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from allocation.estimate.folders import folders_of_plan
from allocation.money import text_of
from allocation.prices.price_book import load_price_book
from cli.console.deployed import deployed_inventory
from cli.console.output import echo
from lifecycle.adapters.aws_account import Account
from lifecycle.adapters.decommission_world import CloudWorld
from lifecycle.adapters.pulumi_cli import Stack
from lifecycle.decommission.derivation import derived_plan
from lifecycle.decommission.guards import refusals_of_planning
from lifecycle.decommission.plan import DecommissionPlan, read_plan, write_plan
from lifecycle.decommission.retained import RemainingResources
from lifecycle.decommission.steps import (
    BACK_UP,
    DELETE_COPIES,
    EXPORT,
    REMOVE,
    SHOWN,
    STOP,
    UNPROTECT,
    VERIFY,
    Decommission,
)
from lifecycle.errors import RefusedError
from lifecycle.restore_test.result import tried_restores
from tiers.catalog.loading import load_catalog
from tiers.errors import CatalogError
from tiers.portfolio.folders import portfolio_folder
from tiers.portfolio.names import id_of

_STEPS = {
    STOP: "lifecycle_stage becomes decommissioning, all pods stop, the final backup is made",
    BACK_UP: "check that the final backup is there and complete",
    EXPORT: "copy it to where the client can fetch it",
    UNPROTECT: "protected becomes false, its databases and folders on shared systems are deleted",
    REMOVE: "remove the tenant's file and all its resources",
    DELETE_COPIES: "delete file systems that replication filled; backups of files stay",
    VERIFY: "search the account for what remains, by tag and by name",
}
"""What each step does, in words for a person."""


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    tenant: str | None
    stack: str
    cwd: Path
    portfolio: Path | None
    out: Path | None
    early: str | None
    apply: Path | None
    phrase: str | None
    evidence: Path | None
    restore_evidence: Path | None


def decommission(request: Request, clock: Callable[[], datetime]) -> None:
    """Make a plan, or act on one.

    Raises:
        CatalogError: When something cannot be read.
        RefusedError: When a guard does not allow it.
        LifecycleError: When it stops on the way; the same command continues.
    """
    if request.apply is None:
        _plan(request, clock())
    elif request.tenant is not None:
        raise CatalogError("leave the tenant's name out with --apply: the plan names the tenant")
    else:
        _apply(request, request.apply, clock)


def _plan(request: Request, now: datetime) -> None:
    if request.tenant is None:
        raise CatalogError("name the tenant to decommission, or the plan to carry out with --apply")
    stack = Stack(request.stack, request.cwd)
    plan = deployed_inventory(stack.name, stack.project).plan
    named = id_of(plan.tenants, request.tenant)
    tenant = plan.tenant(named)
    if tenant is None:
        there = ", ".join(each.tenant for each in plan.tenants) or "none"
        raise CatalogError(f"stack '{stack.name}' has no tenant '{request.tenant}'; its tenants: {there}")
    made = derived_plan(
        plan,
        tenant,
        stack.state(),
        load_catalog(folders_of_plan(plan, _folder(request, plan.portfolio)).catalog).classes,
        stack.name,
        Account(plan.region).id,
        now,
        request.early,
    )
    if too_early := refusals_of_planning(made, tenant, now):
        raise RefusedError(*too_early)
    path = request.out or Path(f"decommission-{made.id}.json")
    write_plan(made, path)
    _show(made, path, request)


def _show(plan: DecommissionPlan, path: Path, request: Request) -> None:
    echo(f"{plan.environment} {plan.tenant} of {plan.client}, stack {plan.stack}, account {plan.account}")
    for what in sorted({target.what for target in plan.targets if target.holds_data}):
        found = [target for target in plan.targets if target.what == what]
        kept = sum(target.retained for target in found)
        echo(f"  {len(found)} {what}{f', {kept} of them retained' if kept else ''}")
    others = sum(not target.holds_data for target in plan.targets)
    echo(f"  and {others} resources that hold no data")
    for name, words in _STEPS.items():
        echo(f"  then {SHOWN[name]}: {words}")
    days = f"backups, for {plan.keep_days} days" if plan.keep_days else "nothing"
    echo(f"retained afterwards: {days}")
    echo(f"the plan is in {path}, valid until {plan.expires_at:%Y-%m-%d %H:%M} UTC. To carry it out:")
    echo(f"  {_command(request, '--apply', path, '--phrase', plan.phrase)}")


def _command(request: Request, *options: object) -> str:
    """The same command with other options, as a shell reads it."""
    places = {"--portfolio": request.portfolio, "--cwd": None if request.cwd == Path() else request.cwd}
    given = [word for name, value in places.items() if value for word in (name, value)]
    return shlex.join(map(str, ["costack", "decommission", "--stack", request.stack, *given, *options]))


def _apply(request: Request, path: Path, clock: Callable[[], datetime]) -> None:
    plan = read_plan(path)
    if request.phrase is None:
        raise RefusedError(f"to carry out the plan, confirm it with --phrase '{plan.phrase}'")
    stack = Stack(request.stack, request.cwd)
    folder = _folder(request, plan.portfolio)
    there = deployed_inventory(stack.name, stack.project).plan
    world = CloudWorld(plan, stack, folder, clock, _tried(request.restore_evidence, plan))
    record = request.evidence or path.with_suffix(".evidence.jsonl")
    ending = Decommission(
        plan=plan,
        world=world,
        prices=load_price_book(plan.currency, folders_of_plan(there, folder).prices, plan.regions),
        record=record,
        phrase=request.phrase,
        stack=stack.name,
        report=lambda step: echo(f"{plan.tenant}: {SHOWN[step]}: {_STEPS[step]}", err=True),
    )
    _show_remains(ending.run(), plan, record)


def _folder(request: Request, portfolio: str) -> Path:
    return portfolio_folder(request.portfolio, request.cwd, portfolio)


def _tried(path: Path | None, plan: DecommissionPlan) -> frozenset[str] | None:
    """The beginnings of the restore tests that an evidence file has; None without a file."""
    if path is None:
        return None
    tried = (record for _, record in tried_restores(path) if record.get("tenant") == plan.tenant)
    return frozenset(str(record.get("started_at")) for record in tried)


def _show_remains(remains: RemainingResources, plan: DecommissionPlan, record: Path) -> None:
    echo(f"{plan.tenant} is decommissioned; {len(remains.retained)} resources retained, evidence in {record}")
    for each in remains.retained:
        cost = "unpriced" if each.units is None else f"{text_of(each.units)} a month"
        where = f"{each.resource.what} {each.resource.id} ({each.resource.region})"
        echo(f"  still billed: {where}: {cost}, until {each.until:%Y-%m-%d}: {each.because}")
    echo("nothing else is billed for it" if remains.retained else "nothing is billed for it any longer")

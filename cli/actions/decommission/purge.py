"""`costack purge`: a plan of what is due, then exactly that plan."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from allocation.estimate.folders import folders_of_plan
from allocation.prices.price_book import load_price_book
from cli.console.output import echo
from cli.console.printed_command import printed_command
from lifecycle.adapters.purge.account import PurgedAccount
from lifecycle.adapters.purge.world import FolderWorld, by_real_path
from lifecycle.adapters.signature import signed_approval
from lifecycle.decommission.plan import VALID_FOR, write_plan
from lifecycle.errors import RefusedError
from lifecycle.purge.approval import PurgeApproval
from lifecycle.purge.guards import switched_off
from lifecycle.purge.ledger import Ledger, read_ledger
from lifecycle.purge.plan import PurgePlan, read_purge_plan
from lifecycle.purge.planned import PlannedAlready, planned_already
from lifecycle.purge.steps import Purge
from lifecycle.purge.summary import amount, falls, goes, markdown, stays
from lifecycle.purge.survey import Survey
from tiers.catalog.folder import beside_portfolio
from tiers.errors import CatalogError
from tiers.files import private
from tiers.portfolio.folders import portfolio_folder, portfolio_named


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    evidence: tuple[Path, ...]
    out: Path | None
    portfolio: Path | None
    cwd: Path
    stack_destroyed: bool = False
    apply: Path | None = None
    approved: Path | None = None
    phrase: str | None = None
    record: Path | None = None
    as_of: datetime | None = None


def plan_due(request: Request, clock: Callable[[], datetime]) -> None:
    """Write a plan, and its Markdown, of what is due.

    Raises:
        CatalogError: When portfolio, stack, prices or a folder cannot be read.
        RefusedError: When something that is due stays, with its cost; the plan has the rest.
        LifecycleError: When AWS does not answer.
    """
    if request.out is None or not request.evidence:
        raise CatalogError("give --evidence FOLDER with the evidence of ended tenants, and --out FOLDER")
    ledger = read_ledger(request.evidence, clock(), request.as_of)
    problems = list(ledger.problems)
    for line in (*ledger.unfinished, *ledger.later.values()):
        echo(f"passed over: {line}")
    if ledger.ended:
        already = planned_already(request.out)
        made, told = _planned(request, ledger, already, lambda: request.as_of or clock())
        problems += already.problems(made.portfolio)
        others = {each.portfolio for each in ledger.ended.values()} - {made.portfolio}
        told = [*told, *(f"passed over: portfolio {each} has a plan of its own" for each in sorted(others))]
        for line in told:
            echo(line)
        problems += stays(made.refused, made.currency)
    elif not problems and not ledger.unfinished and not ledger.later:
        echo("no tenant has ended: there is no evidence of it")
    if problems:
        raise RefusedError(*problems)


def _planned(
    request: Request, ledger: Ledger, already: PlannedAlready, clock: Callable[[], datetime]
) -> tuple[PurgePlan, list[str]]:
    """The plan, written unless nothing goes or it is there already, and what to say of it."""
    world = _world(request, ledger, clock)
    plan = world.plan
    regions = {plan.region, *(region for each in ledger.ended.values() for region in each.regions)}
    prices = load_price_book(plan.currency, folders_of_plan(plan, world.portfolio).prices, regions)
    account = PurgedAccount(plan.region, others=tuple(sorted(regions)), keeps=True)
    seen = world.seen()
    valid_for = seen.terms.valid_for if seen.terms else VALID_FOR
    folders = _seen_from(request.out or Path(), request.evidence)
    made = Survey(ledger, account, seen, prices, planned=already).plan()
    made = made.model_copy(update={"evidence": folders})
    told = [f"waits: {each}" for each in stays(made.waits, made.currency)]
    if not made.goes:
        why = "" if made.refused or already.broken else ": nothing is due"
        return made, [*told, f"nothing is purged{why}"]
    out = request.out or Path()
    for path, known in already.plans:
        same = known == made.model_copy(update={"made_at": known.made_at})
        if same and known.begins_in_time(made.made_at, valid_for):
            return made, [*told, f"{len(made.goes)} resources are due; the plan is in {path} already"]
    path = _written(request, made, out)
    told += (f"goes: {each}" for each in goes(made))
    return made, [
        *told,
        falls(made),
        f"the plan is in {path}, what to say of it in {path.with_suffix('.md').name}",
    ]


def _written(request: Request, plan: PurgePlan, out: Path) -> Path:
    path = out / f"{plan.id}.json"
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CatalogError(f"{out}: cannot be written: {error.strerror}") from None
    write_plan(plan, path)
    approval = path.with_suffix(".approval.json")
    commands = {
        "Approve it": f"costack approve {shlex.quote(str(path))} --by YOU --key KEY",
        "Carry it out, once the approval is merged": _command(request, path, "--approved", str(approval)),
    }
    with private(path.with_suffix(".md"), "w") as file:
        file.write(markdown(plan, commands))
    return path


def _seen_from(out: Path, folders: Iterable[Path]) -> tuple[str, ...]:
    return tuple(sorted({os.path.relpath(each.resolve(), out.resolve()) for each in folders}))


def _command(request: Request, path: Path, *how: str) -> str:
    """The command that carries the plan in *path* out, as a shell reads it."""
    folders = [word for each in request.evidence for word in ("--evidence", str(each))]
    destroyed = ["--stack-destroyed"] if request.stack_destroyed else []
    words = ("purge", "--apply", str(path), *how, *folders, *destroyed)
    return printed_command(*words, portfolio=request.portfolio, cwd=request.cwd)


def _world(request: Request, ledger: Ledger, clock: Callable[[], datetime]) -> FolderWorld:
    names = sorted({each.portfolio for each in ledger.ended.values()})
    if request.portfolio is None and len(names) > 1:
        said = ", ".join(names)
        raise CatalogError(f"the evidence is of portfolios {said}: name the folder of one with --portfolio")
    folder = portfolio_folder(request.portfolio, request.cwd, names[0])
    name = portfolio_named(folder)
    if name is None:
        raise CatalogError(
            f"{folder}: has no platform.yaml that can be read; name its folder with --portfolio"
        )
    ended = [each for each in ledger.ended.values() if each.portfolio == name]
    if not ended:
        raise CatalogError(f"{folder}: no evidence is of the portfolio {name}, but of {', '.join(names)}")
    account = PurgedAccount(ended[0].region)
    return FolderWorld(
        folders=request.evidence,
        plans=request.out or Path(),
        portfolio=folder,
        stacks=() if request.stack_destroyed else tuple(sorted({each.stack for each in ended})),
        cwd=request.cwd,
        clock=clock,
        account=lambda: account.id,
    )


def apply_plan(request: Request, clock: Callable[[], datetime]) -> None:
    """Carry a plan out.

    Raises:
        CatalogError: When something cannot be read.
        RefusedError: When a guard does not allow it, or a part of it.
        LifecycleError: When it stops on the way; the same command continues.
    """
    path = request.apply
    if path is None or (request.approved is not None and request.phrase is not None):
        raise CatalogError("give --apply PLAN, and either --approved APPROVAL or --phrase TEXT")
    plan = read_purge_plan(path)
    if request.approved is None and request.phrase is None:
        raise RefusedError(f"to carry out the plan, confirm it with --phrase '{plan.phrase}'")
    folder = portfolio_folder(request.portfolio, request.cwd, plan.portfolio)
    account = PurgedAccount(plan.region, others=plan.regions)
    stacks = () if request.stack_destroyed else plan.stacks
    evidence = _folders_of(plan, path, request.evidence)
    world = FolderWorld(evidence, path.parent, folder, stacks, request.cwd, clock, lambda: account.id)
    record = world.record_of(path, request.record)
    purge = Purge(
        plan=plan,
        world=world,
        account=account,
        record=record,
        phrase=request.phrase,
        approval=_approval(request, world),
        report=lambda told: echo(told, err=True),
    )
    purge.run()
    echo(f"{len(plan.goes)} resources of {plan.portfolio} are purged, evidence in {record}")
    echo(falls(plan))
    for each in (*plan.waits, *plan.refused):
        echo(f"still billed: {each.line.said}: {each.because}: {amount(each.per_month, plan.currency)}")


def _folders_of(plan: PurgePlan, path: Path, given: tuple[Path, ...]) -> tuple[Path, ...]:
    """The folders of evidence: those given, and those of the plan, because a hold may lie in any of them."""
    planned = tuple(path.parent / each for each in plan.evidence)
    if missing := [each for each in planned if not each.is_dir()]:
        raise CatalogError(
            f"{path}: was made with the evidence and legal holds in {missing[0]}, which is not there; bring "
            "it back, or make a new plan"
        )
    return tuple(by_real_path((*planned, *given)).values()) or (path.parent,)


def _approval(request: Request, world: FolderWorld) -> PurgeApproval | None:
    """The approval, once its signature was checked."""
    if request.approved is None:
        return None
    terms = world.seen().terms
    if terms is None:
        raise RefusedError("platform.yaml has no `purge`: no approved plan is carried out; use --phrase")
    if off := switched_off(terms):
        raise RefusedError(off)
    signers = beside_portfolio(world.portfolio, terms.allowed_signers)
    return signed_approval(request.approved, signers, world.now(), PurgeApproval)

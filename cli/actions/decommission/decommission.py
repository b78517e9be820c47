"""`costack decommission`: a plan first, then exactly that plan."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from allocation.estimate.folders import folders_of_plan
from allocation.money import text_of
from allocation.prices.price_book import load_price_book
from cli.actions.decommission.plans import deployed_tenant, plan_of_tenant
from cli.console.deployed import deployed_inventory
from cli.console.output import echo
from lifecycle import evidence
from lifecycle.adapters.decommission_world import CloudWorld, reaper_of, savings_of_folder
from lifecycle.adapters.pulumi_cli import Stack
from lifecycle.adapters.signature import signed_approval
from lifecycle.decommission.approval import COUNTED_FOR, Approval, begun_at, counted, switched_off
from lifecycle.decommission.outcomes import SHOWN
from lifecycle.decommission.plan import EVIDENCE_SUFFIX, DecommissionPlan, read_plan, write_plan
from lifecycle.decommission.retained import RemainingResources
from lifecycle.decommission.savings import sentence
from lifecycle.decommission.steps import Decommission
from lifecycle.decommission.summary import goes, stays, steps
from lifecycle.errors import LifecycleError, RefusedError
from lifecycle.restore_test.owner import Owner
from lifecycle.restore_test.result import tried_restores
from tiers.catalog.folder import beside_portfolio
from tiers.errors import CatalogError
from tiers.portfolio.folders import portfolio_folder


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    tenant: str | None
    stack: str
    cwd: Path
    portfolio: Path | None
    out: Path | None
    early: str | None
    apply: tuple[Path, ...]
    phrase: str | None
    evidence: Path | None
    restore_evidence: Path | None
    final_dump: bool | None = None
    approved: tuple[Path, ...] = ()


def decommission(request: Request, clock: Callable[[], datetime]) -> None:
    """Make a plan, or act on one or more.

    Raises:
        CatalogError: When something cannot be read.
        RefusedError: When a guard does not allow it.
        LifecycleError: When it stops on the way; the same command continues.
    """
    if not request.apply:
        _plan(request, clock())
    elif request.tenant is not None:
        raise CatalogError("leave the tenant's name out with --apply: the plan names the tenant")
    elif request.final_dump is not None:
        raise CatalogError("leave --final-dump out with --apply: the plan says whether a dump is made")
    elif request.approved:
        _apply_approved(request, clock)
    else:
        _apply_by_phrase(request, clock)


def _plan(request: Request, now: datetime) -> None:
    if request.tenant is None:
        raise CatalogError("name the tenant to decommission, or the plan to carry out with --apply")
    stack = Stack(request.stack, request.cwd)
    plan, tenant = deployed_tenant(stack, request.tenant)
    folder = _folder(request, plan.portfolio)
    made = plan_of_tenant(stack, plan, tenant, folder, now, request.early, final_dump=request.final_dump)
    path = request.out or Path(f"decommission-{made.id}.json")
    saved = _saved(folder, made, now)
    write_plan(made, path)
    _show(made, path, saved, request)


def _saved(folder: Path, plan: DecommissionPlan, now: datetime) -> str:
    """What the end saves, as a sentence; a preview of money stops nobody."""
    return sentence(savings_of_folder(folder, plan.tenant, now), plan.tenant)


def _show(plan: DecommissionPlan, path: Path, saved: str, request: Request) -> None:
    echo(f"{plan.environment} {plan.tenant} of {plan.client}, stack {plan.stack}, account {plan.account}")
    for each in goes(plan):
        echo(f"  {each}")
    for each in steps(plan):
        echo(f"  then {each}")
    echo(f"retained afterwards: {stays(plan)}")
    echo(saved)
    echo(f"the plan is in {path}, valid until {plan.expires_at:%Y-%m-%d %H:%M} UTC. To carry it out:")
    echo(f"  {_command(request, '--apply', path, '--phrase', plan.phrase)}")


def _command(request: Request, *options: object) -> str:
    """The same command with other options, as a shell reads it."""
    places = {"--portfolio": request.portfolio, "--cwd": None if request.cwd == Path() else request.cwd}
    given = [word for name, value in places.items() if value for word in (name, value)]
    return shlex.join(map(str, ["costack", "decommission", "--stack", request.stack, *given, *options]))


def _apply_by_phrase(request: Request, clock: Callable[[], datetime]) -> None:
    path, *more = request.apply
    if more:
        raise CatalogError(
            "a phrase ends one tenant: name one plan with --apply, or approvals with --approved"
        )
    plan = read_plan(path)
    if request.phrase is None:
        raise RefusedError(f"to carry out the plan, confirm it with --phrase '{plan.phrase}'")
    _carry_out(request, plan, path, None, clock)


def _apply_approved(request: Request, clock: Callable[[], datetime]) -> None:
    """Carry out the plans that were approved; one that is refused does not stop those after it."""
    if request.phrase is not None or (request.evidence and len(request.apply) > 1):
        raise CatalogError("--approved takes no --phrase, and --evidence only with one plan")
    plans = [(path, read_plan(path)) for path in request.apply]
    _refuse_too_many(request, [plan for _, plan in plans], clock())
    approvals = {each.plan_sha256: each for each in _approvals(request, plans[0][1], clock())}
    failed: list[LifecycleError] = []
    for path, plan in plans:
        approval = approvals.get(plan.sha256)
        try:
            if approval is None:
                raise RefusedError(
                    f"{path}: none of the approvals is for this plan, sha256 {plan.sha256[:12]}…"
                )
            _carry_out(request, plan, path, approval, clock)
        except LifecycleError as error:
            failed.append(error)
    if failed:
        raise type(failed[0])(*(problem for error in failed for problem in error.problems))


def _refuse_too_many(request: Request, plans: Sequence[DecommissionPlan], now: datetime) -> None:
    if len({plan.portfolio for plan in plans}) > 1 or len({plan.tenant for plan in plans}) < len(plans):
        raise CatalogError("name plans of one portfolio with --apply, and one for each tenant")
    terms = reaper_of(_folder(request, plans[0].portfolio))
    if off := switched_off(terms):
        raise RefusedError(off)
    begun = _begun(request)
    hashes = {plan.sha256 for plan in plans}
    count = counted(hashes, begun, now)
    if terms and len(count) > terms.most_per_run:
        before, hours = len(count - hashes), COUNTED_FOR // timedelta(hours=1)
        more = f" and {before} begun in the last {hours} hours" if before else ""
        raise RefusedError(
            f"{len(plans)} plans{more}, and platform.yaml says reaper.most_per_run: {terms.most_per_run}; "
            f"nothing was done; name fewer{', or wait' if before else ''}"
        )


def _begun(request: Request) -> Mapping[str, datetime]:
    """When plans were begun, as the evidence beside those of *request* says."""
    given = {request.evidence} if request.evidence else set()
    beside = {each for path in request.apply for each in evidence.files(path.parent, EVIDENCE_SUFFIX)}
    there = sorted(beside | {each for each in given if each.exists()})
    return begun_at(line for each in there for line in evidence.read(each))


def _approvals(request: Request, plan: DecommissionPlan, now: datetime) -> Iterator[Approval]:
    folder = _folder(request, plan.portfolio)
    if terms := reaper_of(folder):
        signers = beside_portfolio(folder, terms.allowed_signers)
        yield from (signed_approval(path, signers, now, Approval) for path in request.approved)


def _carry_out(
    request: Request,
    plan: DecommissionPlan,
    path: Path,
    approval: Approval | None,
    clock: Callable[[], datetime],
) -> None:
    stack = Stack(request.stack, request.cwd)
    folder = _folder(request, plan.portfolio)
    there = deployed_inventory(stack.name, stack.project).plan
    world = CloudWorld(plan, stack, folder, clock, _tried(request.restore_evidence, plan))
    record = request.evidence or path.with_suffix(EVIDENCE_SUFFIX)
    ending = Decommission(
        plan=plan,
        world=world,
        prices=load_price_book(plan.currency, folders_of_plan(there, folder).prices, plan.regions),
        record=record,
        phrase=None if approval else request.phrase,
        stack=stack.name,
        report=lambda step, told: echo(f"{plan.tenant}: {SHOWN[step]}: {told}", err=True),
        approval=approval,
    )
    _show_remains(ending.run(), plan, record)


def _folder(request: Request, portfolio: str) -> Path:
    return portfolio_folder(request.portfolio, request.cwd, portfolio)


def _tried(path: Path | None, plan: DecommissionPlan) -> frozenset[str] | None:
    """The beginnings of the restore tests that an evidence file has; None without a file."""
    if path is None:
        return None
    tried = (
        record
        for _, record in tried_restores(path)
        if record.get("tenant") == plan.tenant and Owner.said_by(record).portfolio in {"", plan.portfolio}
    )
    return frozenset(str(record.get("started_at")) for record in tried)


def _show_remains(remains: RemainingResources, plan: DecommissionPlan, record: Path) -> None:
    echo(f"{plan.tenant} is decommissioned; {len(remains.retained)} resources retained, evidence in {record}")
    for each in remains.retained:
        cost = "unpriced" if each.units is None else f"{text_of(each.units)} {plan.currency} a month"
        where = f"{each.resource.what} {each.resource.id} ({each.resource.region})"
        echo(f"  still billed: {where}: {cost}, until {each.until:%Y-%m-%d}: {each.because}")
    echo("nothing else is billed for it" if remains.retained else "nothing is billed for it any longer")
    unknown = {"unknown": "this plan was begun by a version that did not write it down"}
    echo(sentence(remains.savings or unknown, plan.tenant))

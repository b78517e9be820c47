"""`costack approve`: signs the approval of a decommission or purge plan with an SSH key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cli.console.checked_option import checked
from cli.console.output import echo
from lifecycle.adapters.signature import sign, signature_of
from lifecycle.decommission.approval import Approval, Identity
from lifecycle.decommission.plan import read_plan
from lifecycle.decommission.summary import goes, stays, steps
from lifecycle.errors import RefusedError
from lifecycle.purge.approval import PurgeApproval
from lifecycle.purge.plan import read_purge_plan
from lifecycle.purge.summary import falls
from lifecycle.purge.summary import goes as purged
from tiers.files import read_json
from tiers.vocabulary import Environment


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    plan: Path
    by: str
    key: Path
    out: Path | None
    now: datetime


def approve(request: Request) -> None:
    """Show the plan, and write its approval and the signature beside it.

    Raises:
        CatalogError: When the plan cannot be read, or the approval cannot be written.
        RefusedError: When no approval can carry it out.
        LifecycleError: When the key cannot sign.
    """
    checked("--by", Identity, request.by)
    path = request.out or request.plan.with_suffix(".approval.json")
    if _is_purge(request.plan):
        _approve_purge(request, path)
    else:
        _approve_end(request, path)
    echo(f"the approval is in {path}, its signature in {signature_of(path)}")


def _is_purge(path: Path) -> bool:
    document = read_json(path, remedy="expected a plan that `costack` wrote")
    return isinstance(document, dict) and document.get("kind") == "purge"


def _approve_end(request: Request, path: Path) -> None:
    plan = read_plan(request.plan)
    if plan.environment is Environment.PRODUCTION or not plan.final_dump or plan.early_because is not None:
        raise RefusedError(
            f"{request.plan}: no approval carries this plan out: it ends production, makes no last dump, or "
            "ends a sandbox before its time; confirm it with --phrase"
        )
    sign(Approval.of(plan, request.by, request.now), path, request.key)
    echo(f"{request.by} approves the end of {plan.environment} {plan.tenant}, stack {plan.stack}:")
    for each in (*goes(plan), *(f"then {each}" for each in steps(plan)), f"retained: {stays(plan)}"):
        echo(f"  {each}")


def _approve_purge(request: Request, path: Path) -> None:
    plan = read_purge_plan(request.plan)
    sign(PurgeApproval.of(plan, request.by, request.now), path, request.key)
    echo(f"{request.by} approves the purge of {len(plan.goes)} resources, account {plan.account}:")
    for each in (*purged(plan), falls(plan)):
        echo(f"  {each}")

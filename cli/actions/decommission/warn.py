"""`costack expire --warn`: writes, and posts, warnings of ends that come, each once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from allocation.adapters.pulumi.stack_outputs import whole
from allocation.report.webhook import Shape
from cli.actions.decommission.expire import costs_of
from cli.actions.decommission.plans import grace_of
from cli.console.deployed import deployed_inventory
from cli.console.output import echo
from lifecycle import evidence
from lifecycle.adapters.decommission_world import reaper_of
from lifecycle.adapters.webhook import post
from lifecycle.warning import EndWarning, told, warnings
from tiers.errors import CatalogError
from tiers.files import private
from tiers.portfolio.folders import portfolio_folder


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    stacks: Sequence[str]
    cwd: Path
    out: Path
    ledger: Path | None
    webhook: str | None
    webhook_format: str
    now: datetime
    grace_days: int | None


def warn_of_ends(request: Request) -> None:
    """Write a warning as Markdown and as JSON for each end that comes, post it, and note it in the ledger.

    A warning that could not be posted is not noted: the next run tries it again.

    Raises:
        CatalogError: When a stack or the ledger cannot be read, or *out* cannot be written.
        LifecycleError: When the webhook did not take one.
    """
    ledger = request.ledger or request.out / "warned.jsonl"
    known = told(evidence.read(ledger)) if ledger.exists() else frozenset()
    given = 0
    for stack in request.stacks:
        plan = whole(deployed_inventory(stack, request.cwd), f"stack '{stack}'").plan
        folder = portfolio_folder(None, request.cwd, plan.portfolio)
        grace = grace_of(reaper_of(folder), request.grace_days)
        found = tuple(warnings(plan, stack, request.now, grace, known))
        costs = costs_of(plan, folder, request.now) if found else {}
        for each in found:
            _give(request, each, costs[each.tenant.tenant], ledger)
            given += 1
    if not given:
        echo("no warning is due that was not given")


def _give(request: Request, each: EndWarning, cost: str, ledger: Path) -> None:
    message = each.message(cost, Shape(request.webhook_format))
    path = request.out / f"{each.name}.md"
    try:
        request.out.mkdir(parents=True, exist_ok=True)
        for file, text in (
            (path, each.markdown(cost)),
            (path.with_suffix(".json"), json.dumps(message, indent=2, ensure_ascii=False) + "\n"),
        ):
            with private(file, "w") as stream:
                stream.write(text)
    except OSError as error:
        raise CatalogError(f"{request.out}: cannot be written: {error.strerror}") from None
    if request.webhook:
        post(request.webhook, message)
    evidence.append(ledger, each.line(request.now))
    echo(f"{each.tenant.tenant}: ends on {each.ends_at:%Y-%m-%d %H:%M} UTC; the warning is in {path}")

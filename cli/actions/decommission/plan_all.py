"""`costack expire --plan-all`: a decommission plan for all that is due, and the text of a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cli.actions.decommission.plans import grace_of, plan_of_tenant
from cli.console.deployed import deployed_inventory, portfolio_of
from cli.console.output import echo
from cli.console.printed_command import printed_command
from lifecycle.adapters.decommission_world import reaper_of, savings_of_folder
from lifecycle.adapters.pulumi_cli import Stack
from lifecycle.decommission.plan import EVIDENCE_SUFFIX, VALID_FOR, DecommissionPlan, read_plan, write_plan
from lifecycle.decommission.summary import markdown
from lifecycle.errors import RefusedError
from lifecycle.expire import Finding, findings
from tiers.errors import CatalogError
from tiers.files import private
from tiers.plan.plan import Plan
from tiers.portfolio.folders import portfolio_folder
from tiers.vocabulary import LifecycleStage


def plan_all(stacks: Sequence[str], cwd: Path, out: Path, now: datetime, grace_days: int | None) -> None:
    """Write a plan and its Markdown into *out* for every environment of *stacks* that is due.

    A plan that is there, valid, and would be made again stays as it is: a second run changes nothing.

    Raises:
        CatalogError: When a stack cannot be read, or *out* cannot be written.
        RefusedError: When one that is due may not be planned; the others are.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CatalogError(f"{out}: cannot be written: {error.strerror}") from None
    refused: list[str] = []
    written = 0
    for name in stacks:
        for found, attempt in _due(Stack(name, cwd), now, grace_days):
            try:
                echo(attempt.write(found, out, now))
                written += 1
            except RefusedError as error:
                refused += (f"{found.tenant.tenant}: {problem}" for problem in error.problems)
    if not written and not refused:
        echo("no environment is due")
    if refused:
        raise RefusedError(*refused)


def _due(stack: Stack, now: datetime, grace_days: int | None) -> Iterator[tuple[Finding, _Attempt]]:
    inventory = deployed_inventory(stack.name, stack.project)
    plan = portfolio_of(inventory, stack.name, stack.project)
    folder = portfolio_folder(None, stack.project, plan.portfolio)
    terms = reaper_of(folder)
    attempt = _Attempt(stack, plan, folder, terms.valid_for if terms else VALID_FOR)
    for found in findings(inventory.plan, now, grace_of(terms, grace_days)):
        if found.is_due:
            yield found, attempt


class _Attempt:
    """Writes plans of one stack, as it was when its environments were looked through."""

    def __init__(self, stack: Stack, plan: Plan, folder: Path, valid_for: timedelta) -> None:
        self._stack, self._plan, self._folder, self._valid_for = stack, plan, folder, valid_for

    def write(self, found: Finding, out: Path, now: datetime) -> str:
        """Write the plan of one that is due; a line that says where it is."""
        for path, known in _known(out, self._stack.name, found.tenant.tenant):
            begun = found.tenant.lifecycle_stage is LifecycleStage.DECOMMISSIONING
            if begun and path.with_suffix(EVIDENCE_SUFFIX).exists():
                return f"{known.tenant}: the plan in {path} was begun; run its command again"
            again = plan_of_tenant(self._stack, self._plan, found.tenant, self._folder, known.made_at)
            if known.begins_in_time(now, self._valid_for) and again.sha256 == known.sha256:
                return f"{known.tenant}: {found.why}; its plan is in {path} already"
        made = plan_of_tenant(self._stack, self._plan, found.tenant, self._folder, now)
        path = out / f"{made.id}.json"
        saved = savings_of_folder(self._folder, made.tenant, now)
        text = markdown(made, found.why, saved, self._commands(path))
        write_plan(made, path)
        with private(path.with_suffix(".md"), "w") as file:
            file.write(text)
        beside = f"what to say of it in {path.with_suffix('.md').name}"
        return f"{made.tenant}: {found.why}; its plan is in {path}, {beside}"

    def _commands(self, path: Path) -> dict[str, str]:
        approval = path.with_suffix(".approval.json")
        apply = ("decommission", "--apply", str(path), "--approved", str(approval))
        return {
            "Approve it": f"costack approve {path} --by YOU --key KEY",
            "Carry it out, once the approval is merged": printed_command(
                *apply, stack=self._stack.name, portfolio=None, cwd=self._stack.project
            ),
        }


def _known(out: Path, stack: str, tenant: str) -> Iterator[tuple[Path, DecommissionPlan]]:
    """The plans of *tenant* that are in *out* already; approvals beside them are passed over."""
    for path in sorted(out.glob(f"{tenant}-*.json")):
        if ".approval" not in path.name:
            plan = read_plan(path)
            if (plan.tenant, plan.stack) == (tenant, stack):
                yield path, plan

"""`costack expire`: environments that are due, due soon or wrongly described, and what they still cost."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from allocation.adapters.pulumi.stack_files import stacks_of
from allocation.adapters.pulumi.stack_outputs import inventory_of_file, whole
from allocation.charges import ChargePeriod
from allocation.errors import GateError
from allocation.estimate.folders import folders_of_plan
from allocation.money import in_cents, text_of
from allocation.preview.cost_estimate import Conditions, cost_estimate
from allocation.report.figures import money, money_of
from cli.console.deployed import deployed_inventory
from cli.console.output import echo
from cli.console.table import print_csv, print_table
from lifecycle.expire import Finding, findings
from tiers.errors import CatalogError
from tiers.plan.plan import Plan
from tiers.plan.resolve import plan_of_folder
from tiers.portfolio.folders import PORTFOLIOS, portfolio_folder, portfolio_folders
from tiers.vocabulary import TenantId

_NAMES: Final = (
    "tenant",
    "client",
    "environment",
    "where",
    "state",
    "due",
    "when",
    "why",
    "cost_per_month",
    "currency",
)


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    stacks: tuple[str, ...]
    inventories: tuple[Path, ...]
    portfolios: tuple[Path, ...]
    now: datetime
    grace_days: int | None
    print_commands: bool
    fail_when_due: bool
    cwd: Path
    output: str


@dataclass(frozen=True)
class _Source:
    """A plan, its name in the table, and the option with which a command names it."""

    name: str
    option: tuple[str, ...]
    plan: Plan
    portfolio: Path
    """The folder of its portfolio, which it may have its catalog from."""


@dataclass(frozen=True)
class _Row:
    source: _Source
    found: Finding
    units: int
    """What it costs a month, shares of pools included."""


def print_due(request: Request) -> None:
    """Print the environments; with `print_commands` only the commands that would end those that are due.

    Raises:
        CatalogError: When an inventory or a portfolio cannot be read.
        AllocationError: When the cost of a plan cannot be estimated.
        GateError: When one is due and the command is to fail then.
    """
    grace = None if request.grace_days is None else timedelta(days=request.grace_days)
    rows = [row for source in _sources(request) for row in _rows(source, request.now, grace)]
    due = _once(row for row in rows if row.found.is_due)
    if request.print_commands:
        for row in due:
            echo(_command(row, request.cwd))
    elif request.output == "json":
        echo(json.dumps([_document(row) for row in rows], indent=2))
    elif request.output == "csv":
        print_csv([_document(row) for row in rows], _NAMES)
    elif rows:
        print_table(_table(rows), _billing(due))
    else:
        echo("no environment is past its end date, ends soon, or lacks a date it needs")
    if request.fail_when_due and due:
        raise GateError(f"due: {', '.join(row.found.tenant.tenant for row in due)}")


def _sources(request: Request) -> Iterator[_Source]:
    for stack in request.stacks:
        plan = whole(deployed_inventory(stack, request.cwd), f"stack '{stack}'").plan
        yield _Source(stack, ("--stack", stack), plan, portfolio_folder(None, request.cwd, plan.portfolio))
    for file in request.inventories:
        plan = inventory_of_file(file).plan
        yield _Source(str(file), (), plan, portfolio_folder(None, request.cwd, plan.portfolio))
    folders: Sequence[Path] = request.portfolios
    if not (request.stacks or request.inventories or request.portfolios):
        folders = portfolio_folders(request.cwd)
        if not folders:
            raise CatalogError(
                f"{request.cwd / PORTFOLIOS}: holds no portfolio; name one with --portfolio, or "
                "the project's folder with --cwd"
            )
    for folder in folders:
        yield _Source(str(folder), ("--portfolio", str(folder)), plan_of_folder(folder), folder)


def _rows(source: _Source, now: datetime, grace: timedelta | None) -> Iterator[_Row]:
    found = findings(source.plan, now, grace)
    if not found:
        return
    units = _units(source.plan, source.portfolio, now)
    for each in found:
        yield _Row(source, each, units[each.tenant.tenant])


def costs_of(plan: Plan, portfolio: Path, now: datetime) -> Mapping[TenantId, str]:
    """What each tenant of *plan* costs a month, shares of pools included, as people read it.

    Raises:
        AllocationError: When it cannot be estimated.
    """
    units = _units(plan, portfolio, now)
    return {name: f"{money_of(each)} {plan.currency}" for name, each in units.items()}


def _units(plan: Plan, portfolio: Path, now: datetime) -> Mapping[TenantId, int]:
    month = ChargePeriod.month(f"{now:%Y-%m}")
    regions = {fact.region for fact in plan.all_facts()}
    conditions = Conditions.of_month(month, plan.currency, regions, folders_of_plan(plan, portfolio))
    return {name: line.total for name, line in cost_estimate(plan, conditions).lines.items()}


def _once(rows: Iterable[_Row]) -> list[_Row]:
    """*rows* without the second one of an environment that a stack and its portfolio's folder both have."""
    first: dict[tuple[str, str], _Row] = {}
    for row in rows:
        first.setdefault((row.source.plan.portfolio, row.found.tenant.tenant), row)
    return list(first.values())


def _command(row: _Row, project: Path) -> str:
    """The command that plans its end, in the stack that deploys its portfolio where exactly one does."""
    option = row.source.option
    if "--stack" not in option:
        stacks = stacks_of(row.source.plan.portfolio, project)
        if len(stacks) != 1:
            wanted = f"costack:portfolio: {row.source.plan.portfolio}"
            raise CatalogError(
                f"{row.source.name}: several stacks deploy it ({', '.join(stacks)}); name one with --stack "
                "instead of --portfolio"
                if stacks
                else f"{row.source.name}: no stack deploys it: no file stacks/Pulumi.NAME.yaml has '{wanted}'"
            )
        option = ("--stack", stacks[0], *option)
    if project != Path():
        option = (*option, "--cwd", str(project))
    return shlex.join(["costack", "decommission", row.found.tenant.tenant, *option])


def _table(rows: Sequence[_Row]) -> Table:
    table = Table(title="environments and their end dates", title_justify="left")
    for name in ("tenant", "where", "environment", "state", "why"):
        table.add_column(name, no_wrap=True)
    table.add_column("costs a month", justify="right", no_wrap=True)
    for row, cents in zip(rows, in_cents([row.units for row in rows]), strict=True):
        tenant = row.found.tenant
        words = (tenant.tenant, row.source.name, str(tenant.environment), str(row.found.state), row.found.why)
        table.add_row(*words, f"{money(cents)} {row.source.plan.currency}")
    return table


def _billing(due: Sequence[_Row]) -> Iterator[str]:
    for currency in sorted({row.source.plan.currency for row in due}):
        units = [row.units for row in due if row.source.plan.currency == currency]
        (cents,) = in_cents([sum(units)])
        yield f"{len(units)} due, still costing {money(cents)} {currency} a month"
    if due:
        yield "nothing was deleted; --plan-all writes plans for an approval, --print-commands the commands"


def _document(row: _Row) -> dict[str, Any]:
    tenant, found = row.found.tenant, row.found
    return {
        "tenant": tenant.tenant,
        "client": tenant.client,
        "environment": str(tenant.environment),
        "where": row.source.name,
        "state": str(found.state),
        "due": found.is_due,
        "when": None if found.when is None else found.when.isoformat(),
        "why": found.why,
        "cost_per_month": text_of(row.units),
        "currency": row.source.plan.currency,
    }

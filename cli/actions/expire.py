"""What `costack expire` prints: what is due, soon or wrong, wherever it is, and what it still costs."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from allocation.adapters.pulumi.stack_outputs import inventory_of_file, inventory_of_stack
from allocation.charges import ChargePeriod
from allocation.errors import GateError
from allocation.money import in_cents, text_of
from allocation.preview.cost_estimate import Conditions, valued
from allocation.report.preview.rows import money
from cli.console.table import print_table
from lifecycle.expire import Finding, findings
from tiers.catalog.loading import load_catalog
from tiers.errors import CatalogError
from tiers.plan.plan import Plan
from tiers.plan.resolve import resolve
from tiers.portfolio.folders import PORTFOLIOS, portfolio_folders
from tiers.portfolio.loading import load_portfolio


@dataclass(frozen=True)
class Asked:
    """What the command line asks for."""

    stacks: tuple[str, ...]
    inventories: tuple[Path, ...]
    portfolios: tuple[Path, ...]
    now: datetime
    grace_days: int | None
    commands: bool
    fail: bool
    cwd: Path
    as_json: bool


@dataclass(frozen=True)
class _Source:
    """A plan, what it is called in the table, and how a command names where it is from."""

    name: str
    option: tuple[str, ...]
    plan: Plan


@dataclass(frozen=True)
class _Row:
    source: _Source
    found: Finding
    units: int
    """What it costs a month, shares of pools included."""


def print_due(asked: Asked) -> None:
    """Print what is found; with `commands` only what would end what is due.

    Raises:
        CatalogError: When an inventory or a portfolio cannot be read.
        AllocationError: When a plan cannot be valued.
        GateError: When something is due and the caller wants to fail then.
    """
    grace = None if asked.grace_days is None else timedelta(days=asked.grace_days)
    rows = [row for source in _sources(asked) for row in _rows(source, asked.now, grace)]
    due = [row for row in rows if row.found.is_due]
    if asked.commands:
        for row in due:
            typer.echo(_command(row))
    elif asked.as_json:
        typer.echo(json.dumps([_document(row) for row in rows], indent=2))
    elif rows:
        print_table(_table(rows), _billing(due))
    else:
        typer.echo("nothing is due, nothing ends soon, nothing is wrong")
    if asked.fail and due:
        raise GateError(f"due: {', '.join(row.found.tenant.tenant for row in due)}")


def _sources(asked: Asked) -> Iterator[_Source]:
    for stack in asked.stacks:
        yield _Source(stack, ("--stack", stack), inventory_of_stack(stack, asked.cwd).plan)
    for file in asked.inventories:
        yield _Source(str(file), (), inventory_of_file(file).plan)
    folders: Sequence[Path] = asked.portfolios
    if not (asked.stacks or asked.inventories or asked.portfolios):
        folders = portfolio_folders(asked.cwd)
        if not folders:
            raise CatalogError(f"{asked.cwd / PORTFOLIOS}: holds no portfolio; name one with --portfolio")
    if folders:
        catalog = load_catalog()
    for folder in folders:
        plan = resolve(catalog, load_portfolio(folder, catalog))
        yield _Source(str(folder), ("--portfolio", str(folder)), plan)


def _rows(source: _Source, now: datetime, grace: timedelta | None) -> Iterator[_Row]:
    found = findings(source.plan, now, grace)
    if not found:
        return
    month = ChargePeriod.month(f"{now:%Y-%m}")
    regions = {fact.region for fact in source.plan.all_facts()}
    conditions = Conditions.of_month(month, source.plan.currency, regions)
    lines = valued(source.plan, conditions).lines
    for each in found:
        yield _Row(source, each, lines[each.tenant.tenant].total)


def _command(row: _Row) -> str:
    return shlex.join(["costack", "decommission", row.found.tenant.tenant, *row.source.option])


def _table(rows: Sequence[_Row]) -> Table:
    table = Table(title="environments and their ends", title_justify="left")
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
        yield f"{len(units)} due, still billing {money(cents)} {currency} a month"
    if due:
        yield "nothing was deleted; --apply prints the commands that would begin to"


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

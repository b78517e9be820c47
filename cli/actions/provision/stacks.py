"""`costack stacks`: assigns tenants to stacks, and prints which stacks a change is for, in which order."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from allocation.runs.before_and_after import only_portfolio
from allocation.runs.cells.changes import Changes, Since, changes
from cli.console.output import echo
from cli.console.progress import warn
from cli.console.table import print_table
from tiers.change.effect import first_names
from tiers.errors import CatalogError
from tiers.files import written_beside
from tiers.plan.cells.assigned import assigned
from tiers.plan.cells.touched import MovedTenant, TouchedStack
from tiers.plan.cells.waves import WAVES, Shard, shard_of, waves
from tiers.plan.resolve import resolve
from tiers.portfolio.cells.assignment import CELLS_FILE, Assignment, assignment_text, load_assignment
from tiers.portfolio.cells.section import pulumi_name
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.vocabulary import Environment

_SHARD: Final = re.compile(r"([1-9]\d{0,3})/([1-9]\d{0,3})")
_MOST_JOBS: Final = 256
"""GitHub runs no more jobs of a matrix (docs.github.com, "Running variations of jobs in a workflow")."""


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    portfolio: Path | None
    prefix: str | None
    cwd: Path
    changed_since: str | None = None
    base_folder: Path | None = None
    state_moved: bool = False


@dataclass(frozen=True)
class Listed:
    """A stack to update: Pulumi's name of it, and what is told of it."""

    name: str
    stack: str
    wave: int
    tenants: tuple[str, ...]
    production: int
    because: tuple[str, ...]


def assign_tenants(portfolio: Path | None, cwd: Path, *, dry_run: bool) -> None:
    """Write `cells.yaml` anew where tenants came or went.

    Raises:
        CatalogError: When the portfolio cannot be read, has no `cells`, or the file cannot be written.
    """
    folder = portfolio or only_portfolio(cwd)
    catalog, files = load_catalog_and_portfolio(folder)
    rule, stored = files.platform.cells, load_assignment(folder) or Assignment()
    if rule is None:
        raise CatalogError(
            f"{folder / 'platform.yaml'}: has no `cells`; add `cells: {{tenants_per_cell: 50}}` to deploy "
            "the portfolio in several stacks"
        )
    made, path = assigned(resolve(catalog, files).tenants, rule, stored), folder / CELLS_FILE
    for tenant, stack in made.tenants.items():
        if tenant not in stored.tenants:
            echo(f"{tenant}: {stack}")
    for tenant in sorted(stored.tenants.keys() - made.tenants.keys()):
        echo(f"{tenant}: removed, no file has it")
    if made != stored and not dry_run:
        _replace(path, assignment_text(made))
    stacks = len({*made.tenants.values()}) + 1
    echo(f"{path}: {len(made.tenants)} tenants in {stacks} stacks{' (not written)' if dry_run else ''}")


def _replace(path: Path, text: str) -> None:
    try:
        with written_beside(path, text) as scratch:
            scratch.replace(path)
    except OSError as error:
        raise CatalogError(f"{path}: cannot be written: {error.strerror}; it stays as it was") from None


def print_all(request: Request, output: str) -> None:
    """Print every stack of a portfolio.

    Raises:
        CatalogError: As `changes`.
    """
    listed = listed_all(request)
    if output == "names":
        for each in listed:
            echo(each.name)
    elif output == "json":
        echo(json.dumps([_document(each) for each in listed], indent=2))
    else:
        _show(listed, ("stack", "wave", "tenants", "production", "who"))


def listed_all(request: Request) -> Sequence[Listed]:
    """Every stack of a portfolio, in order.

    Raises:
        CatalogError: As `changes`.
    """
    return listed_of(request, _changes(request))


def print_plan(request: Request, output: str) -> None:
    """Print the stacks that a change is for, and why; a warning for each tenant that is assigned elsewhere.

    Raises:
        CatalogError: As `changes`.
    """
    found = _changes(request)
    for each in found.moved:
        warn(_told(each))
    listed = list(listed_of(request, found))
    if output == "json":
        echo(json.dumps([_document(each) for each in listed], indent=2))
        return
    _show(listed, ("stack", "wave", "tenants", "production", "because of"))
    if not listed:
        echo("nothing to update")


def print_order(request: Request) -> None:
    """Print the names of stacks to update, wave by wave.

    Raises:
        CatalogError: As `changes`, and when the state of a tenant has to be moved first.
    """
    _, listed = updates(request)
    by_wave = ([each.name for each in listed if each.wave == wave] for wave in WAVES)
    echo(json.dumps([names for names in by_wave if names]))


def print_matrix(request: Request, wave: int | None, shard: str | None) -> None:
    """Print one job for each stack to update.

    Raises:
        CatalogError: As `print_order`; when the shard is none, or there are more jobs than a matrix may have.
    """
    part = None if shard is None else _shard(shard)
    listed = [each for each in updates(request)[1] if wave in (None, each.wave)]
    names = [each.name for each in listed]
    mine = set(names if part is None else shard_of(names, part))
    jobs = [_job(each) for each in listed if each.name in mine]
    if len(jobs) > _MOST_JOBS:
        raise CatalogError(
            f"{len(jobs)} jobs, and GitHub runs no more than {_MOST_JOBS} of a matrix; split them: --shard 1/"
            f"{-(-len(jobs) // _MOST_JOBS)}"
        )
    echo(json.dumps({"include": jobs}))


def updates(request: Request) -> tuple[Changes, Sequence[Listed]]:
    """What has changed, and the stacks to update in order, unless a tenant's state has to be moved first.

    Raises:
        CatalogError: As `print_order`.
    """
    found = _changes(request)
    if found.moved and not request.state_moved:
        raise CatalogError(*map(_told, found.moved))
    return found, listed_of(request, found)


def listed_of(request: Request, found: Changes) -> Sequence[Listed]:
    """The stacks of *found*, wave by wave, and in a wave the platform, cells by number, tenants by name."""
    plan, assignment = found.after.plan, found.after.assignment
    base = request.prefix or plan.portfolio
    numbers = waves(plan, assignment, [each.stack for each in found.touched])
    tenants: dict[str, list[str]] = {}
    for tenant, stack in assignment.tenants.items():
        tenants.setdefault(stack, []).append(tenant)
    production = Counter(
        assignment.tenants[each.tenant] for each in plan.tenants if each.environment is Environment.PRODUCTION
    )
    return sorted(
        (_listed(base, each, numbers, tenants, production) for each in found.touched),
        key=lambda each: each.wave,
    )


def _listed(
    base: str,
    touched: TouchedStack,
    numbers: Mapping[str, int],
    tenants: Mapping[str, list[str]],
    production: Mapping[str, int],
) -> Listed:
    stack = touched.stack
    who = tuple(sorted(tenants.get(stack, ())))
    return Listed(
        pulumi_name(base, stack), stack, numbers[stack], who, production.get(stack, 0), touched.because
    )


def _changes(request: Request) -> Changes:
    folder = request.portfolio or only_portfolio(request.cwd)
    if request.changed_since is not None and request.base_folder is not None:
        raise CatalogError("--changed-since and --base-folder: expected one of them")
    revision = request.changed_since
    if revision is not None and not revision.strip("0"):
        revision = None
    since = Since(revision, request.base_folder)
    return changes(folder, since, request.prefix or folder.resolve().name, request.cwd)


def _told(moved: MovedTenant) -> str:
    return (
        f"{CELLS_FILE}: '{moved.tenant}' comes from {moved.before} into {moved.after}, and its resources are "
        f"in the state of {moved.before}: `costack stacks split` says how they move; then give --state-moved"
    )


def _shard(text: str) -> Shard:
    found = _SHARD.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise CatalogError(f"--shard: '{text}': expected a part and how many there are, such as 2/8")
    return Shard(int(found[1]), int(found[2]))


def _job(each: Listed) -> dict[str, Any]:
    return {"stack": each.name, "wave": each.wave, "tenants": len(each.tenants)}


def _document(each: Listed) -> dict[str, Any]:
    return {
        "name": each.name,
        "stack": each.stack,
        "wave": each.wave,
        "tenants": list(each.tenants),
        "production": each.production,
        "because": list(each.because),
    }


def _show(listed: Sequence[Listed], columns: Sequence[str]) -> None:
    table = Table()
    for name in columns:
        table.add_column(name, justify="right" if name in ("wave", "tenants", "production") else "left")
    for each in listed:
        last = each.because if columns[-1] == "because of" else each.tenants
        row = (each.name, each.wave, len(each.tenants), each.production, first_names(last) or "-")
        table.add_row(*map(str, row))
    print_table(table)

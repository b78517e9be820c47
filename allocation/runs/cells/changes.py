"""Which stacks of a portfolio a change is for: since a git revision, or between two folders."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

from allocation.adapters.git_revision import changed_files, revision_of
from allocation.estimate.folders import OURS, Folders
from allocation.runs.before_and_after import folders_then
from allocation.runs.changed_stacks import changed_stacks
from tiers.catalog.folder import catalog_folder
from tiers.errors import CatalogError
from tiers.plan.cells.stacks import stacks_of
from tiers.plan.cells.touched import InStacks, MovedTenant, TouchedStack, moved, touched
from tiers.plan.resolve import deployable, resolve
from tiers.portfolio.cells.assignment import CELLS_FILE, load_assignment
from tiers.portfolio.cells.section import pulumi_name
from tiers.portfolio.loading import load_catalog_and_portfolio

_READ: Final = ".yaml"
"""What is read of a portfolio and of a catalog; the one that comes with Costack lies among modules."""


class Since(NamedTuple):
    """What a portfolio is compared with: a git revision, a folder, or nothing, which is for every stack."""

    revision: str | None = None
    folder: Path | None = None


class Changes(NamedTuple):
    """A portfolio in several stacks, the stacks that a change is for, and who is assigned elsewhere."""

    after: InStacks
    touched: tuple[TouchedStack, ...]
    moved: tuple[MovedTenant, ...] = ()


def in_stacks(folder: Path) -> InStacks:
    """The portfolio in *folder*, checked.

    Raises:
        CatalogError: With every mistake, or when one stack deploys the whole portfolio.
    """
    catalog, portfolio = load_catalog_and_portfolio(folder)
    plan, assignment = deployable(folder, catalog, portfolio), load_assignment(folder)
    if assignment is None:
        raise CatalogError(
            f"{folder / CELLS_FILE}: is missing: one stack deploys this portfolio; add `cells` to "
            "platform.yaml and run `costack stacks assign`"
        )
    return InStacks(portfolio.platform, plan, assignment)


def changes(folder: Path, since: Since, base: str, cwd: Path) -> Changes:
    """What has changed of the portfolio in *folder*.

    Args:
        folder: The portfolio as it is to be deployed.
        since: What was deployed before.
        base: What the names of its stacks begin with.
        cwd: The folder of the project.

    Raises:
        CatalogError: When the portfolio, or what it is compared with, cannot be read.
    """
    after = in_stacks(folder)
    if since.folder is not None:
        return _compared(_loaded(since.folder, OURS), after)
    if since.revision is None:
        every = tuple(TouchedStack(stack, ()) for stack in stacks_of(after.assignment))
        return Changes(after, every)
    found = _compared(_in_revision(since.revision, folder), after)
    return _with_files(found, changed_files(since.revision, cwd), base, (folder, catalog_folder(folder)), cwd)


def _compared(before: InStacks | None, after: InStacks) -> Changes:
    return Changes(after, touched(before, after), moved(before, after))


def _loaded(folder: Path, otherwise: Folders) -> InStacks | None:
    """The portfolio in a folder as it was; None where one stack deployed all of it, or it was not there."""
    assignment = load_assignment(folder)
    if assignment is None:
        return None
    catalog, portfolio = load_catalog_and_portfolio(folder, otherwise.catalog)
    return InStacks(portfolio.platform, resolve(catalog, portfolio), assignment)


def _in_revision(revision: str, folder: Path) -> InStacks | None:
    with revision_of(revision, (folder, *OURS), tip=True) as read:
        if folder not in read.folders:
            return None
        try:
            then = Folders(*(read.folders.get(each, each) for each in OURS))
            return _loaded(read.folders[folder], folders_then(read, folder, then))
        except CatalogError as error:
            raise CatalogError(
                f"--changed-since {revision}: this version of costack cannot read it; compare with a folder "
                "(--base-folder FOLDER), or list every stack",
                *(problem.replace(str(read.root), revision) for problem in error.problems[:1]),
            ) from None


def _with_files(
    found: Changes, files: tuple[str, ...], base: str, compared: tuple[Path, ...], cwd: Path
) -> Changes:
    """The same with what else is for stacks: their own configuration, the program, what is not known.

    Args:
        found: What portfolio and catalog say.
        files: The files that changed, seen from *cwd*.
        base: What the names of its stacks begin with.
        compared: The folders that were compared, file by file, as plans.
        cwd: The folder of the project.
    """
    places = tuple(f"{os.path.relpath(each, cwd)}/" for each in compared)
    others = [file for file in files if not (file.startswith(places) and file.endswith(_READ))]
    portfolio, reasons = found.after.plan.portfolio, {each.stack: each.because for each in found.touched}
    names = {pulumi_name(base, stack): stack for stack in stacks_of(found.after.assignment)}
    also = {names[each.stack]: each.files for each in changed_stacks(others, dict.fromkeys(names, portfolio))}
    together = tuple(
        TouchedStack(stack, (*reasons.get(stack, ()), *also.get(stack, ())))
        for stack in names.values()
        if stack in reasons or stack in also
    )
    return found._replace(touched=together)

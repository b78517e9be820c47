"""Reads the plans before and after a change from the sources the command line names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from allocation.adapters.git_revision import Revision, revision_of
from allocation.adapters.pulumi.preview import plans_of_preview
from allocation.adapters.pulumi.stack_outputs import NotDeployedError, inventory_of_file, inventory_of_stack
from allocation.estimate.folders import OURS, Folders, folders_of, folders_of_plan
from allocation.preview.base import Base, BaseKind
from tiers.catalog.folder import beside_portfolio, catalog_named
from tiers.catalog.loading import load_catalog
from tiers.catalog.tier import Catalog
from tiers.change.places import unmoved
from tiers.change.platform import platform_faults
from tiers.errors import CatalogError
from tiers.plan.capacity import add_capacity
from tiers.plan.plan import Plan, emptied
from tiers.plan.resolve import Resolver, deployable, resolve
from tiers.plan.storage import keeping_storage
from tiers.plan.warnings import advice
from tiers.portfolio.folders import PORTFOLIOS, portfolio_folder, portfolio_folders
from tiers.portfolio.gates.approvals import Approvals
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Portfolio
from tiers.portfolio.what_if import AssumedPortfolio, with_more, with_tenant, with_tiers
from tiers.strict_yaml import load_model


@dataclass(frozen=True)
class Where:
    """The sources of the plans; all but `portfolio` and `cwd` name the plan before: at most one is given."""

    stack: str | None = None
    inventory: Path | None = None
    base: str | None = None
    plan: Path | None = None
    portfolio: Path | None = None
    cwd: Path = Path()
    base_tip: str | None = None
    base_folder: Path | None = None

    @property
    def given(self) -> list[str]:
        """The options that name the plan before."""
        options = ("stack", "inventory", "base", "base_tip", "base_folder", "plan")
        return [name.replace("_", "-") for name in options if getattr(self, name) is not None]


@dataclass(frozen=True)
class WhatIf:
    """Changes supposed of the portfolio in the working tree, without writing them."""

    tenant: str | None = None
    tier: str | None = None
    settings: Mapping[str, str] | None = None
    moves: Mapping[str, str] | None = None
    more: tuple[tuple[int, str], ...] = ()
    add_capacity: bool = False

    @property
    def nothing(self) -> bool:
        """Whether the working tree is taken as it is."""
        return not (self.tenant or self.moves or self.more or self.add_capacity)


@dataclass(frozen=True)
class BeforeAndAfter:
    """The plans before and after, with their catalog, portfolio, prices and rules.

    `before` is None for a new stack. `portfolio` and `catalog` are those of the working tree; `then` and
    `now` are the folders before and after the change, and `supposed` says that the command line names
    nothing that was before. `there` has the folders of `then` by their place in the working tree. `base`
    says what before was read from, if it was a commit or a folder. `refused` has a sentence for each tenant
    that leaves its data behind according to the files of the working tree (a change that is only supposed
    may), and for what of the platform may not change. `pipelines` names the files that run previews in the
    base and change. `approvals_then` and `approvals_now` are the approval rules of both.
    """

    before: Plan | None
    after: Plan
    notes: tuple[str, ...]
    catalog: Catalog
    portfolio: Portfolio | None
    then: Folders
    now: Folders
    there: Folders
    supposed: bool = False
    base: Base | None = None
    refused: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()
    approvals_then: Approvals | None = None
    approvals_now: Approvals | None = None


@contextmanager
def read_before_and_after(where: Where, what_if: WhatIf) -> Iterator[BeforeAndAfter]:
    """Both plans; folders of an older revision exist for the time of the context.

    Raises:
        CatalogError: When a plan cannot be read, or the command line names none or too many.
    """
    named = where.given
    if len(named) > 1:
        raise CatalogError(f"name one thing to compare with, not both --{named[0]} and --{named[1]}")
    if where.plan is not None:
        if where.portfolio is not None or not what_if.nothing:
            raise CatalogError("--plan is the whole change; leave --portfolio and the what-if options out")
        yield _planned(where, *plans_of_preview(where.plan))
        return
    with ExitStack() as open_folders:
        there = _before(where, open_folders)
        now = folders_of(there.folder, OURS)
        catalog, portfolio = load_catalog_and_portfolio(there.folder, OURS.catalog)
        resolver = Resolver(catalog, portfolio.platform, there.plan.tenants if there.plan else ())
        tree = deployable(there.folder, catalog, portfolio, resolver)
        supposed = _supposed(catalog, portfolio, what_if, resolver)
        after = resolver.plan(supposed.portfolio)
        known = () if named else advice(catalog, portfolio, tree)
        fresh = [each for each in advice(catalog, supposed.portfolio, after) if each not in known]
        before = there.plan if named else tree
        left = _refused(before, tree, catalog)
        after, kept = keeping_storage(before or emptied(after), after)
        yield BeforeAndAfter(
            before=before,
            after=after,
            notes=(*there.notes, *supposed.notes, *kept, *fresh),
            catalog=catalog,
            portfolio=supposed.portfolio,
            then=there.then or now,
            now=now,
            there=there.there or there.then or now,
            supposed=not named,
            base=there.base,
            refused=left,
            pipelines=there.pipelines,
            approvals_then=there.approvals if there.base else portfolio.platform.approvals,
            approvals_now=portfolio.platform.approvals,
        )


def _planned(where: Where, before: Plan | None, after: Plan) -> BeforeAndAfter:
    """Both plans of a preview of Pulumi, with the catalog, prices and rules of the plan after."""
    after, kept = keeping_storage(before or emptied(after), after)
    folder = portfolio_folder(None, where.cwd, after.portfolio)
    now = folders_of_plan(after, folder)
    catalog = load_catalog(now.catalog)
    left, file = _refused(before, after, catalog), folder / "platform.yaml"
    rules = load_model(Platform, file, within=folder).approvals if file.is_file() else None
    return BeforeAndAfter(
        *(before, after, kept, catalog, None, now, now, now),
        refused=left,
        approvals_then=rules,
        approvals_now=rules,
    )


def _refused(before: Plan | None, files: Plan, catalog: Catalog) -> tuple[str, ...]:
    return (*platform_faults(before, files), *unmoved(before, files, catalog)) if before is not None else ()


class _Before(NamedTuple):
    """The plan before, if it is not the working tree's, and the folder of the working tree's portfolio.

    Folders of a commit are written elsewhere; `there` is where the working tree has them, or had.
    """

    folder: Path
    plan: Plan | None = None
    then: Folders | None = None
    there: Folders | None = None
    base: Base | None = None
    notes: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()
    approvals: Approvals | None = None


def _before(where: Where, open_folders: ExitStack) -> _Before:
    if where.stack is not None:
        try:
            inventory = inventory_of_stack(where.stack, where.cwd)
        except NotDeployedError:  # the first preview of a stack: everything is new
            return _Before(where.portfolio or only_portfolio(where.cwd))
        pending = tuple(f"pending: {sentence}" for sentence in inventory.notes)
        return _deployed(where, inventory.plan)._replace(notes=pending)
    if where.inventory is not None:
        return _deployed(where, inventory_of_file(where.inventory).plan)
    return _based(where, where.portfolio or only_portfolio(where.cwd), open_folders)


def _based(where: Where, folder: Path, open_folders: ExitStack) -> _Before:
    """What `--base`, `--base-tip` or `--base-folder` names, if anything."""
    if where.base_tip is not None:
        return _in_revision(where.base_tip, folder, open_folders, tip=True)
    if where.base_folder is not None:
        if not where.base_folder.is_dir():
            raise CatalogError(
                f"--base-folder: {where.base_folder}: no such folder; a git revision is named with --base"
            )
        catalog, portfolio = load_catalog_and_portfolio(where.base_folder, OURS.catalog)
        then, base = folders_of(where.base_folder, OURS), Base(BaseKind.FOLDER, str(where.base_folder))
        rules = portfolio.platform.approvals
        return _Before(folder, resolve(catalog, portfolio), then, base=base, approvals=rules)
    if where.base is None:
        return _Before(folder)
    return _in_revision(where.base, folder, open_folders, tip=False)


def _deployed(where: Where, plan: Plan) -> _Before:
    return _Before(portfolio_folder(where.portfolio, where.cwd, plan.portfolio), plan)


def _in_revision(revision: str, folder: Path, open_folders: ExitStack, *, tip: bool) -> _Before:
    """The portfolio of a commit, with its own catalog, prices and rules."""
    if not folder.is_dir():
        raise CatalogError(f"{folder}: no such portfolio directory")
    read = open_folders.enter_context(revision_of(revision, (folder, *OURS), tip=tip))
    found = read.folders
    then = Folders(*(found.get(each, each) for each in OURS))
    if folder not in found:
        own = folders_of(folder, OURS) != OURS  # which has the currency of what is new
        return _Before(folder, None, None if own else then, None if own else OURS, read.base)
    try:
        then = _folders_then(read, folder, then)
        catalog, portfolio = load_catalog_and_portfolio(found[folder], then.catalog)
        plan = resolve(catalog, portfolio)
    except CatalogError as error:
        option = "--base-tip" if tip else "--base"
        raise CatalogError(
            f"{option} {revision}: this version of costack cannot read it; compare with the deployed "
            "inventory (--stack or --inventory), or with a folder (--base-folder FOLDER)",
            *(problem.replace(str(read.root), revision) for problem in error.problems[:1]),
        ) from None
    there, rules = _in_the_tree(read, then), portfolio.platform.approvals
    return _Before(folder, plan, then, there, read.base, pipelines=read.pipelines, approvals=rules)


def _in_the_tree(read: Revision, then: Folders) -> Folders:
    """The folders of a commit by their place in the working tree."""
    places = {written: folder for folder, written in read.folders.items()}

    def place(folder: Path) -> Path:
        for above in (folder, *folder.parents):
            if above in places:
                return places[above] / folder.relative_to(above)
        return folder

    return Folders(*map(place, then))


def _folders_then(read: Revision, folder: Path, otherwise: Folders) -> Folders:
    """The folders of the portfolio in a commit: of the catalog that its `platform.yaml` named then.

    Raises:
        CatalogError: When the commit does not have the catalog.
    """
    named = catalog_named(read.folders[folder])
    if named is None:
        return otherwise
    read.add(beside_portfolio(folder, named))
    return folders_of(read.folders[folder], otherwise)


def _supposed(catalog: Catalog, portfolio: Portfolio, what_if: WhatIf, plans: Resolver) -> AssumedPortfolio:
    notes: list[str] = []

    def then(supposed: AssumedPortfolio) -> Portfolio:
        notes.extend(supposed.notes)
        return supposed.portfolio

    if what_if.moves:
        portfolio = then(with_tiers(catalog, portfolio, what_if.moves))
    if what_if.tenant is not None:
        portfolio = then(with_tenant(catalog, portfolio, what_if.tenant, what_if.tier, what_if.settings))
    for count, tier in what_if.more:
        portfolio = then(with_more(catalog, portfolio, tier, count))
    if what_if.add_capacity:
        portfolio = then(add_capacity(catalog, portfolio, plans))
    return AssumedPortfolio(portfolio, tuple(notes))


def only_portfolio(cwd: Path) -> Path:
    """The folder of the only portfolio under `portfolios/` of *cwd*.

    Raises:
        CatalogError: When there is none, or more than one.
    """
    found = portfolio_folders(cwd)
    if len(found) == 1:
        return found[0]
    listed = ", ".join(map(str, found)) or f"none in {cwd / PORTFOLIOS}"
    raise CatalogError(
        f"name the portfolio with --portfolio, or the project's folder with --cwd; found {listed}"
    )

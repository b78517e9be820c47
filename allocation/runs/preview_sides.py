"""The two sides of a preview: what is, and what would be, from wherever the command line says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from allocation.adapters.git_revision import revision_of
from allocation.adapters.pulumi.preview import plans_of_preview
from allocation.adapters.pulumi.stack_outputs import inventory_of_file, inventory_of_stack
from allocation.engine import rulebook as rules
from allocation.prices import price_book as pricing
from tiers.catalog.loading import CATALOG_DIRECTORY, load_catalog
from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError
from tiers.plan.capacity import with_room
from tiers.plan.plan import Plan, emptied
from tiers.plan.resolve import resolve
from tiers.plan.storage import keeping_storage
from tiers.plan.warnings import advice
from tiers.portfolio.folders import PORTFOLIOS, portfolio_folder, portfolio_folders
from tiers.portfolio.loading import load_portfolio
from tiers.portfolio.tenant import Portfolio
from tiers.portfolio.what_if import Supposed, with_more, with_tenant, with_tiers


@dataclass(frozen=True)
class Where:
    """Where each side is read from; at most one of `stack`, `inventory`, `base` and `plan` says what is."""

    stack: str | None = None
    inventory: Path | None = None
    base: str | None = None
    plan: Path | None = None
    portfolio: Path | None = None
    cwd: Path = Path()


@dataclass(frozen=True)
class WhatIf:
    """What is supposed of the portfolio in the working tree, without writing it."""

    tenant: str | None = None
    tier: str | None = None
    settings: Mapping[str, str] | None = None
    moves: Mapping[str, str] | None = None
    more: tuple[tuple[int, str], ...] = ()
    room: bool = False

    @property
    def nothing(self) -> bool:
        """Whether the working tree is taken as it is."""
        return not (self.tenant or self.moves or self.more or self.room)


@dataclass(frozen=True)
class Sides:
    """Two plans, and what belongs to them.

    `before` is None for a stack that is new. `portfolio` and `catalog` are the working tree's, where it was
    read; `folders` say where the price book and the rulebook of the side before are.
    """

    before: Plan | None
    after: Plan
    notes: tuple[str, ...]
    catalog: Catalog
    portfolio: Portfolio | None
    prices: Path
    rules: Path


@contextmanager
def read_sides(where: Where, what_if: WhatIf) -> Iterator[Sides]:
    """Both sides; folders of an older revision are there for as long as the context is.

    Raises:
        CatalogError: When a side cannot be read, or the command line names none or too many.
    """
    named = [name for name in ("stack", "inventory", "base", "plan") if getattr(where, name) is not None]
    if len(named) > 1:
        raise CatalogError(f"name one thing to compare with, not both --{named[0]} and --{named[1]}")
    catalog = load_catalog()
    if where.plan is not None:
        if where.portfolio is not None or not what_if.nothing:
            raise CatalogError("--plan says what would be; leave --portfolio and the what-if options out")
        before, after = plans_of_preview(where.plan)
        after, kept = keeping_storage(before or emptied(after), after)
        yield Sides(before, after, kept, catalog, None, pricing.DIRECTORY, rules.DIRECTORY)
        return
    with ExitStack() as open_folders:
        there = _there(where, open_folders)
        portfolio = load_portfolio(there.folder, catalog)
        tree = resolve(catalog, portfolio)
        supposed = _supposed(catalog, portfolio, what_if)
        after = resolve(catalog, supposed.portfolio)
        told = () if named else advice(catalog, portfolio, tree)
        fresh = [each for each in advice(catalog, supposed.portfolio, after) if each not in told]
        before = there.plan if named else tree
        after, kept = keeping_storage(before or emptied(after), after)
        yield Sides(
            before=before,
            after=after,
            notes=(*supposed.notes, *kept, *fresh),
            catalog=catalog,
            portfolio=supposed.portfolio,
            prices=there.prices,
            rules=there.rules,
        )


class _There(NamedTuple):
    """What is, as far as it is not the working tree's, and the folder of the working tree's portfolio."""

    folder: Path
    plan: Plan | None = None
    prices: Path = pricing.DIRECTORY
    rules: Path = rules.DIRECTORY


def _there(where: Where, open_folders: ExitStack) -> _There:
    if where.stack is not None:
        return _deployed(where, inventory_of_stack(where.stack, where.cwd).plan)
    if where.inventory is not None:
        return _deployed(where, inventory_of_file(where.inventory).plan)
    folder = where.portfolio or _only_portfolio(where.cwd)
    if where.base is None:
        return _There(folder)
    if Path(where.base).is_dir():
        catalog = load_catalog()
        return _There(folder, resolve(catalog, load_portfolio(Path(where.base), catalog)))
    return _in_revision(where.base, folder, open_folders)


def _deployed(where: Where, plan: Plan) -> _There:
    return _There(portfolio_folder(where.portfolio, where.cwd, plan.portfolio), plan)


def _in_revision(revision: str, folder: Path, open_folders: ExitStack) -> _There:
    """The portfolio of a revision, held against its own catalog, with its own prices and rules."""
    if not folder.is_dir():
        raise CatalogError(f"{folder}: no such portfolio directory")
    ours = (CATALOG_DIRECTORY, pricing.DIRECTORY, rules.DIRECTORY)
    root, then = open_folders.enter_context(revision_of(revision, (folder, *ours)))
    catalog, prices, rulebooks = (then.get(each, each) for each in ours)
    if folder not in then:
        return _There(folder, None, prices, rulebooks)
    try:
        known = load_catalog(catalog)
        plan = resolve(known, load_portfolio(then[folder], known))
    except CatalogError as error:
        raise CatalogError(
            f"--base {revision}: cannot be read by this version of costack; compare with the inventory of "
            "what is deployed (--stack or --inventory), or with a folder (--base DIR)",
            *(problem.replace(str(root), revision) for problem in error.problems[:1]),
        ) from None
    return _There(folder, plan, prices, rulebooks)


def _supposed(catalog: Catalog, portfolio: Portfolio, what_if: WhatIf) -> Supposed:
    notes: list[str] = []

    def then(supposed: Supposed) -> Portfolio:
        notes.extend(supposed.notes)
        return supposed.portfolio

    if what_if.moves:
        portfolio = then(with_tiers(catalog, portfolio, what_if.moves))
    if what_if.tenant is not None:
        changed = with_tenant(catalog, portfolio, what_if.tenant, what_if.tier, what_if.settings)
        portfolio = then(changed)
    for count, tier in what_if.more:
        portfolio = then(with_more(catalog, portfolio, tier, count))
    if what_if.room:
        portfolio = then(with_room(catalog, portfolio))
    return Supposed(portfolio, tuple(notes))


def _only_portfolio(cwd: Path) -> Path:
    found = portfolio_folders(cwd)
    if len(found) == 1:
        return found[0]
    listed = ", ".join(map(str, found)) or f"none in {cwd / PORTFOLIOS}"
    raise CatalogError(f"name the portfolio with --portfolio; there are {listed}")

"""Where the catalog, the price book and the rulebooks of a portfolio lie: its own, or those of Costack."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

from allocation.engine import rulebook as rules
from allocation.prices import price_book as pricing
from tiers.catalog.folder import CATALOG_DIRECTORY, beside_portfolio, catalog_folder
from tiers.catalog.unused import PRICES, RULES
from tiers.errors import CatalogError
from tiers.plan.plan import Plan


class Folders(NamedTuple):
    """Three folders: of tiers and classes, of price files, of rulebooks."""

    catalog: Path = CATALOG_DIRECTORY
    prices: Path = pricing.DIRECTORY
    rules: Path = rules.DIRECTORY


OURS: Final = Folders()
"""Those that come with Costack."""


def folders_of(portfolio: Path, otherwise: Folders = OURS) -> Folders:
    """The folders of the portfolio in *portfolio*; *otherwise* for what it has no own of.

    A catalog of one's own may have a folder `pricebook` and a folder `rulebook`; each stands for the whole
    of what comes with Costack.

    Raises:
        CatalogError: When its `platform.yaml` names a catalog that is not there.
    """
    return folders_in(catalog_folder(portfolio, otherwise.catalog), otherwise)


def folders_in(catalog: Path, otherwise: Folders = OURS) -> Folders:
    """The same by the folder of its catalog.

    Raises:
        CatalogError: When what is called as one of its folders is none: others' prices or rules would stand
            in for it.
    """
    if catalog == otherwise.catalog:
        return otherwise
    return Folders(catalog, _own(catalog / PRICES, otherwise.prices), _own(catalog / RULES, otherwise.rules))


def _own(mine: Path, theirs: Path) -> Path:
    if mine.is_dir():
        return mine
    if os.path.lexists(mine):
        raise CatalogError(f"{mine}: expected a folder with YAML files, found a file, or a link to none")
    return theirs


def folders_of_plan(plan: Plan, portfolio: Path) -> Folders:
    """The folders of a plan that was deployed, whose portfolio is expected in the folder *portfolio*.

    Raises:
        CatalogError: When the plan was made with a catalog of its own that is not there: another catalog's
            classes, prices and rules would give figures that look alike.
    """
    if plan.catalog is None:
        return OURS
    # A program in another language has no folder of a portfolio: its catalog is seen from its own.
    where = portfolio if portfolio.is_dir() else portfolio.parent.parent
    if not (folder := beside_portfolio(where, plan.catalog)).is_dir():
        raise CatalogError(
            f"{folder}: no such folder; portfolio '{plan.portfolio}' was deployed with this catalog of its "
            f"own: run the command in the project's folder, where {portfolio} is"
        )
    return folders_in(folder)

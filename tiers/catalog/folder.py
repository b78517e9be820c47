"""Where the catalog of a portfolio lies: the one that comes with Costack, or the firm's own."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, Field

from tiers.errors import CatalogError
from tiers.strict_yaml import collect, load_model, sentence

CATALOG_DIRECTORY: Final = Path(__file__).parent
PLATFORM_FILE: Final = "platform.yaml"

CatalogPath = Annotated[
    str, Field(pattern=r"^(\.\./){0,2}[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$")
]
"""A folder as the folder of a portfolio sees it: in the project, which is two levels above at most."""


class UnknownCatalogError(CatalogError):
    """Why a `platform.yaml` does not say what its catalog is; whoever reads the whole file says so, too."""


class _Named(BaseModel):
    """What `platform.yaml` says of its catalog, whatever else is in it."""

    catalog: CatalogPath | None = None


def catalog_folder(portfolio: Path, otherwise: Path = CATALOG_DIRECTORY) -> Path:
    """The folder of the catalog that the portfolio in the folder *portfolio* is sold from.

    Args:
        portfolio: The folder with `platform.yaml`.
        otherwise: The folder where the file names none, or is not there.

    Raises:
        UnknownCatalogError: When the file is there and does not say which one.
        CatalogError: When the folder that it names is not there, or lies behind a link out of the project.
    """
    named = catalog_named(portfolio)
    if named is None:
        return otherwise
    file, folder, project = portfolio / PLATFORM_FILE, beside_portfolio(portfolio, named), portfolio / "../.."
    if not folder.resolve().is_relative_to(project.resolve()):
        raise CatalogError(
            sentence(file, (("catalog",), f"{folder}: is a link that leads out of the project"))
        )
    if not folder.is_dir():
        raise CatalogError(sentence(file, (("catalog",), f"{folder}: no such folder; expected tier files")))
    return folder


def catalog_named(portfolio: Path) -> CatalogPath | None:
    """What the `platform.yaml` of the folder *portfolio* names as its own catalog; None without that file.

    Raises:
        UnknownCatalogError: When it cannot be read, or names what cannot be a folder of the project.
    """
    file, problems = portfolio / PLATFORM_FILE, list[str]()
    if not os.path.lexists(file):
        return None
    read = collect(problems, partial(load_model, _Named, file, within=portfolio))
    if read is None:
        raise UnknownCatalogError(*problems)
    return read.catalog


def beside_portfolio(portfolio: Path, named: CatalogPath) -> Path:
    """Where a thing that `platform.yaml` names lies, such as its own catalog, whether it is there or not."""
    # As the name says, not as a link in it leads: git's folders are compared by name, too.
    found = Path(os.path.normpath(portfolio / named))
    return found if ".." not in found.parts else Path(os.path.normpath(portfolio.absolute() / named))

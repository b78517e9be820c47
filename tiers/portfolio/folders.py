"""The folders of portfolios, one each under `portfolios` of the working folder, and the files in them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from tiers.catalog.folder import PLATFORM_FILE
from tiers.errors import CatalogError
from tiers.strict_yaml import collect, load_model
from tiers.vocabulary import TenantId

PORTFOLIOS: Final = Path("portfolios")


class NoFileError(CatalogError):
    """No file of a portfolio has a tenant, and all of them can be read."""


class _Named(BaseModel):
    """What every tenant's file says, whatever else is in it."""

    tenant: str = ""


class _Platform(BaseModel):
    """What every `platform.yaml` says, whatever else is in it."""

    portfolio: str | None = None


def portfolio_folder(given: Path | None, cwd: Path, name: str) -> Path:
    """The folder that was *given*, or the default folder of portfolio *name*; it may not exist."""
    return given or cwd / PORTFOLIOS / name


def portfolio_folders(cwd: Path) -> list[Path]:
    """The folders of all portfolios, by name."""
    return sorted(path.parent for path in (cwd / PORTFOLIOS).glob(f"*/{PLATFORM_FILE}"))


def portfolio_named(folder: Path) -> str | None:
    """The portfolio that the `platform.yaml` of *folder* describes; None where there is no such file."""
    read = collect([], partial(load_model, _Platform, folder / PLATFORM_FILE, within=folder))
    return None if read is None else read.portfolio


def file_of(portfolio: Path, tenant: TenantId) -> Path:
    """The file of *tenant* in the folder *portfolio*; it need not have the tenant's name.

    Raises:
        NoFileError: When no file of the portfolio has it.
        CatalogError: When none has it and some cannot be read; it says why.
    """
    unreadable: list[str] = []
    for path in sorted((portfolio / "tenants").glob("*.yaml")):
        named = collect(unreadable, partial(load_model, _Named, path, within=portfolio))
        if named is not None and named.tenant == tenant:
            return path
    if unreadable:
        raise CatalogError(*unreadable)
    raise NoFileError(f"{portfolio / 'tenants'}: no file has tenant '{tenant}'")

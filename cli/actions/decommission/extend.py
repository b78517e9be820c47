"""`costack extend`: a later end for a migration environment, with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cli.console.output import echo
from lifecycle.adapters.tenant_file import append_item
from lifecycle.extension import extension_of, line_of
from tiers.errors import CatalogError
from tiers.portfolio.folders import PORTFOLIOS, file_of, portfolio_folders
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.portfolio.names import id_of


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    tenant: str
    until: datetime
    reason: str
    by: str
    portfolio: Path | None
    cwd: Path


def extend(request: Request) -> None:
    """Write the extension into the tenant's file.

    Raises:
        CatalogError: When the portfolio cannot be read, or no file has the tenant.
        RefusedError: When it may not last so long.
    """
    folders = [request.portfolio] if request.portfolio else portfolio_folders(request.cwd)
    if len(folders) != 1:
        there = ", ".join(map(str, folders)) or "none"
        raise CatalogError(
            f"{request.cwd / PORTFOLIOS}: name one portfolio with --portfolio; there are {there}"
        )
    (folder,) = folders
    catalog, portfolio = load_catalog_and_portfolio(folder)
    named = id_of(portfolio.tenants, request.tenant)
    tenant = next((each for each in portfolio.tenants if each.tenant == named), None)
    if tenant is None:
        there = ", ".join(each.tenant for each in portfolio.tenants) or "none"
        raise CatalogError(f"tenant '{request.tenant}' has no file; there are {there}")
    made = extension_of(tenant, request.until, request.reason, request.by, catalog.classes)
    path = file_of(folder, named)
    append_item(path, "extended", line_of(made), "expires_at")
    echo(f"{named} ends on {made.until:%Y-%m-%d %H:%M} UTC, as {path} says; commit it and run `pulumi up`")

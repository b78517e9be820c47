"""`costack extend`: a later end for a migration environment, with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from allocation.runs.before_and_after import only_portfolio
from cli.console.output import echo
from lifecycle.adapters.tenant_file import append_item
from lifecycle.extension import extension_of, line_of
from tiers.errors import CatalogError
from tiers.portfolio.folders import file_of
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
    folder = request.portfolio or only_portfolio(request.cwd)
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

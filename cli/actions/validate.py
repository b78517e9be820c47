"""`costack validate`: what is wrong, what is worth knowing, and what is there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer

from tiers.catalog.loading import CATALOG_DIRECTORY, read_catalog
from tiers.errors import CatalogError
from tiers.plan.resolve import resolve
from tiers.plan.warnings import advice
from tiers.portfolio.folders import PORTFOLIOS
from tiers.portfolio.loading import read_portfolio


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    portfolio: Path | None
    cwd: Path


def validate_portfolios(request: Request) -> None:
    """Check one portfolio, or all of the project; print a line for each, warnings to stderr.

    Raises:
        CatalogError: With every mistake in every file that was checked.
    """
    problems: list[str] = []
    catalog, folder = read_catalog(CATALOG_DIRECTORY, problems), request.cwd / PORTFOLIOS
    directories = [request.portfolio] if request.portfolio else _folders(folder)
    if not directories:
        raise CatalogError(
            *problems,
            f"{folder}: holds no portfolio; run the command in the project's folder, or name a portfolio: "
            "costack validate FOLDER",
        )
    for directory in directories:
        found: list[str] = []
        loaded = read_portfolio(directory, catalog, found)
        problems += found
        if found or catalog is None or catalog.unusable or loaded is None:
            continue
        plan = resolve(catalog, loaded)
        for warning in advice(catalog, loaded, plan):
            typer.echo(f"warning: {warning}", err=True)
        facts = sum(1 for _ in plan.all_facts())
        tenants = f"{len(plan.tenants)} tenant{'' if len(plan.tenants) == 1 else 's'}"
        typer.echo(f"{directory}: valid, {tenants}, {facts} facts, catalog {catalog.version}")
    if problems:
        raise CatalogError(*problems)


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_dir())

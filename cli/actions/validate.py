"""`costack validate`: what is wrong, what is worth knowing, and what is there."""

from __future__ import annotations

from pathlib import Path

import typer

from tiers.catalog.loading import load_catalog
from tiers.errors import CatalogError
from tiers.plan.resolve import resolve
from tiers.plan.warnings import advice
from tiers.portfolio.loading import load_portfolio


def validate_portfolios(portfolio: Path | None, folder: Path) -> None:
    """Check one portfolio, or every one in *folder*; print a line for each, warnings to stderr.

    Raises:
        CatalogError: With every mistake in every file that was checked.
    """
    catalog = load_catalog()
    directories = [portfolio] if portfolio else sorted(path for path in folder.glob("*") if path.is_dir())
    if not directories:
        raise CatalogError(f"{folder}: holds no portfolio; name one: costack validate FOLDER")
    problems: list[str] = []
    for directory in directories:
        try:
            loaded = load_portfolio(directory, catalog)
        except CatalogError as error:
            problems += error.problems
            continue
        plan = resolve(catalog, loaded)
        for warning in advice(catalog, loaded, plan):
            typer.echo(f"warning: {warning}", err=True)
        facts = sum(1 for _ in plan.all_facts())
        tenants = f"{len(plan.tenants)} tenant{'' if len(plan.tenants) == 1 else 's'}"
        typer.echo(f"{directory}: valid, {tenants}, {facts} facts, catalog {catalog.version}")
    if problems:
        raise CatalogError(*problems)

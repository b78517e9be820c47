"""`costack validate`: what is wrong, what is worth knowing, and what is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cli.console.output import echo
from tiers.catalog.loading import CATALOG_DIRECTORY, read_catalog
from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError
from tiers.plan.estate.siblings import PlannedPortfolio, faults_between, faults_within, sibling_folders
from tiers.plan.resolve import planned
from tiers.plan.warnings import advice
from tiers.portfolio.folders import PORTFOLIOS


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    portfolio: Path | None
    cwd: Path


def validate_portfolios(request: Request) -> None:
    """Check all portfolios of the project, or one of them against the others.

    Prints a line for each valid one; warnings go to stderr.

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
    found = {each: planned(each, catalog, problems) for each in directories}
    valid = [each for each in found.values() if each is not None]
    for each in valid:
        problems += faults_within(each)
    if request.portfolio:
        for sibling in _siblings(request.portfolio, catalog):
            problems += [fault for each in valid for fault in faults_between((sibling, each))]
    else:
        problems += faults_between(valid)
    for each in valid:
        if catalog is not None and not any(problem.startswith(f"{each.folder}/") for problem in problems):
            _print(each, catalog)
    if problems:
        raise CatalogError(*problems)


def _siblings(folder: Path, catalog: Catalog | None) -> Iterator[PlannedPortfolio]:
    """The portfolios beside *folder*; a warning for each that cannot be compared."""
    for sibling in sibling_folders(folder):
        mistakes: list[str] = []
        found = planned(sibling, catalog, mistakes)
        if found is not None:
            yield found
        elif mistakes:
            echo(f"warning: {sibling}: not compared, it cannot be read: {mistakes[0]}", err=True)


def _print(one: PlannedPortfolio, catalog: Catalog) -> None:
    for warning in advice(catalog, one.portfolio, one.plan):
        echo(f"warning: {warning}", err=True)
    facts = sum(1 for _ in one.plan.all_facts())
    tenants = f"{len(one.plan.tenants)} tenant{'' if len(one.plan.tenants) == 1 else 's'}"
    echo(f"{one.folder}: valid, {tenants}, {facts} facts, catalog {catalog.version}")


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_dir())

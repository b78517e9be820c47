"""`costack validate`: what is wrong, what is worth knowing, and what is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from allocation.adapters.folders.review_sign_off import check_sign_offs
from allocation.engine.rulebook import rulebooks
from allocation.estimate.folders import OURS, folders_of
from allocation.prices.price_book import CURRENCY, load_price_book
from cli.console.output import echo
from tiers.catalog.folder import CATALOG_DIRECTORY, catalog_folder
from tiers.catalog.unused import unused
from tiers.errors import CatalogError
from tiers.plan.estate.siblings import PlannedPortfolio, faults_between, faults_within, sibling_folders
from tiers.plan.postgresql.support import server_support_advice
from tiers.plan.resolve import planned
from tiers.plan.warnings import advice
from tiers.portfolio.folders import PORTFOLIOS
from tiers.portfolio.loading import Catalogs
from tiers.portfolio.reviews.loading import load_reviews
from tiers.portfolio.versions.chosen import support_advice
from tiers.strict_yaml import collect


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    portfolio: Path | None
    today: date
    cwd: Path


def validate_portfolios(request: Request) -> None:
    """Check all portfolios of the project, or one of them against the others.

    Prints a line for each valid one; warnings go to stderr.

    Raises:
        CatalogError: With every mistake in every file that was checked.
    """
    problems: list[str] = []
    catalogs, folder = Catalogs(), request.cwd / PORTFOLIOS
    directories = [request.portfolio] if request.portfolio else _folders(folder)
    if not directories:
        raise CatalogError(
            f"{folder}: holds no portfolio; run the command in the project's folder, or name a portfolio: "
            "costack validate FOLDER",
        )
    found = {each: planned(each, catalogs, problems) for each in directories}
    valid = [each for each in found.values() if each is not None]
    for each in valid:
        problems += faults_within(each)
        collect(problems, lambda each=each: load_reviews(each.folder))  # type: ignore[misc]
        collect(problems, lambda each=each: check_sign_offs(each.folder))  # type: ignore[misc]
    if request.portfolio:
        for sibling in _siblings(request.portfolio, catalogs):
            problems += [fault for each in valid for fault in faults_between((sibling, each))]
    else:
        problems += faults_between(valid)
    problems += _faults_of_prices_and_rules(valid)
    for each in valid:
        if not any(problem.startswith(f"{each.folder}/") for problem in problems):
            _print(each, catalogs, request.today)
    _warn_of_unused(catalogs, [] if request.portfolio else valid)
    if problems:
        raise CatalogError(*problems)


def _faults_of_prices_and_rules(valid: Sequence[PlannedPortfolio]) -> list[str]:
    """The mistakes in price files and rulebooks that are not Costack's; a warning who has no prices."""
    problems: list[str] = []
    found = {each.folder: (folders_of(each.folder), each.plan.currency) for each in valid}
    for rules in {folders.rules for folders, _ in found.values()} - {OURS.rules}:
        if collect(problems, lambda rules=rules: rulebooks(rules)) == {}:  # type: ignore[misc]
            problems.append(f"{rules}: holds no rulebook; expected files such as 2026-11.yaml, or no folder")
    for prices, currency in {(folders.prices, currency) for folders, currency in found.values()}:
        told: list[str] = []
        if (prices, currency) != (OURS.prices, CURRENCY):
            collect(told, lambda prices=prices, currency=currency: load_price_book(currency, prices))  # type: ignore[misc]
        if prices != OURS.prices:
            problems += told
            continue
        for warning in told:
            without = sorted(str(folder) for folder, each in found.items() if each[1] == currency)
            echo(f"warning: {', '.join(without)}: no estimates: {warning}", err=True)
    return problems


def _siblings(folder: Path, catalogs: Catalogs) -> Iterator[PlannedPortfolio]:
    """The portfolios beside *folder*; a warning for each that cannot be compared."""
    for sibling in sibling_folders(folder):
        mistakes: list[str] = []
        found = planned(sibling, catalogs, mistakes)
        if found is not None:
            yield found
        elif mistakes:
            echo(f"warning: {sibling}: not compared, it cannot be read: {mistakes[0]}", err=True)


def _warn_of_unused(catalogs: Catalogs, valid: Sequence[PlannedPortfolio]) -> None:
    """Warn of what no portfolio of the project uses of the catalogs that are its own."""
    by_folder: dict[Path, list[PlannedPortfolio]] = {}
    for each in valid:
        by_folder.setdefault(catalog_folder(each.folder), []).append(each)
    for folder, portfolios in by_folder.items():
        catalog = catalogs.by_folder[folder]
        if catalog is not None and folder != CATALOG_DIRECTORY:
            used = [row for each in portfolios for row in each.portfolio.rows()]
            for warning in unused(folder, catalog, used):
                echo(f"warning: {warning}", err=True)


def _print(one: PlannedPortfolio, catalogs: Catalogs, today: date) -> None:
    catalog = catalogs.by_folder[catalog_folder(one.folder)]
    if catalog is None:
        return
    ends = (*support_advice(one.portfolio, today), *server_support_advice(one.plan, today))
    for warning in (*advice(catalog, one.portfolio, one.plan), *ends):
        echo(f"warning: {warning}", err=True)
    facts = sum(1 for _ in one.plan.all_facts())
    tenants = f"{len(one.plan.tenants)} tenant{'' if len(one.plan.tenants) == 1 else 's'}"
    echo(f"{one.folder}: valid, {tenants}, {facts} facts, catalog {catalog.version}")


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_dir())

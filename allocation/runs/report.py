"""Reads the input of a report: the month, earlier months, usage levels, readiness, unit costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb

from allocation.adapters.cloudwatch.export import read_metrics
from allocation.adapters.commitment_offers import read_offers
from allocation.adapters.folders.earlier_months import ITEMS, STATEMENT, months_before
from allocation.adapters.folders.run import MANIFEST, read_json
from allocation.adapters.usage.intake import read_usage
from allocation.charges import ChargePeriod
from allocation.engine.drivers import Driver
from allocation.errors import AllocationError
from allocation.estimate.folders import Folders, folders_of_plan
from allocation.preview.commitments.machines import Commitments, commitments
from allocation.preview.cost_estimate import Conditions, CostEstimate, cost_estimate
from allocation.preview.estimates import Estimates
from allocation.preview.unit_costs.curve import unit_costs
from allocation.report.showback.quarterly import Curve
from allocation.report.statement.document import document, items_document
from allocation.review.metric_levels import Metrics
from allocation.review.usage_levels import Level, levels
from allocation.runs.messages import Messages
from allocation.statement.filed import FiledStatement
from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError
from tiers.plan.plan import Plan
from tiers.portfolio.folders import portfolio_folder
from tiers.portfolio.tenant import Portfolio
from tiers.vocabulary import Environment, Isolation

_MORE: Final = (0, 10, 100)


@dataclass(frozen=True)
class Request:
    """The options of the command line."""

    stack: str | None
    inventory: Path | None
    run: Path | None
    period: str
    history: Path | None
    usage: tuple[Path, ...]
    evidence: tuple[Path, ...]
    sign_off: Path | None
    portfolio: Path | None
    previews: int
    out: Path
    cwd: Path
    today: date
    metrics: tuple[Path, ...] = ()
    offers: tuple[Path, ...] = ()


Documents = tuple[Mapping[str, Any], Mapping[str, Any] | None]


def month_documents(
    request: Request, plan: Plan, portfolio: Portfolio | None, period: ChargePeriod, messages: Messages
) -> tuple[Documents, CostEstimate | None]:
    """The statement and items of a run or an estimate, and the estimate of the deployed plan.

    A run in a currency without list prices has no estimate.
    """
    folders = folders_of_report(request, plan)
    if request.run is None:
        estimate = cost_estimate(plan, _conditions(plan, portfolio, period, folders))
        return (document(estimate.statement), items_document(estimate.statement)), estimate
    items = request.run / ITEMS
    documents = read_json(request.run / STATEMENT), read_json(items) if items.is_file() else None
    try:
        return documents, cost_estimate(plan, _conditions(plan, portfolio, period, folders))
    except (CatalogError, AllocationError) as error:
        messages.warn(
            f"without an estimate the report has no off-hours savings, unit costs or priced options: {error}"
        )
        return documents, None


def folders_of_report(request: Request, plan: Plan) -> Folders:
    """The catalog, prices and rules that the deployed plan was made with.

    Raises:
        CatalogError: As `folders_of_plan`.
    """
    return folders_of_plan(plan, portfolio_folder(request.portfolio, request.cwd, plan.portfolio))


def refuse_another(statement: FiledStatement, request: Request, plan: Plan) -> None:
    """Refuse a run of another month, portfolio or currency than the deployed plan."""
    for what, found, expected in (
        ("month", statement.month, request.period),
        ("portfolio", statement.portfolio, plan.portfolio),
        ("currency", statement.currency, plan.currency),
    ):
        if found != expected:
            raise CatalogError(f"--run {request.run}: its {what} is {found}, expected {expected}")


def readiness_of(request: Request) -> tuple[tuple[str, str, str, bool], ...] | None:
    """The gates of a run; None for an estimate."""
    if request.run is None:
        return None
    found = read_json(request.run / MANIFEST).get("readiness")
    return tuple((each["gate"], each["found"], each["limit"], bool(each["passed"])) for each in found or ())


def _conditions(
    plan: Plan, portfolio: Portfolio | None, period: ChargePeriod, folders: Folders
) -> Conditions:
    """Prices of every region of the plan and the portfolio, and the rules of the month."""
    regions = {fact.region for fact in plan.all_facts()}
    if portfolio is not None:
        regions |= {portfolio.platform.region, *portfolio.platform.dr_regions}
    return Conditions.of_month(period, plan.currency, regions, folders)


def earlier_months(request: Request, statement: FiledStatement) -> tuple[FiledStatement, ...]:
    """The earlier months; none if this report is the first in its folder."""
    folder = request.history
    if folder is None or (not folder.exists() and folder.resolve() == request.out.resolve().parent):
        return ()
    return months_before(folder, statement)


def levels_of(
    files: tuple[Path, ...], period: ChargePeriod, messages: Messages
) -> dict[tuple[str, Driver], Level]:
    """The usage levels of every tenant and driver from usage files."""
    if not files:
        return {}
    with closing(duckdb.connect()) as connection:
        taken = read_usage(connection, files, period, [str(driver) for driver in Driver])
        if taken.refused:
            rules = ", ".join(f"{rule} {rows}" for rule, rows in sorted(taken.refused.items()))
            messages.warn(f"refused rows of usage: {rules}")
        return levels(connection.execute("SELECT * FROM usage").fetchall())


def metrics_of(
    request: Request, plan: Plan, portfolio: Portfolio | None, period: ChargePeriod, messages: Messages
) -> Metrics:
    """What CloudWatch measured in *period*; says so where something of it cannot be used.

    Raises:
        CatalogError: When an export cannot be read.
    """
    metrics = read_metrics(request.metrics, period)
    known = {fact.id for fact in plan.all_facts()}
    if others := sorted({fact for fact, _, _ in metrics} - known):
        messages.warn(f"metrics of {len(others)} that are not deployed are left out, {others[0]} among them")
    if request.metrics and portfolio is None:
        messages.warn("without the portfolio's files nobody knows which sizes could change: see --portfolio")
    return metrics


def unit_cost_curve(
    catalog: Catalog, statement: FiledStatement, estimates: Estimates | None, messages: Messages
) -> Curve | None:
    """The unit-cost curve of the shared tier with most production tenants."""
    shared = [
        line.tier
        for line in statement.tenants
        if line.environment == Environment.PRODUCTION
        and line.tier in catalog.tiers
        and catalog.tiers[line.tier].isolation is Isolation.SHARED
    ]
    if estimates is None or not shared:
        return None
    tier = max(sorted(set(shared)), key=shared.count)
    messages.progress(f"unit costs of {tier}")
    try:
        return Curve(tier, tuple(unit_costs(estimates, tier, _MORE)))
    except (CatalogError, AllocationError) as error:
        return Curve(tier, (), f"{error}")


def estimates_of(
    catalog: Catalog, portfolio: Portfolio | None, deployed: CostEstimate | None
) -> Estimates | None:
    """What answers questions about the portfolio, under the conditions of what is deployed; None without."""
    if portfolio is None or deployed is None:
        return None
    return Estimates(catalog, portfolio, deployed.conditions, deployed)


def commitments_of(
    request: Request, months: Sequence[FiledStatement], estimate: CostEstimate | None
) -> tuple[Commitments, ...]:
    """What the offers of the command line would have saved in *months*; none where no offers are given.

    Raises:
        CatalogError: When offers cannot be read, or nothing has a price on demand to compare with.
    """
    if not request.offers:
        return ()
    if estimate is None:
        raise CatalogError("--offers: there are no prices on demand in this currency to compare with")
    plan = estimate.plan
    region = next(fact.region for fact in plan.platform)
    offers = read_offers(request.offers, region, plan.currency)
    return commitments(plan, months, estimate.conditions.prices, offers)

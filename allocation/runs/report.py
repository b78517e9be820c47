"""What a report is made from: the month, the months before, usage levels, readiness, unit costs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from allocation.adapters.folders.months import ITEMS, STATEMENT, months_before
from allocation.adapters.folders.run import MANIFEST, read_json
from allocation.adapters.usage.intake import read_usage
from allocation.charges import ChargePeriod
from allocation.engine.drivers import Driver
from allocation.errors import AllocationError
from allocation.preview.cost_estimate import Conditions, Valuation, valued
from allocation.preview.unit_costs import unit_costs
from allocation.report.showback.quarterly import Curve
from allocation.report.statement.document import document, items_document
from allocation.review.usage_levels import Level, levels
from allocation.runs.messages import Messages
from allocation.statement.filed import FiledStatement
from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError
from tiers.plan.plan import Plan
from tiers.portfolio.tenant import Portfolio
from tiers.vocabulary import Environment, Isolation

_MORE: Final = (0, 10, 100)


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for."""

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


Documents = tuple[Mapping[str, Any], Mapping[str, Any] | None]


def month_documents(
    wanted: Wanted, plan: Plan, portfolio: Portfolio | None, period: ChargePeriod, messages: Messages
) -> tuple[Documents, Valuation | None]:
    """The statement of a run or of an estimate and what it is for; and the estimate of what is deployed.

    A run says what it cost, though nobody may know list prices in its currency: it has no estimate then.
    """
    if wanted.run is None:
        valuation = valued(plan, _conditions(plan, portfolio, period))
        return (document(valuation.statement), items_document(valuation.statement)), valuation
    items = wanted.run / ITEMS
    documents = read_json(wanted.run / STATEMENT), read_json(items) if items.is_file() else None
    try:
        return documents, valued(plan, _conditions(plan, portfolio, period))
    except (CatalogError, AllocationError) as error:
        messages.warn(f"no estimate, so no off-hours saving, no unit costs, no priced options: {error}")
        return documents, None


def refuse_another(statement: FiledStatement, wanted: Wanted, plan: Plan) -> None:
    """A run of another month, portfolio or currency says nothing of what is deployed."""
    for what, found, expected in (
        ("month", statement.month, wanted.period),
        ("portfolio", statement.portfolio, plan.portfolio),
        ("currency", statement.currency, plan.currency),
    ):
        if found != expected:
            raise CatalogError(f"--run {wanted.run}: its {what} is {found}, expected {expected}")


def readiness_of(wanted: Wanted) -> tuple[tuple[str, str, str, bool], ...] | None:
    """Whether a run can be booked; nothing of an estimate."""
    if wanted.run is None:
        return None
    found = read_json(wanted.run / MANIFEST).get("readiness")
    return tuple((each["gate"], each["found"], each["limit"], bool(each["passed"])) for each in found or ())


def _conditions(plan: Plan, portfolio: Portfolio | None, period: ChargePeriod) -> Conditions:
    """Prices of every region that is in use or could be, and the rules of the month."""
    regions = {fact.region for fact in plan.all_facts()}
    if portfolio is not None:
        regions |= {portfolio.platform.region, *portfolio.platform.dr_regions}
    return Conditions.of_month(period, plan.currency, regions)


def earlier_months(wanted: Wanted, statement: FiledStatement) -> tuple[FiledStatement, ...]:
    """The months before; in a folder that this report will be the first in there are none."""
    folder = wanted.history
    if folder is None or (not folder.exists() and folder.resolve() == wanted.out.resolve().parent):
        return ()
    return months_before(folder, statement)


def levels_of(
    files: tuple[Path, ...], period: ChargePeriod, messages: Messages
) -> dict[tuple[str, Driver], Level]:
    """How much of each driver every tenant used at a time, as files of usage say."""
    if not files:
        return {}
    with closing(duckdb.connect()) as connection:
        taken = read_usage(connection, files, period, [str(driver) for driver in Driver])
        if taken.refused:
            rules = ", ".join(f"{rule} {rows}" for rule, rows in sorted(taken.refused.items()))
            messages.warn(f"refused rows of usage: {rules}")
        return levels(connection.execute("SELECT * FROM usage").fetchall())


def unit_cost_curve(
    catalog: Catalog,
    portfolio: Portfolio | None,
    statement: FiledStatement,
    conditions: Conditions | None,
    messages: Messages,
) -> Curve | None:
    """What one more tenant costs on the shared tier that has most production tenants."""
    shared = [
        line.tier
        for line in statement.tenants
        if line.environment == Environment.PRODUCTION
        and line.tier in catalog.tiers
        and catalog.tiers[line.tier].isolation is Isolation.SHARED
    ]
    if portfolio is None or conditions is None or not shared:
        return None
    tier = max(sorted(set(shared)), key=shared.count)
    messages.progress(f"unit costs of {tier}")
    try:
        return Curve(tier, tuple(unit_costs(catalog, portfolio, tier, _MORE, conditions)))
    except (CatalogError, AllocationError) as error:
        return Curve(tier, (), f"{error}")

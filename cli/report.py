"""`costack report`: the pages of a month for engineering, finance, account owners and the review."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import typer

from allocation.adapters.months import ITEMS, STATEMENT, months_before
from allocation.adapters.run_folder import MANIFEST, read_json
from allocation.adapters.sign_off import read_sign_off
from allocation.adapters.stack_outputs import inventory_of_file, inventory_of_stack
from allocation.adapters.usage.intake import read_usage
from allocation.charges import ChargePeriod
from allocation.driver_rules import Driver
from allocation.errors import AllocationError
from allocation.filed import FiledStatement, filed_statement
from allocation.levels import Level, levels
from allocation.report.document import document, items_document
from allocation.report.showback.month import Recovery, Showback
from allocation.report.showback.quarterly import Curve
from allocation.signals import Month
from allocation.sleeping import savings
from allocation.unit_costs import unit_costs
from allocation.valuing import Conditions, Valuation, valued
from cli.alternatives import Alternatives
from cli.asking import month_of
from cli.portfolios import portfolio_folder
from cli.progress import say
from cli.report_folder import Extras, write_report
from lifecycle.restored import tried_restores
from tiers.errors import CatalogError
from tiers.model import Catalog
from tiers.plan import Plan
from tiers.portfolio import load_catalog, load_portfolio
from tiers.tenancy import Portfolio
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


def write_pages(wanted: Wanted) -> None:
    """Write the folder, and say which page to open.

    Raises:
        CatalogError: When what is asked for cannot be read.
        AllocationError: When the figures would not add up.
    """
    period = month_of(wanted.period)
    plan = _plan(wanted)
    catalog = load_catalog()
    portfolio = _portfolio(wanted, plan, catalog)
    signed = read_sign_off(wanted.sign_off, wanted.period) if wanted.sign_off else {}
    say("allocating")
    documents, valuation = _told(wanted, plan, portfolio, period)
    conditions = valuation.conditions if valuation else None
    statement = filed_statement(*documents, str(wanted.run or plan.portfolio))
    _refuse_another(statement, wanted, plan)
    month = Month(statement, plan, catalog, _levels(wanted.usage, period))
    showback = Showback(
        month,
        _past(wanted, statement),
        _recoveries(wanted.evidence, period.end),
        Alternatives(month, portfolio, conditions, wanted.previews).by_tenant(),
        _gates(wanted),
        savings(valuation, catalog.classes.off_hours) if valuation else (),
    )
    extras = Extras(documents, signed, _curve(catalog, portfolio, statement, conditions))
    count = write_report(showback, extras, wanted.out, say)
    say("")
    typer.echo(f"{count} pages; open {wanted.out / 'index.html'}")


def _plan(wanted: Wanted) -> Plan:
    if (wanted.stack is None) == (wanted.inventory is None):
        raise CatalogError("name what was deployed: either --stack NAME or --inventory FILE")
    if wanted.inventory is not None:
        return inventory_of_file(wanted.inventory).plan
    return inventory_of_stack(str(wanted.stack), wanted.cwd).plan


def _told(
    wanted: Wanted, plan: Plan, portfolio: Portfolio | None, period: ChargePeriod
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
        say("")
        typer.echo(
            f"no estimate, so no off-hours saving, no unit costs, no priced options: {error}", err=True
        )
        return documents, None


def _refuse_another(statement: FiledStatement, wanted: Wanted, plan: Plan) -> None:
    """A run of another month, portfolio or currency says nothing of what is deployed."""
    for what, found, expected in (
        ("month", statement.month, wanted.period),
        ("portfolio", statement.portfolio, plan.portfolio),
        ("currency", statement.currency, plan.currency),
    ):
        if found != expected:
            raise CatalogError(f"--run {wanted.run}: its {what} is {found}, expected {expected}")


def _gates(wanted: Wanted) -> tuple[tuple[str, str, str, bool], ...] | None:
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


def _past(wanted: Wanted, statement: FiledStatement) -> tuple[FiledStatement, ...]:
    """The months before; in a folder that this report will be the first in there are none."""
    folder = wanted.history
    if folder is None or (not folder.exists() and folder.resolve() == wanted.out.resolve().parent):
        return ()
    return months_before(folder, statement)


def _levels(files: tuple[Path, ...], period: ChargePeriod) -> dict[tuple[str, Driver], Level]:
    if not files:
        return {}
    with closing(duckdb.connect()) as connection:
        taken = read_usage(connection, files, period, [str(driver) for driver in Driver])
        if taken.refused:
            rules = ", ".join(f"{rule} {rows}" for rule, rows in sorted(taken.refused.items()))
            typer.echo(f"refused rows of use: {rules}", err=True)
        return levels(connection.execute("SELECT * FROM usage").fetchall())


def _recoveries(files: Iterable[Path], end: datetime) -> dict[str, Recovery]:
    """The last restore of each tenant that was tried before the month's end."""
    found: dict[str, Recovery] = {}
    for path in files:
        for at, record in tried_restores(path):
            tenant = str(record.get("tenant"))
            if at < end and (tenant not in found or found[tenant].tried_at < at):
                found[tenant] = _recovery(at, record)
    return found


def _recovery(at: datetime, record: Mapping[str, Any]) -> Recovery:
    seconds = record.get("restore_seconds")
    minutes = -(-int(seconds) // 60) if seconds is not None else None
    return Recovery(at, record.get("result") == "ok", minutes, str(record.get("taken_at") or ""))


def _portfolio(wanted: Wanted, plan: Plan, catalog: Catalog) -> Portfolio | None:
    folder = portfolio_folder(wanted.portfolio, wanted.cwd, plan.portfolio)
    if wanted.portfolio is None and not folder.is_dir():
        return None
    return load_portfolio(folder, catalog)


def _curve(
    catalog: Catalog, portfolio: Portfolio | None, statement: FiledStatement, conditions: Conditions | None
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
    say(f"unit costs of {tier}")
    try:
        return Curve(tier, tuple(unit_costs(catalog, portfolio, tier, _MORE, conditions)))
    except (CatalogError, AllocationError) as error:
        return Curve(tier, (), f"{error}")

"""`costack report`: the pages of a month for engineering, finance, account owners and the review."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
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
from allocation.comparing import compared
from allocation.driver_rules import Driver
from allocation.errors import AllocationError
from allocation.filed import FiledStatement, filed_statement
from allocation.levels import Level, levels
from allocation.money import units_of
from allocation.report.document import document, items_document
from allocation.report.showback.month import Option, Recovery, Showback
from allocation.report.showback.quarterly import Curve
from allocation.signals import Month
from allocation.unit_costs import unit_costs
from allocation.valuing import Conditions, Valuation, valued
from cli.asking import month_of
from cli.report_folder import Extras, write_report
from cli.sides import PORTFOLIOS
from lifecycle.restored import tried_restores
from tiers.errors import CatalogError
from tiers.model import Catalog
from tiers.plan import Plan, TenantPlan, resolve
from tiers.portfolio import load_catalog, load_portfolio
from tiers.storage import keeping_storage
from tiers.tenancy import Portfolio
from tiers.vocabulary import Environment, Isolation
from tiers.whatif import with_tenant

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
    _say("allocating")
    documents, gates = _documents(wanted, plan, period)
    statement = filed_statement(*documents, str(wanted.run or plan.portfolio))
    if statement.month != wanted.period:
        raise CatalogError(f"--run {wanted.run}: is of {statement.month}, --period says {wanted.period}")
    month = Month(statement, plan, catalog, _levels(wanted.usage, period))
    portfolio = _portfolio(wanted, plan, catalog)
    options = _Options(catalog, portfolio, month, wanted.previews, period)
    showback = Showback(
        month,
        months_before(wanted.history, period) if wanted.history else (),
        _recoveries(wanted.evidence, period.end),
        options.by_tenant(),
        gates,
    )
    extras = Extras(
        documents,
        read_sign_off(wanted.sign_off) if wanted.sign_off else {},
        _curve(catalog, portfolio, statement, period),
    )
    count = write_report(showback, extras, wanted.out, _say)
    _say("")
    typer.echo(f"{count} pages; open {wanted.out / 'index.html'}")


def _plan(wanted: Wanted) -> Plan:
    if (wanted.stack is None) == (wanted.inventory is None):
        raise CatalogError("name what was deployed: either --stack NAME or --inventory FILE")
    if wanted.inventory is not None:
        return inventory_of_file(wanted.inventory).plan
    return inventory_of_stack(str(wanted.stack), wanted.cwd).plan


def _documents(
    wanted: Wanted, plan: Plan, period: ChargePeriod
) -> tuple[Documents, tuple[tuple[str, str, str, bool], ...] | None]:
    """The statement of a run with its gates, or an estimate of what is deployed."""
    if wanted.run is None:
        statement = valued(plan, _conditions(plan, period)).statement
        return (document(statement), items_document(statement)), None
    items = wanted.run / ITEMS
    gates = read_json(wanted.run / MANIFEST).get("readiness")
    return (
        (read_json(wanted.run / STATEMENT), read_json(items) if items.is_file() else None),
        tuple((each["gate"], each["found"], each["limit"], bool(each["passed"])) for each in gates or ()),
    )


def _conditions(plan: Plan, period: ChargePeriod) -> Conditions:
    return Conditions.of_month(period, plan.currency, {fact.region for fact in plan.all_facts()})


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
    folder = wanted.portfolio or wanted.cwd / PORTFOLIOS / plan.portfolio
    if wanted.portfolio is None and not folder.is_dir():
        return None
    return load_portfolio(folder, catalog)


@dataclass(frozen=True)
class _Options:
    """Other tiers each tenant could have; the weightiest few are priced by a preview."""

    catalog: Catalog
    portfolio: Portfolio | None
    month: Month
    previews: int
    period: ChargePeriod

    def by_tenant(self) -> dict[str, tuple[Option, ...]]:
        """The options of each tenant, the smallest step first."""
        priced = dict(islice(self._priced(), self.previews)) if self.portfolio and self.previews else {}
        return {
            tenant.tenant: tuple(priced.get((each.tenant, each.tier), each) for each in self._of(tenant))
            for tenant in self.month.plan.tenants
        }

    def _of(self, tenant: TenantPlan) -> list[Option]:
        """By what the fee would be; what is not sold in its environment is none."""
        found = [
            Option(tenant.tenant, name, units_of(offer.fee_per_month - tenant.fee_per_month))
            for name, tier in self.catalog.tiers.items()
            if name != tenant.tier and (offer := tier.offers.get(tenant.environment)) is not None
        ]
        return sorted(found, key=lambda each: (abs(each.fee_difference), each.tier))

    def _priced(self) -> Iterator[tuple[tuple[str, str], Option]]:
        """Who has something to decide first, then who pays most."""
        if self.portfolio is None:
            return
        plan = resolve(self.catalog, self.portfolio)
        before = valued(plan, _conditions(plan, self.period))
        called = {each.tenant for each in self.month.signals}
        ranked = sorted(
            plan.tenants, key=lambda each: (each.tenant not in called, -each.fee_per_month, each.tenant)
        )
        for tenant in ranked:
            for option in self._of(tenant)[:1]:
                _say(f"previewing {option.tenant} on {option.tier}")
                if (after := self._supposed(option, before)) is not None:
                    yield (option.tenant, option.tier), _with_cost(option, before, after)

    def _supposed(self, option: Option, before: Valuation) -> Valuation | None:
        """What it would cost; None where it cannot be had like that."""
        if self.portfolio is None:
            return None
        try:
            supposed = with_tenant(self.catalog, self.portfolio, option.tenant, option.tier, {})
        except CatalogError:
            return None
        after, _ = keeping_storage(before.plan, resolve(self.catalog, supposed.portfolio))
        return valued(after, before.conditions)


def _with_cost(option: Option, before: Valuation, after: Valuation) -> Option:
    changes = {each.tenant: each for each in compared(before, after).tenants}
    own = changes[option.tenant].cost.difference
    others = sum(each.cost.difference for each in changes.values()) - own
    fee = changes[option.tenant].fee.difference
    return Option(option.tenant, option.tier, fee, own, others)


def _curve(
    catalog: Catalog, portfolio: Portfolio | None, statement: FiledStatement, period: ChargePeriod
) -> Curve | None:
    """What one more tenant costs on the shared tier that has most production tenants."""
    shared = [
        line.tier
        for line in statement.tenants
        if line.environment == Environment.PRODUCTION
        and line.tier in catalog.tiers
        and catalog.tiers[line.tier].isolation is Isolation.SHARED
    ]
    if portfolio is None or not shared:
        return None
    tier = max(sorted(set(shared)), key=shared.count)
    _say(f"unit costs of {tier}")
    conditions = _conditions(resolve(catalog, portfolio), period)
    try:
        return Curve(tier, tuple(unit_costs(catalog, portfolio, tier, _MORE, conditions)))
    except (CatalogError, AllocationError):
        return None  # a full network or a missing price is told by `costack unit-costs`


def _say(text: str) -> None:
    """How far it is, for who watches; a log has no use for it."""
    if sys.stderr.isatty():
        typer.echo(f"\r\x1b[K{text}", err=True, nl=False)

"""Tracks a month before it ends: allocates the bill so far, and compares it with budgets and filed months."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from allocation.adapters.folders.daily_months import daily_months_before
from allocation.adapters.folders.filed_months import History
from allocation.adapters.folders.run import opened_run
from allocation.money import units_of
from allocation.report.statement.document import document
from allocation.runs.bill import Outcome, allocate_bills
from allocation.runs.messages import Messages
from allocation.runs.request import Request as BillRequest
from allocation.statement.filed import filed_statement
from allocation.track.anomalies import Event
from allocation.track.budgets import Budget, Scope, Thresholds
from allocation.track.daily_month import DailyMonth, daily_month
from allocation.track.daily_sums import daily_rows, lines_behind
from allocation.track.month_to_date import NOBODY, About, Asked, Tracked, tracked
from allocation.track.series import Span
from tiers.errors import CatalogError
from tiers.inventory import Inventory
from tiers.plan.plan import TenantPlan
from tiers.portfolio.budgets.section import BudgetsSpec

_OF_RULES: Final = (
    "pools and tenants may have another part of the same bill, and forecasts learnt from before"
)


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        bill: The bill so far with its usage, as for an allocation, without inventories.
        inventories: What was deployed, each with the day since when; None for the whole month.
        through: The last day whose charges are all known; None for what the bill looks like.
        history: The folder of earlier months.
        budgets: Those of the portfolio's file; None where it is not there.
        least: By how much a day must differ at least to be an anomaly, in units.
    """

    bill: BillRequest
    inventories: Sequence[tuple[date | None, Inventory]]
    through: date | None
    history: Path | None
    budgets: BudgetsSpec | None
    least: int


def track_bill(request: Request, now: datetime, messages: Messages) -> Tracked:
    """The month so far, by the same allocation as that of a closed month.

    Raises:
        AllocationError: When a file cannot be read, or the bill does not say how far it reaches.
        CatalogError: When inventories are of several portfolios.
    """
    portfolios = sorted({inventory.plan.portfolio for _, inventory in request.inventories})
    if len(portfolios) > 1:
        raise CatalogError(
            f"a month is tracked by portfolio, found inventories of {' and '.join(portfolios)}"
        )
    span = Span.month(request.bill.period.start.date())
    plan = request.inventories[-1][1].plan
    months, without = (
        daily_months_before(request.history, request.bill.period, plan.portfolio, plan.currency)
        if request.history
        else ((), ())
    )
    with TemporaryDirectory(prefix="costack-") as scratch:
        run = request.bill.out or Path(scratch) / "run"
        bill = replace(request.bill, inventories=list(_written(request, Path(scratch))), out=run)
        outcome = allocate_bills(replace(bill, history=_open_history(request)), now, messages)
        messages.progress("tracking")
        cost = str(outcome.manifest["cost"])
        with opened_run(run) as connection:
            through = request.through.toordinal() if request.through else None
            rules = outcome.statement.versions.get("rulebook", "")
            month = replace(daily_month(daily_rows(connection, cost), span, through), rulebook=rules)
            made = tracked(
                portfolios[0],
                outcome.statement.currency,
                months,
                month,
                _asked(request, outcome, months, month),
            )
            behind = {each: lines_behind(connection, cost, each.owner, each.first) for each in made.anomalies}
    messages.progress("")
    ruled = (f"{each.what}: {_OF_RULES}" for each in rulebook_events(months, month))
    notes = (*made.notes, *ruled, *_notes_of(request, outcome, without, known=bool(months)))
    return replace(made, lines_behind=behind, notes=notes)


def _written(request: Request, folder: Path) -> Iterator[str]:
    """The inventories as files: an allocation reads and names files."""
    for number, (since, inventory) in enumerate(request.inventories):
        path = folder / f"inventory-{number}.json"
        path.write_text(json.dumps(inventory.model_dump(mode="json")), encoding="utf-8")
        yield f"{since}={path}" if since else str(path)


def _open_history(request: Request) -> Path | None:
    """The folder of filed months, unless the month itself is filed there: nothing is restated by looking."""
    folder = request.history
    return folder if folder and not History(folder).filed(request.bill.period) else None


def _asked(request: Request, outcome: Outcome, months: Sequence[DailyMonth], month: DailyMonth) -> Asked:
    spec = request.budgets or BudgetsSpec()
    last: dict[str, TenantPlan] = {}
    for _, inventory in request.inventories:
        last |= {tenant.tenant: tenant for tenant in inventory.plan.tenants}
    events = (*events_of(request.inventories), *rulebook_events(months, month))
    changed = {
        each.tenant: each.day
        for each in sorted(events, key=lambda one: one.day)
        if each.day <= month.through and not each.everybody
    }
    statement = filed_statement(document(outcome.statement), None, "the month so far")
    fees = {line.tenant: line.fee for line in statement.tenants}
    about = [
        About(name, tenant.name, tenant.client, tenant.tier, fees.get(name, 0), changed.get(name))
        for name, tenant in sorted(last.items())
    ]
    budgets = [
        *([Budget(Scope.PORTFOLIO, request.inventories[-1][1].plan.portfolio, units_of(spec.portfolio))]
          if spec.portfolio else []),
        *(Budget(Scope.CLIENT, name, units_of(fee)) for name, fee in sorted(spec.clients.items())),
        *(Budget(Scope.TIER, name, units_of(fee)) for name, fee in sorted(spec.tiers.items())),
        *(
            Budget(Scope.TENANT, name, units_of(tenant.budget_per_month))
            for name, tenant in sorted(last.items())
            if tenant.budget_per_month is not None
        ),
    ]  # fmt: skip
    thresholds = Thresholds(spec.spent_percent, spec.forecast_percent)
    stated = {line.tenant: line.total for line in statement.tenants}
    stated[NOBODY] = sum(statement.idle.values()) + sum(each.amount for each in statement.unallocated)
    return Asked(about, budgets, thresholds, events, request.least, stated)


def events_of(inventories: Sequence[tuple[date | None, Inventory]]) -> Iterator[Event]:
    """What is known to have changed: days of updates, and what a later inventory has otherwise."""
    before: Mapping[str, TenantPlan] | None = None
    for since, inventory in inventories:
        now = {tenant.tenant: tenant for tenant in inventory.plan.tenants}
        if since is not None and before is not None:
            for name in sorted(now.keys() | before.keys()):
                if what := _change(before.get(name), now.get(name)):
                    yield Event(name, since.toordinal(), what)
        before = now
        for owner, day in sorted(inventory.deployed_on.items()):
            yield Event(owner if owner in now else "", day.toordinal(), f"an update on {day} changed it")


def rulebook_events(months: Sequence[DailyMonth], month: DailyMonth) -> Iterator[Event]:
    """That another rulebook divides *month* than the newest of *months*, where both say theirs."""
    then = months[-1].rulebook if months else ""
    if then and month.rulebook and then != month.rulebook:
        what = f"rulebook {month.rulebook} is in force since {month.span.name}, {then} was before"
        yield Event("", month.span.first, what, everybody=True)


def _change(before: TenantPlan | None, after: TenantPlan | None) -> str:
    if before is None or after is None:
        return "it is new" if before is None else "it ended"
    if before.tier != after.tier:
        return f"it moved from {before.tier} to {after.tier}"
    return "" if before.facts == after.facts else "its sizes changed"


def _notes_of(request: Request, outcome: Outcome, without: Sequence[str], *, known: bool) -> Iterator[str]:
    if without:
        yield f"{', '.join(without)} in {request.history}: filed without daily charges, and not looked at"
    if request.history is None or not (known or without):
        named = "no --history" if request.history is None else f"{request.history}: no month before this one"
        yield f"{named}: nothing was tried on filed months, and no error of the forecast is known"
    if request.budgets is None:
        yield "no platform.yaml: only the budgets of tenants are known"
    for gate in outcome.gates:
        if not gate.passed:
            yield f"the bill so far fails a gate: {gate.gate} is {gate.found}, must be {gate.limit}"

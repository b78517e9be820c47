"""What each tenant is expected to cost in a month, in cents, and what of it has no known price."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from allocation.charges import ChargePeriod, Unpriced
from allocation.engine.drivers import IDLE, UNALLOCATED
from allocation.engine.rulebook import rules_on
from allocation.errors import AllocationError
from allocation.estimate.amounts import EstimatedMonth
from allocation.estimate.assumptions import Assumptions
from allocation.estimate.estimated_charges import priced_charges
from allocation.estimate.estimated_statement import allocated_estimate
from allocation.estimate.folders import OURS, Folders
from allocation.prices.price_book import load_price_book
from allocation.statement.ledger.figure import cents_text
from allocation.statement.ledger.ledger import ledger_of_statement
from allocation.statement.statement import Statement
from tiers.errors import CatalogError
from tiers.plan.plan import Plan

_NAMED: Final = 3
"""So many items are written out in one sentence."""


def monthly_estimates(plan: Plan, day: date, folders: Folders = OURS) -> dict[str, str]:
    """What each tenant of *plan* costs in the month of *day*, as a program's output.

    If nothing can be priced or divided, the reason is under `(unknown)`: a missing price must not prevent a
    deployment. If something has no price, `(unpriced)` says what.
    """
    return estimated_month(plan, day, folders).as_output()


def estimated_month(plan: Plan, day: date, folders: Folders = OURS) -> EstimatedMonth:
    """The same with what each tenant's amount lacks."""
    period = ChargePeriod.month(f"{day:%Y-%m}")
    try:
        regions = frozenset(fact.region for fact in plan.all_facts())
        prices = load_price_book(plan.currency, folders.prices, regions)
        rules = rules_on(day, folders.rules)
        priced = priced_charges(plan, prices, Assumptions.on(day))
        statement = allocated_estimate(plan, priced, period, prices, rules)
    except (AllocationError, CatalogError) as error:
        return EstimatedMonth(unknown=str(error))
    lacking = _unpriced_by_tenant(plan, priced.unpriced)
    return EstimatedMonth(_amounts(plan, statement), lacking, lacking_sentence(priced.unpriced))


def _amounts(plan: Plan, statement: Statement) -> dict[str, str]:
    ledger = ledger_of_statement(statement)
    cents = {line.tenant: ledger.total(line.tenant) for line in statement.tenants}
    cents |= {IDLE: sum(ledger.idle.values()), UNALLOCATED: sum(ledger.unallocated)}
    return {name: f"{cents_text(each, ledger.digits)} {plan.currency}" for name, each in cents.items()}


def _unpriced_by_tenant(plan: Plan, unpriced: Iterable[Unpriced]) -> dict[str, str]:
    owners = {fact.id: fact.tenant for fact in plan.all_facts()}
    lacking: dict[str | None, list[Unpriced]] = {}
    for each in unpriced:
        lacking.setdefault(owners[each.fact], []).append(each)
    shared = lacking.pop(None, [])
    told = {
        tenant.tenant: lacking_sentence([*lacking.get(tenant.tenant, ()), *shared]) for tenant in plan.tenants
    }
    return {tenant: sentence for tenant, sentence in told.items() if sentence}


def lacking_sentence(unpriced: Iterable[Unpriced]) -> str:
    """What has no known price, in one sentence without full stop; empty for nothing."""
    items = dict.fromkeys(f"{each.service} '{each.item}' ({each.reason})" for each in unpriced)
    if not items:
        return ""
    named = ", ".join(list(items)[:_NAMED])
    more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return f"has no known price and is not counted: {named}{more}"

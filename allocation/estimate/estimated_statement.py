"""From an inventory to its estimated statement: priced charges and declared use, through one allocation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Final

import duckdb

from allocation.charges import Charge, ChargePeriod, CostBasis
from allocation.engine import tables
from allocation.engine.allocate import allocate
from allocation.engine.attribution import CATEGORY_TAG, Known
from allocation.engine.rulebook import Rulebook, rules_on
from allocation.engine.weights import Presence
from allocation.errors import AllocationError
from allocation.estimate.assumptions import Assumptions, Scale
from allocation.estimate.declared_usage import Use, declared_use
from allocation.estimate.estimated_charges import Estimate, estimate
from allocation.money import in_cents, units_of
from allocation.prices.price_book import PriceBook, load_price_book
from allocation.statement.statement import Heading, Statement, Term, statement_of
from tiers.errors import CatalogError
from tiers.inventory import Inventory
from tiers.plan.plan import Plan

IDLE: Final = "(idle)"
UNALLOCATED: Final = "(unallocated)"
UNKNOWN: Final = "(unknown)"
"""What `monthly_estimates` calls what no tenant pays for; no tenant can be called so."""


def estimated_statement(
    inventory: Inventory,
    period: ChargePeriod,
    prices: PriceBook,
    rules: Rulebook,
    assumptions: Assumptions | None = None,
) -> Statement:
    """What a month of a deployed inventory costs, and who pays for it.

    Without *assumptions* support calendars are asked for the last day of *period*, and use is the catalog's.
    """
    if assumptions is None:
        assumptions = Assumptions.on(period.last_day)
    estimated = estimate(inventory.plan, prices, assumptions)
    return allocated_estimate(inventory.plan, estimated, period, prices, rules, assumptions.scale)


def monthly_estimates(plan: Plan, day: date) -> dict[str, str]:
    """What each tenant of *plan* costs in the month of *day*, in cents as text; idle and unallocated last.

    Where nothing can be priced or divided it is the reason, under `(unknown)`: nobody may be kept from
    deploying by a price that is missing.
    """
    period = ChargePeriod.month(f"{day:%Y-%m}")
    try:
        regions = frozenset(fact.region for fact in plan.all_facts())
        prices, rules = load_price_book(plan.currency, regions=regions), rules_on(day)
        statement = allocated_estimate(
            plan, estimate(plan, prices, Assumptions.on(day)), period, prices, rules
        )
    except (AllocationError, CatalogError) as error:
        return {UNKNOWN: str(error)}
    units = {line.tenant: line.total for line in statement.tenants}
    units |= {IDLE: statement.idle_total, UNALLOCATED: statement.unallocated_total}
    cents = in_cents(list(units.values()))
    return {
        name: f"{Decimal(each) / 100:.2f} {plan.currency}" for name, each in zip(units, cents, strict=True)
    }


def allocated_estimate(  # noqa: PLR0917 - a plan, its price, and what both are held against
    plan: Plan,
    estimated: Estimate,
    period: ChargePeriod,
    prices: PriceBook,
    rules: Rulebook,
    scale: Scale = Scale.LEAST,
) -> Statement:
    """The statement of an estimate: every charge given to a tenant, or the reason why not."""
    connection = duckdb.connect()
    try:
        tables.create(connection, "charge", tables.CHARGE)
        tables.insert(connection, "charge", tables.CHARGE, _charge_rows(plan, estimated.charges, period))
        tables.create(connection, "usage", tables.USAGE)
        tables.insert(connection, "usage", tables.USAGE, use_rows(declared_use(plan, period, scale=scale)))
        present = [
            Presence(tenant.tenant, *period, tenant.environment, tenant.tier) for tenant in plan.tenants
        ]
        allocation = allocate(connection, known_of(plan), present, rules)
    finally:
        connection.close()
    versions = {
        "catalog": plan.catalog_version,
        "rulebook": rules.version,
        "price_book": prices.compiled,
    }
    heading = Heading(plan.portfolio, period, plan.currency, CostBasis.ESTIMATED, versions)
    terms = [
        Term(tenant.tenant, tenant.client, tenant.environment, tenant.tier, units_of(tenant.fee_per_month))
        for tenant in plan.tenants
    ]
    return statement_of(heading, terms, allocation, rules.pools, estimated.unpriced)


def known_of(plan: Plan, resources: Mapping[str, str] | None = None) -> Known:
    """What *plan* knows; an estimate's charges name their fact as the resource."""
    facts = list(plan.all_facts())
    return Known(
        tenants=frozenset(tenant.tenant for tenant in plan.tenants),
        kinds={fact.id: fact.kind for fact in facts},
        owners={fact.id: fact.tenant for fact in facts if fact.tenant is not None},
        domains={fact.id: fact.domain for fact in facts},
        resources={fact.id: fact.id for fact in facts} if resources is None else resources,
    )


def use_rows(uses: Iterable[Use]) -> Iterator[tuple[object, ...]]:
    """*uses* as rows of the table `usage`."""
    for use in uses:
        yield (use.tenant, use.driver, _moment(use.start), _moment(use.end), f"{use.quantity:f}")


def _charge_rows(plan: Plan, charges: Iterable[Charge], period: ChargePeriod) -> Iterator[tuple[object, ...]]:
    tags = _Tags(plan)
    regions = {fact.id: fact.region for fact in plan.all_facts()}
    alike: dict[str, object] = dict.fromkeys(tables.columns_of(tables.CHARGE)) | {
        "source": "estimate",
        "period_start": _moment(period.start),
        "period_end": _moment(period.end),
        "charge_category": "Usage",
    }
    for number, charge in enumerate(charges, 1):
        values = alike | {
            "charge": number,
            "line_id": charge.id,
            "row_number": number,
            "description": charge.item,
            "service": charge.service,
            "region": charge.region or regions[charge.fact],
            "resource_id": charge.fact,
            "resource_type": charge.fact_kind,
            "quantity": f"{charge.quantity:f}",
            "unit": charge.unit,
            "tags": tags.of(charge),
        }
        yield tuple((values | dict.fromkeys(tables.COSTS, charge.units)).values())


class _Tags:
    """The tags of estimated charges as JSON, made once for each tenant, domain and category."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._tenants = {tenant.tenant: tenant for tenant in plan.tenants}
        self._made: dict[tuple[object, ...], str] = {}

    def of(self, charge: Charge) -> str:
        key = (charge.tenant, charge.domain, charge.category)
        if key not in self._made:
            owner = charge.tenant and self._tenants[charge.tenant]
            tags = owner.cost_tags(charge.domain) if owner else self._plan.platform_tags()
            self._made[key] = json.dumps(
                tags.as_tags() | {CATEGORY_TAG: str(charge.category)}, sort_keys=True
            )
        return self._made[key]


@cache
def _moment(value: object) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}"

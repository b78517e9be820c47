"""Makes the estimated statement of an inventory from priced charges and declared usage."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from allocation.charges import Charge, ChargePeriod, CostBasis
from allocation.engine import tables
from allocation.engine.allocate import allocate
from allocation.engine.attribution import CATEGORY_TAG, Known
from allocation.engine.rulebook import Rulebook
from allocation.engine.weights import Presence
from allocation.estimate.assumptions import Assumptions, Scale
from allocation.estimate.declared_usage import Usage, declared_usage
from allocation.estimate.estimated_charges import PricedCharges, priced_charges
from allocation.estimate.scratch import scratch
from allocation.money import units_of
from allocation.prices.price_book import PriceBook
from allocation.statement.heading import Heading
from allocation.statement.overage import expected_overage
from allocation.statement.statement import Statement, Term, statement_of
from tiers.inventory import Inventory
from tiers.plan.plan import Plan


def estimated_statement(
    inventory: Inventory,
    period: ChargePeriod,
    prices: PriceBook,
    rules: Rulebook,
    assumptions: Assumptions | None = None,
) -> Statement:
    """What a month of a deployed inventory costs, divided among its tenants.

    Without *assumptions* support calendars apply to the last day of *period*, and usage is the catalog's.
    """
    if assumptions is None:
        assumptions = Assumptions.on(period.last_day)
    priced = priced_charges(inventory.plan, prices, assumptions)
    return allocated_estimate(inventory.plan, priced, period, prices, rules, assumptions.scale)


def allocated_estimate(  # noqa: PLR0917 - a plan, its price, and the rules
    plan: Plan,
    priced: PricedCharges,
    period: ChargePeriod,
    prices: PriceBook,
    rules: Rulebook,
    scale: Scale = Scale.LEAST,
) -> Statement:
    """The statement of an estimate: every charge is given to a tenant, or unallocated with a reason."""
    with scratch() as connection:
        tables.create(connection, "charge", tables.CHARGE)
        tables.insert(connection, "charge", tables.CHARGE, _charge_rows(plan, priced.charges, period))
        tables.create(connection, "usage", tables.USAGE)
        tables.insert(
            connection, "usage", tables.USAGE, usage_rows(declared_usage(plan, period, scale=scale))
        )
        present = [
            Presence(tenant.tenant, *period, tenant.environment, tenant.tier, plan.portfolio)
            for tenant in plan.tenants
        ]
        billed = {charge.fact: charge.fact for charge in priced.charges}  # of the facts few cost anything
        allocation = allocate(connection, known_of(plan, billed), present, rules)
    versions = {
        "catalog": plan.catalog_version,
        "rulebook": rules.version,
        "price_book": prices.compiled,
    }
    heading = Heading(plan.portfolio, period, plan.currency, CostBasis.ESTIMATED, versions)
    terms = [
        Term.of(tenant, units_of(tenant.fee_per_month), expected_overage(tenant, plan.currency))
        for tenant in plan.tenants
    ]
    return statement_of(heading, terms, allocation, rules.pools, priced.unpriced)


def known_of(plan: Plan, resources: Mapping[str, str] | None = None) -> Known:
    """What *plan* knows; an estimate's charges name their fact as the resource."""
    facts = list(plan.all_facts())
    return Known(
        tenants=frozenset(tenant.tenant for tenant in plan.tenants),
        kinds={fact.id: fact.kind for fact in facts},
        owners={fact.id: fact.tenant for fact in facts if fact.tenant is not None},
        domains={fact.id: fact.domain for fact in facts},
        resources={fact.id: fact.id for fact in facts} if resources is None else resources,
        portfolios=frozenset({plan.portfolio}),
        clients={
            tenant.tenant: frozenset(
                name.casefold() for name in (tenant.client, tenant.first_client) if name is not None
            )
            for tenant in plan.tenants
        },
        second_regions=frozenset(fact.id for part in plan.second_regions for fact in part.facts),
    )


def usage_rows(usage: Iterable[Usage]) -> Iterator[tuple[object, ...]]:
    """*usage* as rows of the table `usage`."""
    for each in usage:
        yield (each.tenant, each.driver, _moment(each.start), _moment(each.end), f"{each.quantity:f}")


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
    """The tags of priced charges as JSON, made once for each tenant, domain and category."""

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

"""Makes the estimated statement of an inventory from priced charges and declared usage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from allocation.charges import ChargePeriod, CostBasis
from allocation.engine import tables
from allocation.engine.allocate import Allocation, allocate_attributed
from allocation.engine.rulebook import Rulebook
from allocation.engine.weights import Presence
from allocation.estimate.assumptions import Assumptions, Scale
from allocation.estimate.attributed_charges import AttributedCharges, known_of
from allocation.estimate.declared_usage import DeclaredUsage, Usage
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
    return EstimatedStatements(period, prices, rules, scale).of(plan, priced)


class EstimatedStatements:
    """Statements of estimates of one month: what plans have in common is attributed once."""

    def __init__(
        self, period: ChargePeriod, prices: PriceBook, rules: Rulebook, scale: Scale = Scale.LEAST
    ) -> None:
        self._period = period
        self._prices = prices
        self._rules = rules
        self._attributed = AttributedCharges(period, rules)
        self._usage = DeclaredUsage(period, scale=scale)

    def of(self, plan: Plan, priced: PricedCharges) -> Statement:
        """The statement of *plan* and its *priced* charges."""
        heading = Heading(
            plan.portfolio,
            self._period,
            plan.currency,
            CostBasis.ESTIMATED,
            {
                "catalog": plan.catalog_version,
                "rulebook": self._rules.version,
                "price_book": self._prices.compiled,
            },
        )
        terms = [
            Term.of(tenant, units_of(tenant.fee_per_month), expected_overage(tenant, plan.currency))
            for tenant in plan.tenants
        ]
        allocation = self._allocated(plan, priced)
        return statement_of(heading, terms, allocation, self._rules.pools, priced.unpriced)

    def _allocated(self, plan: Plan, priced: PricedCharges) -> Allocation:
        present = [
            Presence(tenant.tenant, *self._period, tenant.environment, tenant.tier, plan.portfolio)
            for tenant in plan.tenants
        ]
        with scratch() as connection:
            direct = self._attributed.attribute(connection, plan, priced.charges)
            tables.create(connection, "usage", tables.USAGE)
            tables.insert(connection, "usage", tables.USAGE, usage_rows(self._usage.of(plan)))
            known = known_of(plan, facts=())
            allocation = allocate_attributed(connection, known, present, self._rules, direct=direct.units)
        return replace(
            allocation,
            cells=direct.cells + allocation.cells,
            items=direct.items + allocation.items,
            charged=sum(charge.units for charge in priced.charges),
        )


def usage_rows(usage: Iterable[Usage]) -> Iterator[tuple[object, ...]]:
    """*usage* as rows of the table `usage`."""
    for each in usage:
        yield (each.tenant, each.driver, _moment(each.start), _moment(each.end), f"{each.quantity:f}")


@cache
def _moment(value: object) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}"

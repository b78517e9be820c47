"""The cost estimate of a plan for a month, line by line and tenant by tenant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from allocation.charges import Charge, ChargePeriod
from allocation.engine.rulebook import Rulebook, rules_on
from allocation.estimate.assumptions import Assumptions
from allocation.estimate.estimated_charges import PricedCharges, Pricing
from allocation.estimate.estimated_statement import EstimatedStatements
from allocation.estimate.folders import OURS, Folders
from allocation.prices.price_book import PriceBook, load_price_book
from allocation.statement.ledger.ledger import Ledger, ledger_of_statement
from allocation.statement.statement import Statement, TenantLine
from tiers.catalog.fees import Currency
from tiers.facts.record import FactId, FactRecord
from tiers.plan.plan import Plan, TenantPlan
from tiers.vocabulary import Region, TenantId


@dataclass(frozen=True)
class Conditions:
    """The prices, rules and assumptions of a cost estimate."""

    period: ChargePeriod
    prices: PriceBook
    rules: Rulebook
    assumptions: Assumptions

    @classmethod
    def of_month(
        cls, period: ChargePeriod, currency: Currency, regions: Collection[Region], folders: Folders = OURS
    ) -> Conditions:
        """The prices of *regions* and the rules in force, without quantities from a usage file.

        Raises:
            CatalogError: When prices or rules cannot be read.
        """
        prices = load_price_book(currency, folders.prices, frozenset(regions))
        rules = rules_on(period.start.date(), folders.rules)
        return cls(period, prices, rules, Assumptions.on(period.last_day))


@dataclass(frozen=True)
class CostEstimate:
    """A plan, its priced lines, and the statement they add up to; its estimator made it, and makes others."""

    plan: Plan
    priced: PricedCharges
    statement: Statement
    conditions: Conditions
    estimator: Estimator = field(compare=False, repr=False)

    @cached_property
    def tenants(self) -> dict[TenantId, TenantPlan]:
        """The plan of each tenant."""
        return {tenant.tenant: tenant for tenant in self.plan.tenants}

    @cached_property
    def charges(self) -> dict[str, Charge]:
        """The priced lines by their id, `<fact>#<line>`."""
        return {charge.id: charge for charge in self.priced.charges}

    @cached_property
    def charges_of(self) -> Mapping[TenantId | None, Sequence[Charge]]:
        """The priced lines by tenant; None for shared ones."""
        owned: dict[TenantId | None, list[Charge]] = {}
        for charge in self.priced.charges:
            owned.setdefault(charge.tenant, []).append(charge)
        return owned

    @cached_property
    def lines(self) -> Mapping[TenantId, TenantLine]:
        """The statement's row of each tenant."""
        return {line.tenant: line for line in self.statement.tenants}

    @cached_property
    def ledger(self) -> Ledger:
        """The settled cents of the statement."""
        return ledger_of_statement(self.statement)

    @cached_property
    def facts(self) -> dict[FactId, FactRecord]:
        """All facts of the plan, by id."""
        return {fact.id: fact for fact in self.plan.all_facts()}


class Estimator:
    """Estimates plans under the same conditions: facts and tenants that they have in common are done once."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self._pricing = Pricing(conditions.prices, conditions.assumptions)
        self._statements = EstimatedStatements(
            conditions.period, conditions.prices, conditions.rules, conditions.assumptions.scale
        )

    def of(self, plan: Plan) -> CostEstimate:
        """What a month of *plan* costs, divided among its tenants.

        Raises:
            AllocationError: When it cannot be allocated.
        """
        priced = self._pricing.of(plan)
        return CostEstimate(plan, priced, self._statements.of(plan, priced), self._conditions, self)


def cost_estimate(plan: Plan, conditions: Conditions) -> CostEstimate:
    """What a month of *plan* costs, divided among its tenants.

    Raises:
        AllocationError: When it cannot be allocated.
    """
    return Estimator(conditions).of(plan)

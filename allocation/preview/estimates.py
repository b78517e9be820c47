"""Cost estimates of a portfolio and of what it might be: who stays as it is is not planned again."""

from __future__ import annotations

from functools import cached_property

from allocation.preview.cost_estimate import Conditions, CostEstimate, cost_estimate
from tiers.catalog.tier import Catalog
from tiers.plan.plan import Plan
from tiers.plan.resolve import Resolver
from tiers.portfolio.tenant import Portfolio


class Estimates:
    """Answers many questions about one portfolio; *deployed* is an estimate that may be its own already."""

    def __init__(
        self,
        catalog: Catalog,
        portfolio: Portfolio,
        conditions: Conditions,
        deployed: CostEstimate | None = None,
    ) -> None:
        self.catalog = catalog
        self.portfolio = portfolio
        self.conditions = conditions
        self.resolver = Resolver(catalog, portfolio.platform)
        self._deployed = deployed

    @cached_property
    def now(self) -> CostEstimate:
        """The estimate of the portfolio as it is written.

        Raises:
            CatalogError: When its numbers make one that is not possible.
        """
        plan = self.resolver.plan(self.portfolio)
        known = self._deployed
        if known is not None and known.plan == plan and known.conditions == self.conditions:
            return CostEstimate(plan, known.priced, known.statement, self.conditions)
        return cost_estimate(plan, self.conditions)

    def of(self, portfolio: Portfolio) -> CostEstimate:
        """The estimate of another one.

        Raises:
            CatalogError: As `now`.
        """
        return self.of_plan(self.resolver.plan(portfolio))

    def of_plan(self, plan: Plan) -> CostEstimate:
        """The estimate of another plan."""
        return self.now if plan == self.now.plan else cost_estimate(plan, self.conditions)

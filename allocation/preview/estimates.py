"""Cost estimates of a portfolio and of what it might be: who stays as it is keeps its plan and prices."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from allocation.preview.cost_estimate import Conditions, CostEstimate, Estimator
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
        alike = deployed is not None and deployed.conditions == conditions
        self.resolver = Resolver(catalog, portfolio.platform, deployed.plan.tenants if deployed else ())
        self._deployed = deployed
        self._estimator = deployed.estimator if deployed and alike else Estimator(conditions)

    @cached_property
    def now(self) -> CostEstimate:
        """The estimate of the portfolio as it is written.

        Raises:
            CatalogError: When its numbers make one that is not possible.
        """
        plan = self.resolver.plan(self.portfolio)
        known = self._deployed
        if known is not None and known.plan == plan and known.conditions == self.conditions:
            return replace(known, plan=plan)
        return self._estimator.of(plan)

    def of(self, portfolio: Portfolio) -> CostEstimate:
        """The estimate of another one.

        Raises:
            CatalogError: As `now`.
        """
        return self.of_plan(self.resolver.plan(portfolio))

    def of_plan(self, plan: Plan) -> CostEstimate:
        """The estimate of another plan."""
        return self.now if plan == self.now.plan else self._estimator.of(plan)

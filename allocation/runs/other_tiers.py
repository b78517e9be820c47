"""The other tiers each tenant could have, with fees, and for some with the cost of a preview."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, zip_longest

from allocation.money import units_of
from allocation.preview.comparison import compared
from allocation.preview.cost_estimate import CostEstimate
from allocation.preview.estimates import Estimates
from allocation.report.showback.month import Option
from allocation.review.signals import Month
from allocation.runs.messages import Messages
from tiers.errors import CatalogError
from tiers.plan.plan import TenantPlan
from tiers.plan.storage import keeping_storage
from tiers.portfolio.what_if import with_tenant


@dataclass(frozen=True)
class Alternatives:
    """The other tiers of all tenants.

    Attributes:
        month: The month with its plan and catalog.
        estimates: Of the portfolio that previews start from; without one only fees are compared.
        previews: How many options get a preview.
    """

    month: Month
    estimates: Estimates | None
    previews: int
    messages: Messages

    def by_tenant(self) -> dict[str, tuple[Option, ...]]:
        """The options of each tenant, the smallest step first."""
        priced = dict(islice(self._priced(), self.previews)) if self.previews else {}
        return {
            name: tuple(priced.get((each.tenant, each.tier), each) for each in options)
            for name, options in self._options.items()
        }

    @cached_property
    def _options(self) -> Mapping[str, list[Option]]:
        return {tenant.tenant: self._of(tenant) for tenant in self.month.plan.tenants}

    def _of(self, tenant: TenantPlan) -> list[Option]:
        """The other tiers sold in the tenant's environment, the smallest change of the fee first."""
        found = [
            Option(tenant.tenant, name, units_of(offer.fee_per_month - tenant.fee_per_month))
            for name, tier in self.month.catalog.tiers.items()
            if name != tenant.tier and (offer := tier.offers.get(tenant.environment)) is not None
        ]
        return sorted(found, key=lambda each: (abs(each.fee_difference), each.tier))

    def _priced(self) -> Iterator[tuple[tuple[str, str], Option]]:
        """Options with a preview: the smallest step of every tenant first, tenants with decisions first."""
        if self.estimates is None:
            return
        before = self.estimates.now
        called = {each.tenant for each in self.month.signals}
        ranked = sorted(
            before.plan.tenants,
            key=lambda each: (each.tenant not in called, -each.fee_per_month, each.tenant),
        )
        for step in zip_longest(*(self._options.get(tenant.tenant, ()) for tenant in ranked)):
            for option in filter(None, step):
                self.messages.progress(f"previewing {option.tenant} on {option.tier}")
                if (after := self._supposed(self.estimates, option)) is not None:
                    yield (option.tenant, option.tier), _with_cost(option, before, after)

    def _supposed(self, estimates: Estimates, option: Option) -> CostEstimate | None:
        """The cost estimate of an option; None if it is not possible, as `costack preview` explains."""
        catalog, portfolio = self.month.catalog, estimates.portfolio
        try:
            supposed = with_tenant(catalog, portfolio, option.tenant, option.tier, {})
            plan = estimates.resolver.plan(supposed.portfolio)
        except CatalogError:
            return None
        after, _ = keeping_storage(estimates.now.plan, plan)
        return estimates.of_plan(after)


def _with_cost(option: Option, before: CostEstimate, after: CostEstimate) -> Option:
    changes = {each.tenant: each for each in compared(before, after).tenants}
    own = changes[option.tenant].cost.difference
    others = sum(each.cost.difference for each in changes.values()) - own
    fee = changes[option.tenant].fee.difference
    return Option(option.tenant, option.tier, fee, own, others)

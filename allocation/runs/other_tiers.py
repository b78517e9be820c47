"""Other tiers that tenants could have: the fee of each, and of some what a preview says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, zip_longest

from allocation.money import units_of
from allocation.preview.comparison import compared
from allocation.preview.cost_estimate import Conditions, Valuation, valued
from allocation.report.showback.month import Option
from allocation.review.signals import Month
from allocation.runs.messages import Messages
from tiers.errors import CatalogError
from tiers.plan.plan import TenantPlan
from tiers.plan.resolve import resolve
from tiers.plan.storage import keeping_storage
from tiers.portfolio.tenant import Portfolio
from tiers.portfolio.what_if import with_tenant


@dataclass(frozen=True)
class Alternatives:
    """What is sold besides, to whom.

    Attributes:
        month: Who has what now.
        portfolio: What previews start from; without one only fees are told.
        conditions: At which prices and rules they value it; None where nobody knows them.
        previews: How many are priced by one.
    """

    month: Month
    portfolio: Portfolio | None
    conditions: Conditions | None
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
        """By what the fee would be; what is not sold in its environment is none."""
        found = [
            Option(tenant.tenant, name, units_of(offer.fee_per_month - tenant.fee_per_month))
            for name, tier in self.month.catalog.tiers.items()
            if name != tenant.tier and (offer := tier.offers.get(tenant.environment)) is not None
        ]
        return sorted(found, key=lambda each: (abs(each.fee_difference), each.tier))

    def _priced(self) -> Iterator[tuple[tuple[str, str], Option]]:
        """The smallest step of everybody, then the next: who has to decide first, then who pays most."""
        if self.portfolio is None or self.conditions is None:
            return
        before = valued(resolve(self.month.catalog, self.portfolio), self.conditions)
        called = {each.tenant for each in self.month.signals}
        ranked = sorted(
            before.plan.tenants,
            key=lambda each: (each.tenant not in called, -each.fee_per_month, each.tenant),
        )
        for step in zip_longest(*(self._options.get(tenant.tenant, ()) for tenant in ranked)):
            for option in filter(None, step):
                self.messages.progress(f"previewing {option.tenant} on {option.tier}")
                if (after := self._supposed(self.portfolio, option, before)) is not None:
                    yield (option.tenant, option.tier), _with_cost(option, before, after)

    def _supposed(self, portfolio: Portfolio, option: Option, before: Valuation) -> Valuation | None:
        """What it would cost; None where it cannot be had like that, as `costack preview` will say."""
        try:
            supposed = with_tenant(self.month.catalog, portfolio, option.tenant, option.tier, {})
            plan = resolve(self.month.catalog, supposed.portfolio)
        except CatalogError:
            return None
        after, _ = keeping_storage(before.plan, plan)
        return valued(after, before.conditions)


def _with_cost(option: Option, before: Valuation, after: Valuation) -> Option:
    changes = {each.tenant: each for each in compared(before, after).tenants}
    own = changes[option.tenant].cost.difference
    others = sum(each.cost.difference for each in changes.values()) - own
    fee = changes[option.tenant].fee.difference
    return Option(option.tenant, option.tier, fee, own, others)

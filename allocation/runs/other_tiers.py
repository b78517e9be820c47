"""The other tiers each tenant could have, with fees, and for some with the cost of a preview."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, zip_longest

from allocation.preview.comparison import compared
from allocation.preview.cost_estimate import CostEstimate
from allocation.preview.estimates import Estimates
from allocation.preview.rightsizing.advice import Advice, priced
from allocation.preview.rightsizing.machines import MeasuredMachine, measured_machines
from allocation.preview.rightsizing.nodes import MeasuredNodes, measured_nodes
from allocation.preview.rightsizing.sizes import advice
from allocation.preview.supposed import supposed
from allocation.report.showback.month import Option
from allocation.review.metric_levels import Metrics
from allocation.review.remedies import dearer
from allocation.review.signals import Month
from allocation.runs.messages import Messages
from allocation.statement.ledger.figure import alone, figure
from tiers.plan.plan import TenantPlan
from tiers.portfolio.tenant import Portfolio
from tiers.vocabulary import TenantId


@dataclass(frozen=True)
class Alternatives:
    """The other tiers of all tenants.

    Attributes:
        month: The month with its plan and catalog.
        portfolio: As it is written now; None where nobody has it.
        estimates: Of that portfolio, from which previews start; without them only fees are compared.
        previews: How many options get a preview.
        metrics: What CloudWatch measured of servers and caches.
    """

    month: Month
    portfolio: Portfolio | None
    estimates: Estimates | None
    previews: int
    messages: Messages
    metrics: Metrics = field(default_factory=dict)

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
        currency = self.month.statement.currency
        found = [
            Option(tenant.tenant, name, alone(dearer(self.month.catalog, tenant, name), currency))
            for name, tier in self.month.catalog.tiers.items()
            if name != tenant.tier and tenant.environment in tier.offers
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
                after = supposed(self.estimates, option.tenant, option.tier)
                if after is not None:
                    yield (option.tenant, option.tier), _with_cost(option, before, after)

    @cached_property
    def machines(self) -> tuple[MeasuredMachine, ...]:
        """Every server and cache with what was measured; none where nothing was."""
        if self.portfolio is None or not self.metrics:
            return ()
        month = self.month
        return tuple(measured_machines(month.catalog, month.plan, self.portfolio, self.metrics))

    @cached_property
    def nodes(self) -> tuple[MeasuredNodes, ...]:
        """Every node group with what pods requested; none where no requests were measured."""
        if self.portfolio is None:
            return ()
        month = self.month
        year, number = map(int, month.statement.month.split("-"))
        days = monthrange(year, number)[1]
        return tuple(measured_nodes(month.catalog, month.plan, self.portfolio, month.levels, days))

    def sizes(self) -> Iterator[Advice]:
        """Sizes that would do better, those of the highest fees with what they save as a preview shows it."""
        if self.portfolio is None:
            return
        month = self.month
        fees = {tenant.tenant: tenant.fee_per_month for tenant in month.plan.tenants}
        others: tuple[MeasuredMachine | MeasuredNodes, ...] = (*self.machines, *self.nodes)
        found = list(advice(month.catalog, month.plan, self.portfolio, month.levels, others))
        # What tenants share comes first.
        found.sort(key=lambda each: (each.tenant is not None, -fees.get(each.tenant or "", 0), *_key(each)))
        if self.estimates is None:
            yield from found
            return
        for each in found[: self.previews]:
            whose = each.tenant or "the platform"
            self.messages.progress(f"previewing {whose} with {each.setting}={each.target}")
            yield priced(self.estimates, each)
        yield from found[self.previews :]


def _key(each: Advice) -> tuple[str, str]:
    return each.tenant or "", each.setting


def _with_cost(option: Option, before: CostEstimate, after: CostEstimate) -> Option:
    """The differences that the preview shows, in its cents."""
    comparison = compared(before, after)
    (then, now), digits = comparison.ledgers, comparison.ledgers[1].digits
    costs = {
        each.tenant: figure(each.cost.difference, now.total(each.tenant) - then.total(each.tenant), digits)
        for each in comparison.tenants
    }
    own = costs[TenantId(option.tenant)]
    others = sum(costs.values()) - own
    (fee,) = (each.fee.difference for each in comparison.tenants if each.tenant == option.tenant)
    return Option(option.tenant, option.tier, alone(fee, comparison.currency), own, others)

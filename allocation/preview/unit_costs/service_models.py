"""How a portfolio's services earn: by the model that allocates their cost, and by what a client buys.

Three models: cost that names a tenant (direct attribution), cost that tenants share by a driver (pooled
allocation), and the fee of a packaged tier, whatever the cost is (value-based tiering). A tenant belongs to
the first or the second by the larger part of its cost, people's work aside, which names a tenant in either.
The third has all of them, at the fees of their tiers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final, NamedTuple

from allocation.preview.cost_estimate import CostEstimate
from allocation.preview.preview import in_words
from allocation.statement.statement import TenantLine
from tiers.catalog.classes import Classes
from tiers.plan.plan import TenantPlan
from tiers.vocabulary import Environment, Isolation, ResilienceClass


@unique
class Model(StrEnum):
    """How cost is allocated."""

    DIRECT = "direct attribution"
    POOLED = "pooled allocation"
    VALUE = "value-based tiering"


@unique
class Scenario(StrEnum):
    """What a client buys, by what it shares and what it is promised."""

    SHARED = "small firm on shared SaaS"
    DEDICATED = "mid-market client with a database of its own"
    ENTERPRISE = "enterprise client with high availability or recovery in a second region"


_WORK: Final = "labour"
"""The kind of the facts that are people's work, be it support, security or resilience."""


class TenantCost(NamedTuple):
    """What a tenant costs in a month, in units."""

    tenant: str
    direct: int
    pooled: int


@dataclass(frozen=True)
class ServiceModel:
    """The tenants of a row, what they cost and pay in a month, in units, and what they are promised."""

    name: str
    costs: tuple[TenantCost, ...]
    fee: int
    promises: tuple[str, ...]

    @property
    def tenants(self) -> tuple[str, ...]:
        """Its tenants."""
        return tuple(each.tenant for each in self.costs)

    @property
    def direct(self) -> int:
        """What their charges cost that name them."""
        return sum(each.direct for each in self.costs)

    @property
    def pooled(self) -> int:
        """What their shares of pools cost."""
        return sum(each.pooled for each in self.costs)

    @property
    def cost(self) -> int:
        """Their fully loaded cost."""
        return self.direct + self.pooled

    @property
    def margin(self) -> int:
        """Their fees minus their cost."""
        return self.fee - self.cost


def models(estimate: CostEstimate, classes: Classes) -> tuple[ServiceModel, ...]:
    """A row for each model. The first two are the third; with idle and unallocated cost, the bill."""

    def model(line: TenantLine, _: TenantPlan) -> Model:
        charges = estimate.charges_of.get(line.tenant, ())
        work = sum(each.units for each in charges if each.fact_kind == _WORK)
        return Model.DIRECT if line.direct - work >= sum(line.pooled.values()) else Model.POOLED

    apart = _rows(estimate, classes, (Model.DIRECT, Model.POOLED), model)
    together = _rows(estimate, classes, (Model.VALUE,), lambda *_: Model.VALUE)
    return (*apart, *together)


def scenarios(estimate: CostEstimate, classes: Classes) -> tuple[ServiceModel, ...]:
    """A row for each scenario, of production tenants alone."""

    def scenario(_: TenantLine, plan: TenantPlan) -> Scenario | None:
        if plan.environment is not Environment.PRODUCTION:
            return None
        if plan.isolation is Isolation.SHARED:
            return Scenario.SHARED
        return Scenario.ENTERPRISE if _outlives_a_zone(plan, classes) else Scenario.DEDICATED

    return _rows(estimate, classes, tuple(Scenario), scenario)


def _outlives_a_zone(plan: TenantPlan, classes: Classes) -> bool:
    return classes.resilience_classes[plan.resilience_class].multi_az


def _rows(
    estimate: CostEstimate,
    classes: Classes,
    names: Iterable[Model | Scenario],
    of: Callable[[TenantLine, TenantPlan], Model | Scenario | None],
) -> tuple[ServiceModel, ...]:
    plans = {plan.tenant: plan for plan in estimate.plan.tenants}
    lines = [(line, plans[line.tenant]) for line in estimate.statement.tenants]
    return tuple(
        _row(name, [(line, plan) for line, plan in lines if of(line, plan) is name], classes)
        for name in names
    )


def _row(
    name: Model | Scenario, members: list[tuple[TenantLine, TenantPlan]], classes: Classes
) -> ServiceModel:
    return ServiceModel(
        name=str(name),
        costs=tuple(TenantCost(line.tenant, line.direct, sum(line.pooled.values())) for line, _ in members),
        fee=sum(line.fee for line, _ in members),
        promises=tuple(_promises((plan for _, plan in members), classes)),
    )


def _promises(plans: Iterable[TenantPlan], classes: Classes) -> Iterator[str]:
    """What production tenants are promised, each promise once, the weakest first."""
    given = {plan.resilience_class for plan in plans if plan.environment is Environment.PRODUCTION}
    for promise in ResilienceClass:
        if promise in given:
            yield in_words(promise, classes.resilience_classes[promise])

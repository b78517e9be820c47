"""Comparisons of changes to the committed portfolio, for tests."""

from __future__ import annotations

from datetime import date
from functools import cache

from allocation.charges import ChargePeriod
from allocation.engine.rulebook import rules_on
from allocation.estimate.assumptions import Assumptions, Scale
from allocation.preview.comparison import Comparison, compared
from allocation.preview.cost_estimate import Conditions, CostEstimate, cost_estimate
from allocation.preview.gates import Gates
from allocation.preview.off_hours import savings
from allocation.preview.one_off_costs import one_off_costs
from allocation.preview.preview import Preview
from allocation.prices.price_book import PriceBook, load_price_book
from tests.portfolios import catalog, local_plan, local_portfolio
from tiers.change.effects import effects_of
from tiers.plan.plan import Plan
from tiers.plan.resolve import resolve
from tiers.portfolio.what_if import with_tenant

NOVEMBER = ChargePeriod.month("2026-11")


@cache
def prices() -> PriceBook:
    """The committed price book."""
    return load_price_book("USD")


@cache
def conditions(scale: Scale = Scale.LEAST) -> Conditions:
    """November 2026 under the committed prices and rules."""
    return Conditions(
        NOVEMBER, prices(), rules_on(NOVEMBER.start.date()), Assumptions(date(2026, 11, 30), scale=scale)
    )


@cache
def now() -> CostEstimate:
    """The committed portfolio as it is."""
    return cost_estimate(local_plan(), conditions())


def changed(tenant: str, tier: str | None = None, **settings: str) -> Plan:
    """The committed portfolio with one tenant changed."""
    return resolve(catalog(), with_tenant(catalog(), local_portfolio(), tenant, tier, settings).portfolio)


@cache
def comparison_of(tenant: str, tier: str | None = None, **settings: str) -> Comparison:
    """The committed portfolio beside itself with one tenant changed."""
    return compared(now(), cost_estimate(changed(tenant, tier, **settings), conditions()))


def preview_of(comparison: Comparison, gates: Gates | None = None, notes: tuple[str, ...] = ()) -> Preview:
    """What is shown of *comparison*."""
    classes = catalog().classes
    effects = effects_of(comparison.before.plan, comparison.after.plan)
    return Preview(
        comparison=comparison,
        promises=classes.resilience_classes,
        one_off=one_off_costs(comparison, classes.tier_change),
        savings=savings(comparison.after, classes.off_hours),
        notes=notes,
        failed=(gates or Gates()).failed(comparison, effects),
        effects=effects,
    )

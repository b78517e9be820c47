from __future__ import annotations

from allocation.charges import ChargePeriod
from allocation.engine.rulebook import rules_on
from allocation.estimate.assumptions import Assumptions
from allocation.preview.cost_estimate import Conditions, cost_estimate
from allocation.preview.unit_costs.service_models import models
from allocation.prices.price_book import load_price_book
from tests.portfolios import catalog, local_portfolio, plan_of, tenant
from tiers.portfolio.security.section import SecuritySpec

DECEMBER = ChargePeriod.month("2026-12")


def test_patches_and_reviews_are_work_that_names_a_tenant_in_either_model() -> None:
    everybodys = {"security": SecuritySpec(review_hours_per_month=3)}
    platform = local_portfolio().platform.model_copy(update=everybodys)
    enhanced = tenant(tier="dedicated-db", options={"users": 5, "controls": "enhanced"})
    rules = rules_on(DECEMBER.start.date())
    conditions = Conditions(DECEMBER, load_price_book("USD"), rules, Assumptions(DECEMBER.last_day))
    direct, pooled, _ = models(
        cost_estimate(plan_of(enhanced, platform=platform), conditions), catalog().classes
    )
    assert (direct.tenants, pooled.tenants) == ((), (enhanced.tenant,))

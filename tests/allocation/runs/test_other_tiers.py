from __future__ import annotations

from decimal import Decimal

import pytest

from allocation.money import units_of
from allocation.preview.comparison import compared
from allocation.preview.cost_estimate import cost_estimate
from allocation.preview.estimates import Estimates
from allocation.report.showback.month import Option
from allocation.review.remedies import dearer
from allocation.runs.messages import Messages
from allocation.runs.other_tiers import Alternatives
from tests.allocation.previews import changed, conditions, now
from tests.allocation.showbacks import moved
from tests.portfolios import catalog, local_plan, local_portfolio, plan_of, tenant
from tiers.plan.storage import keeping_storage
from tiers.portfolio.tenant import Portfolio


def options(previews: int, portfolio: Portfolio | None = None) -> list[Option]:
    estimates = Estimates(catalog(), portfolio, conditions()) if portfolio else None
    found = Alternatives(moved().month, portfolio, estimates, previews, Messages()).by_tenant()
    assert found.keys() == {tenant.tenant for tenant in local_plan().tenants}
    return [option for each in found.values() for option in each]


def test_every_tier_that_is_sold_to_a_tenant_is_reported_with_its_fee() -> None:
    (cobalt,) = (tenant for tenant in local_plan().tenants if tenant.tenant == "cobalt")
    reported = {each.tier: each.fee_difference for each in options(0) if each.tenant == "cobalt"}
    assert reported == {
        name: units_of(tier.offers[cobalt.environment].fee_per_month - cobalt.fee_per_month)
        for name, tier in catalog().tiers.items()
        if name != cobalt.tier
    }


def test_services_and_options_are_paid_on_another_tier_as_well() -> None:
    chosen = {"users": 5, "services": ("managed-database",), "controls": "enhanced"}
    plain, more = (
        plan_of(tenant(tier="dedicated-db", options=each)).tenants[0] for each in ({"users": 5}, chosen)
    )
    sold = catalog().tiers
    own, larger = (sold[name].offers[more.environment] for name in ("dedicated-db", "ha-postgresql"))
    assert plain.controls != more.controls
    assert own.enhanced_fee_per_month
    assert dearer(catalog(), plain, "ha-postgresql") == units_of(larger.fee_per_month - own.fee_per_month)
    enhanced = (
        Decimal(0) if sold["ha-postgresql"].controls is more.controls else larger.enhanced_fee_per_month
    )
    assert enhanced is not None
    assert dearer(catalog(), more, "ha-postgresql") == units_of(
        larger.fee_per_month + enhanced + Decimal(189) - more.fee_per_month
    )


def test_without_a_portfolio_no_cost_is_reported() -> None:
    assert all(each.cost_difference is None for each in options(100))


@pytest.mark.sample(1)
@pytest.mark.parametrize("previews", [0, 2, 100])
def test_as_many_as_are_wanted_are_priced_and_what_cannot_be_had_is_not(previews: int) -> None:
    found = options(previews, local_portfolio())
    priced = [each for each in found if each.cost_difference is not None]
    assert len(priced) == min(previews, len(priced))
    assert len(priced) > 7 or previews < 100  # the second steps, too
    for each in priced[:2]:
        plan, _ = keeping_storage(local_plan(), changed(each.tenant, each.tier))
        reported = compared(now(), cost_estimate(plan, conditions()))
        (own,) = (change for change in reported.tenants if change.tenant == each.tenant)
        assert each.cost_difference == own.cost.difference
        assert (
            each.neighbours
            == sum(change.cost.difference for change in reported.tenants) - own.cost.difference
        )


@pytest.mark.whole("two seconds of every tenant on every tier")
def test_everybody_has_the_smallest_step_priced_before_anybody_has_the_next() -> None:
    priced = [each for each in options(7, local_portfolio()) if each.cost_difference is not None]
    assert len({each.tenant for each in priced}) == len(priced)

"""What is sold besides production and staging: small, harmless, asleep if wanted, cheaper than staging."""

from __future__ import annotations

import pytest

from tests.portfolios import WORKING_HOURS, catalog, plan_of, tenant
from tiers.facts.every_fact import Egress, LogicalBackup, ScheduledJob, SleepSchedule, Workload
from tiers.plan.plan import TenantPlan, facts_of
from tiers.vocabulary import Environment

SOLD = [
    (tier, environment)
    for tier in ("shared-namespace", "dedicated-db")
    for environment in (Environment.DEVELOPMENT, Environment.ANALYTICS)
]


def planned(tier: str, environment: Environment) -> TenantPlan:
    options = {"users": 3, "schedule": WORKING_HOURS}
    (plan,) = plan_of(tenant("acme", tier=tier, environment=environment, options=options)).tenants
    return plan


def test_each_is_sold_by_the_tiers_that_share_what_they_can() -> None:
    for environment in (Environment.DEVELOPMENT, Environment.ANALYTICS):
        sold = {name for name, tier in catalog().tiers.items() if environment in tier.offers}
        assert sold == {"shared-namespace", "dedicated-db"}


@pytest.mark.parametrize(("tier", "environment"), SOLD)
def test_it_is_small_harmless_and_asleep_when_wanted(tier: str, environment: Environment) -> None:
    plan = planned(tier, environment)
    (web,) = facts_of(plan.facts, Workload)  # no pod for scheduled actions
    assert web.name == "web"
    assert web.odoo is not None
    assert web.odoo.neutralised
    assert (web.replicas, web.awake_minutes_per_week) == (1, 3600)
    (egress,) = facts_of(plan.facts, Egress)
    assert (egress.internet, egress.cidrs, egress.mail_ports) == (False, (), ())
    assert len(facts_of(plan.facts, SleepSchedule)) == 1
    # Production has the dumps; what has none is not tested.
    assert facts_of(plan.facts, LogicalBackup) == []
    assert {job.name for job in facts_of(plan.facts, ScheduledJob)} == {"sleep", "wake"}


@pytest.mark.parametrize(("tier", "environment"), SOLD)
def test_it_costs_less_than_staging_and_has_its_own_namespace_of_its_environment(
    tier: str, environment: Environment
) -> None:
    offers = catalog().tiers[tier].offers
    assert offers[environment].fee_per_month < offers[Environment.STAGING].fee_per_month
    (web,) = facts_of(planned(tier, environment).facts, Workload)
    assert web.namespace == (f"odoo-{environment}" if tier == "shared-namespace" else "odoo-acme")

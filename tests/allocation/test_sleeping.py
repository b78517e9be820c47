from __future__ import annotations

from fractions import Fraction

from allocation.sleeping import savings
from allocation.valuing import valued
from tests.allocation.previews import conditions, now
from tests.portfolios import catalog, plan_of, tenant
from tiers.classes import OffHours

HOURS = catalog().classes.off_hours


def test_production_never_sleeps() -> None:
    assert {each.tenant for each in savings(now(), HOURS)} == {"acme-staging", "borealis-migration"}


def test_what_sleeps_frees_its_part_of_the_nodes_and_nothing_of_the_bill() -> None:
    staging = next(each for each in savings(now(), HOURS) if each.tenant == "acme-staging")
    line = next(line for line in now().statement.tenants if line.tenant == "acme-staging")
    assert (staging.saved, staging.freed) == (0, round(line.pooled["nodes"] * Fraction(108, 168)))


def test_who_is_always_awake_saves_nothing() -> None:
    assert savings(now(), OffHours(awake_hours_per_week=168)) == ()


def test_an_own_server_would_stop_and_its_disk_would_not() -> None:
    """A staging environment has none today, so production's plan is called staging's."""
    valuation = valued(plan_of(tenant("acme", tier="dedicated-db")), conditions())
    (own,) = valuation.plan.tenants
    staging = own.model_copy(update={"environment": "staging"})
    as_staging = valuation.plan.model_copy(update={"tenants": (staging,)})
    (saving,) = savings(valued(as_staging, conditions()), HOURS)
    instance = valuation.charges["acme/server#instance"].units
    assert saving.saved == round(instance * Fraction(108, 168))

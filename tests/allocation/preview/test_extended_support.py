"""A preview says what it costs not to upgrade."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from allocation.preview.cost_estimate import Conditions, cost_estimate
from allocation.preview.extended_support import extended_support_notes
from allocation.prices.price_book import PriceBook
from tests.allocation.previews import conditions
from tests.portfolios import plan_of, tenant, wide_platform
from tiers.plan.plan import Plan
from tiers.portfolio.platform import DatabaseSpec


def plan(version: str, stage: str | None = None) -> Plan:
    """A tenant with a Multi-AZ server of its own of 2 vCPUs that has *version*."""
    database = DatabaseSpec.model_validate(wide_platform().database.model_dump() | {"engine_version": "18"})
    one = tenant(
        "acme",
        tier="ha-postgresql",
        options={"users": 5, "database_engine_version": version},
        database_upgrade={"to": "18", "stage": stage} if stage else None,
    )
    return plan_of(one, platform=wide_platform().model_copy(update={"database": database}))


def notes(of: Plan, day: date, prices: PriceBook | None = None) -> list[str]:
    usual = conditions()
    assumed = replace(usual.assumptions, as_of=day)
    return list(
        extended_support_notes(
            cost_estimate(of, Conditions(usual.period, prices or usual.prices, usual.rules, assumed))
        )
    )


def test_not_upgrading_has_a_price_two_years_ahead() -> None:
    """Both instances of Multi-AZ pay: 2 x 2 vCPUs x 730 hours x 0.10, from the third year on 0.20."""
    (note,) = notes(plan("14"), date(2026, 11, 30))
    assert note == (
        "acme/server: extended support of PostgreSQL 14 costs 292.00 a month from 2027-03-01, 584.00 a month "
        "from 2029-03-01; run `costack upgrade-database acme` before"
    )
    assert notes(plan("14"), date(2027, 3, 1)) == []  # the estimate has the line now
    assert notes(plan("16"), date(2026, 11, 30)) == []
    assert len(notes(plan("16"), date(2027, 3, 2))) == 1


def test_the_third_year_is_said_before_it_doubles_the_price() -> None:
    (note,) = notes(plan("14"), date(2027, 3, 2))
    assert note == (
        "acme/server: extended support of PostgreSQL 14 costs 584.00 a month from 2029-03-01; run "
        "`costack upgrade-database acme` before"
    )
    assert not any(each.startswith("acme") for each in notes(plan("14"), date(2029, 3, 1)))


def test_who_upgrades_is_not_told() -> None:
    assert len(notes(plan("14", "check"), date(2026, 11, 30))) == 1
    assert notes(plan("14", "upgrade"), date(2026, 11, 30)) == []


def test_a_price_that_is_not_known_is_not_nothing() -> None:
    (note,) = notes(plan("14"), date(2026, 11, 30), PriceBook([], "USD"))
    assert "costs an unknown amount a month from 2027-03-01, an unknown amount a month" in note

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

import pytest

from allocation.engine.drivers import Driver
from allocation.report.showback.review.decisions import reason
from allocation.review.findings import BeyondFairUse, IdlePool, LargeShare, Size, ThinMargin, UserCount
from allocation.review.promises import CheapPromise
from allocation.review.signals import Kind, Month, Signal, signals, standings
from allocation.review.usage_levels import Level
from allocation.review.user_counts import user_counts
from tests.allocation.previews import changed, now
from tests.allocation.showbacks import filed, statement_of
from tests.portfolios import catalog, local_plan, plan_of, tenant
from tiers.catalog.tier import Catalog
from tiers.plan.plan import Plan

Figures = TypeVar("Figures")


def month(plan: Plan | None = None, **levels: Level) -> Month:
    plan = plan or local_plan()
    measured = {("acme", Driver[name.upper()]): level for name, level in levels.items()}
    return Month(filed(statement_of(plan)), plan, catalog(), measured)


def of_days(values: Sequence[float]) -> Level:
    days = {date(2026, 11, 1) + timedelta(days=n): Decimal(str(value)) for n, value in enumerate(values)}
    return Level(days, tuple(days.values()))


def figures(signal: Signal, kind: type[Figures]) -> Figures:
    assert isinstance(signal.figures, kind)
    return signal.figures


def found(kind: Kind, seen: Month) -> list[Signal]:
    return [each for each in signals(seen) if each.kind is kind]


def test_a_peak_is_no_breach_and_a_week_of_it_is_one() -> None:
    assert found(Kind.FAIR_USE, month(users=of_days([9] * 10 + [14] * 6 + [9] * 3))) == []
    (signal,) = found(Kind.FAIR_USE, month(users=of_days([9] * 10 + [14] * 7)))
    standing, *tiers = figures(signal, BeyondFairUse)
    assert (standing.used, standing.fair, standing.measured) == (Decimal(14), 10, True)
    assert standing.breach == (date(2026, 11, 11), date(2026, 11, 17))
    assert standing.breach.days == 7
    assert tiers == ["shared-namespace", "dedicated-db"]
    assert signal.command == "costack preview --portfolio portfolios/local --tenant acme --tier dedicated-db"


def test_usage_that_was_not_measured_is_taken_as_declared() -> None:
    (signal,) = found(Kind.FAIR_USE, month(changed("acme", users="12")))
    standing = figures(signal, BeyondFairUse).standing
    assert (standing.used, standing.fair, standing.measured) == (Decimal(12), 10, False)
    assert not any(each.measured for each in standings(month()))


def test_what_no_tier_covers_is_an_overage() -> None:
    (signal,) = found(Kind.FAIR_USE, month(users=of_days([5000] * 8)))
    assert figures(signal, BeyondFairUse).larger is None
    assert signal.command == ""


def test_a_declaration_that_odoos_own_count_proves_wrong_is_a_signal() -> None:
    declares = next(each.users for each in local_plan().tenants if each.tenant == "acme")
    assert declares == 8
    (signal,) = found(Kind.USERS, month(users=of_days([8] * 10 + [9.5])))
    count = figures(signal, UserCount)
    assert (count.tenant, count.declared, count.active) == ("acme", 8, Decimal("9.5"))
    assert count.counted_on == date(2026, 11, 11)
    assert (count.difference, count.to_declare) == (Decimal("1.5"), 10)
    assert signal.command == "costack preview --portfolio portfolios/local --tenant acme --set users=10"
    (signal,) = found(Kind.USERS, month(users=of_days([12, 12, 5])))
    assert figures(signal, UserCount).difference == -3


def test_a_small_difference_and_a_tenant_that_was_not_counted_are_no_signal() -> None:
    many = changed("acme", users="100")
    assert found(Kind.USERS, month(many, users=of_days([109]))) == []
    assert len(found(Kind.USERS, month(many, users=of_days([110])))) == 1
    assert found(Kind.USERS, month(cpu_used=of_days([1]))) == []
    assert {each.active for each in user_counts(local_plan(), {})} == {None}
    assert {each.difference for each in user_counts(local_plan(), {})} == {None}


def test_who_takes_most_of_pools_and_pays_too_little_is_one_noisy_neighbour() -> None:
    loud = tenant("loud", options={"users": 5, "database_gib": 10})
    quiet = [tenant(f"quiet-{n}", options={"users": 5, "database_gib": 1}) for n in range(4)]
    plan = plan_of(loud, *quiet)
    loud_ones = found(Kind.NOISY_NEIGHBOUR, Month(filed(statement_of(plan)), plan, catalog()))
    (signal,) = loud_ones
    share = figures(signal, LargeShare)
    assert signal.key == "noisy neighbour: loud: shared systems"
    assert (share.pool, share.driver, share.paid_percent) == ("postgresql", "database-gib", Decimal(20))
    assert round(share.used_percent, 2) == Decimal("71.43")
    assert share.pools > 1
    line = filed(statement_of(plan)).by_tenant["loud"]
    assert signal.stake == share.missing
    assert 10 * share.missing == line.fee - 10 * line.margin
    assert signal.tier == "dedicated-db"
    assert signal.command == "costack preview --portfolio portfolios/local --tenant loud --tier dedicated-db"


def test_who_pays_for_a_large_share_is_no_noisy_neighbour() -> None:
    loud = tenant("loud", tier="dedicated-db", options={"users": 40, "filestore_gib": 90})
    quiet = [tenant(f"quiet-{n}", options={"users": 1, "database_gib": 1}) for n in range(9)]
    plan = plan_of(loud, *quiet)
    seen = Month(filed(statement_of(plan)), plan, catalog())
    line = seen.statement.by_tenant["loud"]
    assert line.margin * 10 > line.fee
    uses = [pool.usage for pool in seen.statement.pools if len(pool.usage) > 3]
    assert any(10 * usage.get("loud", 0) > 4 * sum(usage.values()) for usage in uses)
    assert [each for each in found(Kind.NOISY_NEIGHBOUR, seen) if each.tenant == "loud"] == []


def test_the_most_money_at_stake_comes_first() -> None:
    asked, used = of_days([1] * 9), of_days([0.1] * 9)
    seen = month(users=of_days([14] * 8), cpu_requests=asked, cpu_used=used)
    stakes = [each.stake for each in signals(seen)]
    known = [stake for stake in stakes if stake is not None]
    assert len(known) > 1
    assert stakes == [*sorted(known, reverse=True), *[None] * (len(stakes) - len(known))]
    assert None in stakes


def test_with_two_tenants_in_a_pool_none_is_noisy() -> None:
    plan = plan_of(
        tenant("loud", options={"users": 5, "database_gib": 10}),
        tenant("quiet", options={"users": 5, "database_gib": 1}),
    )
    assert found(Kind.NOISY_NEIGHBOUR, Month(filed(statement_of(plan)), plan, catalog())) == []


@pytest.mark.whole("each signal has its bound above")
def test_pods_that_ask_for_twice_what_they_use_are_too_large_and_the_other_way_round() -> None:
    asked = of_days([1] * 20)
    (signal,) = found(Kind.RIGHTSIZING, month(cpu_requests=asked, cpu_used=of_days([0.2] * 19 + [0.9])))
    size = figures(signal, Size)
    assert (size.what, size.unit, size.asked.average, size.used.p95) == (
        "CPU",
        "cores",
        Decimal(1),
        Decimal("0.2"),
    )
    (signal,) = found(Kind.RIGHTSIZING, month(cpu_requests=asked, cpu_used=of_days([1.5] * 20)))
    assert figures(signal, Size).used.p95 == Decimal("1.5")
    assert found(Kind.RIGHTSIZING, month(cpu_requests=asked, cpu_used=of_days([0.6] * 20))) == []
    assert found(Kind.RIGHTSIZING, month(cpu_used=of_days([0.2] * 20))) == []


def test_a_tier_whose_margin_is_small_is_under_priced() -> None:
    # Alone on a platform for many, a small firm pays for all of it.
    plan = plan_of(tenant("only"))
    (signal,) = found(Kind.UNDER_PRICED, Month(filed(statement_of(plan)), plan, catalog()))
    tier, margin, *others = figures(signal, ThinMargin)
    assert (tier, others) == ("shared-namespace", [249 * 10**10, 1, 10])
    assert margin < 0


def test_idle_capacity_is_shown_with_its_part_of_the_pool() -> None:
    (signal,) = found(Kind.IDLE, month())
    idle = now().statement.idle
    pool, percent, cost, nodes = figures(signal, IdlePool)
    assert idle.keys() == {"nodes"}
    assert (pool, nodes) == ("nodes", True)
    assert percent == 100 * Decimal(idle["nodes"]) / cost


def test_a_promise_that_costs_nearly_nothing_is_a_signal() -> None:
    """Keys and a secret cost 1.40; the hours that enhanced controls take are what a bill does not have."""
    assert found(Kind.PROMISE, month()) == []
    whole = month()
    lines = whole.statement.tenants
    keys_alone = [
        line.model_copy(update={"by_category": {**line.by_category, "security": 14_000_000_000}})
        for line in lines
    ]
    bill = whole.statement.model_copy(update={"tenants": tuple(keys_alone)})
    (signal,) = found(Kind.PROMISE, replace(whole, statement=bill))
    assert (signal.tenant, signal.about, signal.command) == ("meridian", "enhanced controls", "")
    cheap = figures(signal, CheapPromise)
    assert (cheap.category, cheap.cost, cheap.least_percent) == ("security", 14_000_000_000, 1)
    sentence = reason(signal, "USD")
    assert sentence.startswith("enhanced controls: 1.40 USD of security is less than 1 % of the fee of ")
    assert "`--labour`" in sentence
    none = replace(whole, catalog=without_threshold(), statement=bill)
    assert found(Kind.PROMISE, none) == []


def test_recovery_that_is_promised_and_costs_nothing_is_a_signal() -> None:
    whole = month()
    lines = [
        line.model_copy(update={"by_category": {**line.by_category, "resilience": 0}})
        for line in whole.statement.tenants
    ]
    bill = whole.statement.model_copy(update={"tenants": tuple(lines)})
    about = {(each.tenant, each.about) for each in found(Kind.PROMISE, replace(whole, statement=bill))}
    promised = {
        (each.tenant, f"{each.resilience_class} recovery")
        for each in local_plan().tenants
        if each.resilience_class != "standard" and each.environment == "production"
    }
    assert about == promised
    assert len(promised) > 1


def without_threshold() -> Catalog:
    """The catalog with a threshold of 0: nothing costs less."""
    limits = catalog().classes.signals.model_copy(update={"least_promised_percent": 0})
    classes = catalog().classes.model_copy(update={"signals": limits})
    return catalog().model_copy(update={"classes": classes})

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from allocation.engine.drivers import Driver
from allocation.review.signals import Kind, Month, Signal, signals, standings
from allocation.review.usage_levels import Level
from tests.allocation.previews import changed, now
from tests.allocation.showbacks import filed, statement_of
from tests.portfolios import catalog, local_plan, plan_of, tenant
from tiers.plan.plan import Plan


def month(plan: Plan | None = None, **levels: Level) -> Month:
    plan = plan or local_plan()
    measured = {("acme", Driver[name.upper()]): level for name, level in levels.items()}
    return Month(filed(statement_of(plan)), plan, catalog(), measured)


def of_days(values: Sequence[float]) -> Level:
    days = {date(2026, 11, 1) + timedelta(days=n): Decimal(str(value)) for n, value in enumerate(values)}
    return Level(days, tuple(days.values()))


def found(kind: Kind, seen: Month) -> list[Signal]:
    return [each for each in signals(seen) if each.kind is kind]


def test_a_peak_is_no_breach_and_a_week_of_it_is_one() -> None:
    assert found(Kind.FAIR_USE, month(users=of_days([9] * 10 + [14] * 6 + [9] * 3))) == []
    (signal,) = found(Kind.FAIR_USE, month(users=of_days([9] * 10 + [14] * 7)))
    assert signal.sentence == (
        "users 14 where shared-namespace covers 10, above it on 7 days in a row, 2026-11-11 to 2026-11-17; "
        "dedicated-db covers it"
    )
    assert signal.command == "costack preview --tenant acme --tier dedicated-db"


def test_what_nobody_measured_is_taken_as_declared() -> None:
    (signal,) = found(Kind.FAIR_USE, month(changed("acme", users="12")))
    assert signal.sentence.startswith("users 12 where shared-namespace covers 10, as declared")
    assert not any(each.measured for each in standings(month()))


def test_what_no_tier_covers_is_an_overage() -> None:
    (signal,) = found(Kind.FAIR_USE, month(users=of_days([5000] * 8)))
    assert signal.sentence.endswith("no tier covers it: agree on an overage")
    assert signal.command == ""


def test_who_takes_most_of_a_pool_and_pays_little_is_a_noisy_neighbour() -> None:
    loud = tenant("loud", options={"users": 5, "database_gib": 10})
    quiet = [tenant(f"quiet-{n}", options={"users": 5, "database_gib": 1}) for n in range(4)]
    plan = plan_of(loud, *quiet)
    loud_ones = found(Kind.NOISY_NEIGHBOUR, Month(filed(statement_of(plan)), plan, catalog()))
    assert {each.key: each.sentence for each in loud_ones}["noisy neighbour: loud: postgresql"] == (
        "takes 71.43 % of what tenants use of postgresql (database-gib) and pays 20 % of all fees"
    )


def test_of_two_who_share_nobody_is_noisy() -> None:
    plan = plan_of(
        tenant("loud", options={"users": 5, "database_gib": 10}),
        tenant("quiet", options={"users": 5, "database_gib": 1}),
    )
    assert found(Kind.NOISY_NEIGHBOUR, Month(filed(statement_of(plan)), plan, catalog())) == []


def test_pods_that_ask_for_twice_what_they_use_are_too_large_and_the_other_way_round() -> None:
    asked = of_days([1] * 20)
    (signal,) = found(Kind.RIGHTSIZING, month(cpu_requests=asked, cpu_used=of_days([0.2] * 19 + [0.9])))
    assert signal.sentence == "CPU: asks for 1 cores, 95 % of the time uses at most 0.2; a smaller size fits"
    (signal,) = found(Kind.RIGHTSIZING, month(cpu_requests=asked, cpu_used=of_days([1.5] * 20)))
    assert signal.sentence.endswith("1.5, more than that; too small")
    assert found(Kind.RIGHTSIZING, month(cpu_requests=asked, cpu_used=of_days([0.6] * 20))) == []
    assert found(Kind.RIGHTSIZING, month(cpu_used=of_days([0.2] * 20))) == []


def test_a_tier_whose_margin_is_small_is_under_priced() -> None:
    # Alone on a platform for many, a small firm pays for all of it.
    plan = plan_of(tenant("only"))
    (signal,) = found(Kind.UNDER_PRICED, Month(filed(statement_of(plan)), plan, catalog()))
    assert signal.sentence.startswith("shared-namespace: margin -")
    assert signal.sentence.endswith("of 249.00 USD fees of 1 production tenants, less than 10 %")


def test_idle_capacity_is_told_with_its_part_of_the_pool() -> None:
    (signal,) = found(Kind.IDLE, month())
    assert signal.sentence.startswith("nodes: ")
    assert " % of " in signal.sentence
    assert now().statement.idle.keys() == {"nodes"}

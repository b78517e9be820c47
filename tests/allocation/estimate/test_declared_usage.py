from __future__ import annotations

from decimal import Decimal

import pytest

from allocation.charges import ChargePeriod
from allocation.engine.drivers import CAPACITY, UNITS, Driver
from allocation.estimate.declared_usage import PLATFORM, declared_usage
from tests.portfolios import local_plan, measured, plan_of, tenant
from tests.sleepers import sleeper
from tiers.plan.plan import Plan

NOVEMBER = ChargePeriod.month("2026-11")


def quantities(plan: Plan, driver: Driver, hours: Decimal = Decimal(730)) -> dict[str, Decimal]:
    return {use.tenant: use.quantity for use in declared_usage(plan, NOVEMBER, hours) if use.driver is driver}


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        (Driver.USERS, (8, 3, 10, 2, 25, 60, 70)),
        # What a tenant has of its own is no part of what is shared: its own charge says what it costs.
        (Driver.DATABASE_GIB, (5, 5, 8, 5, 0, 0, 0)),
        (Driver.CACHE_MIB, (64, 32, 64, 32, 128, 0, 0)),
        (Driver.FILESTORE_GIB, (10, 10, 20, 10, 30, 100, 0)),
        # 30 daily dumps of a quarter of the database (37.5, 60, 150 GiB), 7 of staging (8.75), 360 of 90
        # days (4,500 GiB), and the files.
        (Driver.BACKUP_GIB, (48, 19, 80, 0, 180, 4600, 0)),
    ],
)
def test_declared_quantities_accrue_over_the_month(driver: Driver, expected: tuple[int, ...]) -> None:
    names = [each.tenant for each in local_plan().tenants]
    assert quantities(local_plan(), driver) == {
        name: value * 730 for name, value in zip(names, expected, strict=True) if value
    }


def test_requests_count_for_the_minutes_they_are_asked_for() -> None:
    plan = plan_of(tenant("acme"))
    # Web and cron all month, the nightly backup: 30 runs of 10 minutes, and one restore test of 20.
    jobs = 5 + Decimal(20) / 60
    for driver, lasting, job in (
        (Driver.CPU_REQUESTS, "0.350", "0.1"),
        (Driver.MEMORY_REQUESTS, "1.5", "0.25"),
    ):
        exact = Decimal(lasting) * 730 + Decimal(job) * jobs
        assert quantities(plan, driver)["acme"] == exact.quantize(Decimal("0.000000001"))


def test_platform_parts_are_whose_they_are() -> None:
    usual, more = plan_of(tenant("acme")), plan_of(tenant("acme"), platform=measured())
    # Kube-state-metrics and two exporters once, Fluent Bit on each of three nodes; Traefik twice, which was a
    # service of twice that size before.
    millicores, mib = 20 + 20 + 10 + 3 * 50 + 2 * 100 - 2 * 200, 128 + 64 + 64 + 3 * 128 + 2 * 128 - 2 * 256
    for driver, of_tenant, of_platform in (
        (Driver.CPU_REQUESTS, "0.010", Decimal(millicores) / 1000),
        (Driver.MEMORY_REQUESTS, "0.0625", Decimal(mib) / 1024),
    ):
        before, after = quantities(usual, driver), quantities(more, driver)
        assert after["acme"] - before["acme"] == Decimal(of_tenant) * 730
        assert after[PLATFORM] - before[PLATFORM] == of_platform * 730


def test_hours_of_support_are_those_that_tiers_include() -> None:
    included = {"acme": 2, "borealis": 2, "borealis-migration": 1, "cobalt": 4, "halcyon": 8, "meridian": 12}
    assert quantities(local_plan(), Driver.SUPPORT_HOURS) == included
    half = quantities(local_plan(), Driver.SUPPORT_HOURS, Decimal(365))
    assert half == {name: Decimal(hours) / 2 for name, hours in included.items()}


def test_the_platform_and_the_nodes_have_their_lines() -> None:
    cores = quantities(local_plan(), Driver.CPU_REQUESTS)
    assert cores[CAPACITY] == 3 * Decimal("3.920") * 730
    assert cores[PLATFORM] > 0


def test_a_fee_is_paid_for_the_hours_of_it() -> None:
    fee = local_plan().tenants[0].fee_per_month
    assert quantities(local_plan(), Driver.FEE)["acme"] == fee
    assert quantities(local_plan(), Driver.FEE, Decimal(365))["acme"] == fee / 2


def test_every_driver_has_a_unit() -> None:
    assert set(UNITS) == set(Driver)


def test_who_sleeps_asks_for_nothing_meanwhile() -> None:
    asked = quantities(plan_of(sleeper()), Driver.CPU_REQUESTS)["acme-test"]
    # The web pod for 60 of 168 hours; 30 backups of 10 minutes; 22 minutes to fall asleep and to wake each; a
    # restore test of 20 minutes.
    exact = Decimal("0.1") * 730 * 60 / 168 + Decimal("0.1") * 5 + Decimal("0.1") * (44 + 20) / 60
    assert asked == exact.quantize(Decimal("0.000000001"))
    assert quantities(plan_of(sleeper()), Driver.DATABASE_GIB) == {"acme-test": Decimal(5 * 730)}

"""As many nodes as hold what pods requested, also while one of them is gone."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from allocation.engine.drivers import Driver
from allocation.preview.rightsizing.nodes import MeasuredNodes, measured_nodes
from allocation.review.usage_levels import Level
from tests.portfolios import catalog, grouped_platform, local_plan, local_portfolio, tenant
from tiers.plan.resolve import resolve
from tiers.plan.warnings import interfaces_of
from tiers.portfolio.tenant import Portfolio
from tiers.portfolio.what_if import with_platform


def level(value: str, days: int = 30) -> Level:
    found = {date(2026, 11, 1) + timedelta(days=n): Decimal(value) for n in range(days)}
    return Level(found, tuple(found.values()))


def requested(
    cores: str, gib: str, days: int = 30, names: tuple[str, ...] = ()
) -> dict[tuple[str, Driver], Level]:
    plan = local_plan()
    names = names or (*(each.tenant for each in plan.tenants), "platform")
    return {
        (name, driver): level(value, days)
        for name in names
        for driver, value in ((Driver.CPU_REQUESTS, cores), (Driver.MEMORY_REQUESTS, gib))
    }


def judged(
    levels: dict[tuple[str, Driver], Level], portfolio: Portfolio | None = None
) -> dict[str, MeasuredNodes]:
    found = measured_nodes(catalog(), local_plan(), portfolio or local_portfolio(), levels, 30)
    return {each.group.id: each for each in found}


def test_nodes_that_are_idle_may_go_and_one_may_fail() -> None:
    """Shared are six tenants and the platform's pods, 3.92 cores and 14.64 GiB a node."""
    shared = judged(requested("0.5", "1"))["platform/nodes-general"]
    assert (shared.group.nodes, shared.target, shared.advice) == (3, 2, shared.advice)
    assert shared.advice is not None
    assert shared.advice.command("local") == (
        "costack preview --portfolio portfolios/local --set cluster.node_groups.general.nodes=2"
    )
    assert shared.because.startswith(
        "at most 3.5 cores and 7 GiB were requested; 3 nodes have 11.76 cores and"
    )


@pytest.mark.parametrize(
    ("cores", "gib", "target"),
    [
        ("0.01", "0.01", 2),  # never one alone
        ("0.56", "1", 2),  # 3.92 cores: one node holds them
        ("0.57", "1", 3),
        ("0.1", "2.1", 3),  # memory decides as well
        ("5", "1", 11),  # 35 cores with headroom take more than one node in reserve
    ],
)
def test_both_measures_count_and_headroom_is_kept(cores: str, gib: str, target: int) -> None:
    assert judged(requested(cores, gib))["platform/nodes-general"].target == target


def test_who_was_not_measured_prevents_advice() -> None:
    levels = requested("0.5", "1")
    del levels["borealis", Driver.MEMORY_REQUESTS]
    shared = judged(levels)["platform/nodes-general"]
    assert (shared.target, shared.advice) == (None, None)
    assert "1 of " in shared.because
    assert "borealis among them: no advice" in shared.because
    part = judged(requested("0.5", "1", days=20))["platform/nodes-general"]
    assert (part.target, part.because) == (
        None,
        "66.67 % of the month was measured, 90 % are needed: no advice",
    )
    assert judged({}) == {}


def test_pods_of_the_platform_that_nobody_measured_count_as_declared() -> None:
    tenants = tuple(each.tenant for each in local_plan().tenants)
    without, declared = judged(requested("0.5", "1", names=tenants)), judged(requested("0.5", "1"))
    one, other = (each["platform/nodes-general"].requested for each in (without, declared))
    assert one is not None
    assert other is not None
    assert one.cores > other.cores  # 1.65 cores are declared, 0.5 were measured


def test_nodes_of_one_tenant_are_judged_by_its_pods_alone() -> None:
    own = judged(requested("0.5", "1"))["meridian/nodes"]
    assert (own.group.nodes, own.target, own.advice) == (2, 2, None)
    busy = judged(requested("9", "1"))["meridian/nodes"]
    assert (busy.target, busy.advice) == (4, None)
    assert busy.because.endswith(
        "their number is that of the control class in the catalog (`dedicated_nodes`)"
    )


def test_a_group_that_the_files_do_not_have_gets_no_advice() -> None:
    renamed = with_platform(
        catalog(), local_portfolio(), {"cluster.node_groups.general.name": "other"}
    ).portfolio
    shared = judged(requested("0.5", "1"), renamed)["platform/nodes-general"]
    assert (shared.target, shared.advice) == (None, None)


def test_pods_with_a_security_group_need_an_interface_each() -> None:
    """A node of m7g.xlarge has 18; each tenant with a server of its own takes up to eight."""
    made = [tenant(f"t{n}", tier="ha-postgresql", options={"users": 5}) for n in range(9)]
    portfolio = Portfolio(platform=grouped_platform(), tenants=tuple(made))
    plan = resolve(catalog(), portfolio)
    levels = {
        (each.tenant, driver): level("0.1") for each in made
        for driver in (Driver.CPU_REQUESTS, Driver.MEMORY_REQUESTS)
    }  # fmt: skip
    wanted = sum(interfaces_of(each) for each in plan.tenants)
    for found in measured_nodes(catalog(), plan, portfolio, levels, 30):
        assert found.target == -(-wanted // 18) > 2

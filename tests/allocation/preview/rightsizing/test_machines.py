"""Servers and caches get the class that holds what was measured and what is promised, or no advice."""

from __future__ import annotations

import json
import shlex
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.adapters.cloudwatch.export import read_metrics
from allocation.charges import ChargePeriod
from allocation.money import amount_of
from allocation.preview.estimates import Estimates
from allocation.preview.rightsizing.advice import Advice, priced
from allocation.preview.rightsizing.machines import MeasuredMachine, measured_machines
from allocation.review.metric_levels import Metric, MetricLevel, Metrics
from tests.allocation.metrics import of_cache, of_server
from tests.allocation.previews import conditions
from tests.cli.reporting import said
from tests.portfolios import LOCAL, catalog, local_portfolio, wide_platform
from tests.portfolios import tenant as made_tenant
from tiers.catalog.classes import DatabaseClass
from tiers.plan.resolve import resolve
from tiers.portfolio.loading import load_portfolio
from tiers.portfolio.tenant import Portfolio
from tiers.portfolio.what_if import with_platform, with_tenant

SERVERS = catalog().classes.database_classes


def machines(
    folder: Path, *results: dict[str, Any], portfolio: Portfolio | None = None
) -> dict[str, MeasuredMachine]:
    file = folder / "metrics.json"
    file.write_text(json.dumps({"MetricDataResults": results}), encoding="utf-8")
    metrics = read_metrics([file], ChargePeriod.month("2026-11"))
    return judged(metrics, portfolio or local_portfolio())


def judged(metrics: Metrics, portfolio: Portfolio) -> dict[str, MeasuredMachine]:
    found = measured_machines(catalog(), resolve(catalog(), portfolio), portfolio, metrics)
    return {each.place.fact.id: each for each in found}


def test_a_server_that_is_too_large_gets_the_smallest_class_that_holds_it(tmp_path: Path) -> None:
    found = machines(tmp_path, *of_server("halcyon/server", 12.5, 40, 12.5))
    idle = found["halcyon/server"]
    assert (idle.place.size, idle.target) == ("l", "m")
    assert idle.because == (
        "95 % of the time 12.5 % of 2 vCPUs or less, 12.5 % on average, at most 3.5 GiB and 40 connections; "
        "l has 2 vCPUs, 16 GiB and 1,802 connections, the target 2 vCPUs (30 % of them on average), 8 GiB "
        "and 901 connections"
    )
    assert idle.advice == Advice("halcyon", "database_class", "l", "m", idle.because)
    assert found["cobalt/server"].because == "not measured: no advice"
    assert found["cobalt/server"].advice is None


@pytest.mark.parametrize(
    ("cpu", "connections", "free_gib", "target"),
    [
        (10, 40, 7, "s"),
        (20, 40, 7, "m"),  # more than the baseline of s on average
        (26, 40, 7, "l"),  # with headroom more than the baseline of m
        (10, 40, 4.6, "m"),  # 3.4 GiB with headroom are more than 4
        (10, 400, 7, "m"),
        (10, 800, 7, "l"),
        (90, 40, 7, ""),  # no class has more vCPUs
    ],
)
def test_each_measure_decides(
    cpu: float, connections: int, free_gib: float, target: str, tmp_path: Path
) -> None:
    sized = with_tenant(catalog(), local_portfolio(), "halcyon", None, {"database_class": "m"}).portfolio
    found = machines(tmp_path, *of_server("halcyon/server", cpu, connections, free_gib), portfolio=sized)
    assert found["halcyon/server"].target == target


def test_a_server_shrinks_a_step_at_a_time_and_a_cache_at_once(tmp_path: Path) -> None:
    portfolio = with_platform(catalog(), local_portfolio(), {"cache.cache_class": "m"}).portfolio
    busy = [*of_server("halcyon/server", 1, 1, 15.9), *of_cache("platform/cache", 1, 1)]
    found = machines(tmp_path, *busy, portfolio=portfolio)
    assert [found[name].target for name in ("halcyon/server", "platform/cache")] == ["m", "xs"]


def test_a_class_is_as_large_as_what_roles_may_open(tmp_path: Path) -> None:
    """Halcyon's roles may open 240 connections; with many web pods more than s has."""
    many = with_tenant(catalog(), local_portfolio(), "halcyon", None, {"workload_class": "m"}).portfolio
    plan = resolve(catalog(), many)
    (role,) = (fact for fact in next(t for t in plan.tenants if t.tenant == "halcyon").facts
               if fact.kind == "tenant-database")  # fmt: skip
    idle = machines(tmp_path, *of_server("halcyon/server", 1, 1, 15.9), portfolio=many)["halcyon/server"]
    assert idle.target is not None
    assert SERVERS[idle.target].max_connections >= role.connection_limit


def test_a_server_is_as_large_as_the_standby_that_is_sold_beside_it(tmp_path: Path) -> None:
    options = {"users": 40, "dr_region": "eu-west-1", "warm_standby": True, "database_class": "m"}
    twin = made_tenant("polar", tier="cross-region-backup", options=options)
    alone = made_tenant("solar", tier="cross-region-backup", options={**options, "warm_standby": False})
    both = Portfolio(platform=wide_platform(), tenants=(twin, alone))
    busy = [row for name in ("polar", "solar") for row in of_server(f"{name}/server", 5, 20, 7.5)]
    found = machines(tmp_path, *busy, portfolio=both)
    assert (found["polar/server"].target, found["solar/server"].target) == ("m", "s")


def test_too_little_of_the_month_is_no_advice_and_the_part_is_said(tmp_path: Path) -> None:
    part = machines(tmp_path, *of_server("halcyon/server", 1, 1, 15, hours=600))["halcyon/server"]
    assert (part.target, part.because) == (
        None,
        "83.33 % of the month was measured, 90 % are needed: no advice",
    )
    cpu, _, _ = of_server("halcyon/server", 1, 1, 15)
    assert machines(tmp_path, cpu)["halcyon/server"].because == "not measured: no advice"
    other = machines(tmp_path, *of_server("halcyon/server", 1, 1, 17))["halcyon/server"]
    assert (other.target, other.because.endswith("the class changed in the month: no advice")) == (None, True)


def test_a_file_with_another_class_than_what_is_deployed_gets_no_advice() -> None:
    portfolio = local_portfolio()
    changed = with_platform(catalog(), portfolio, {"database.database_class": "l"}).portfolio
    found = {
        each.place.fact.id: each
        for each in measured_machines(catalog(), resolve(catalog(), portfolio), changed, {})
    }
    assert found["platform/database"].because == "its file has another class than what is deployed"


def test_a_cache_holds_its_sessions_beside_what_aws_keeps(tmp_path: Path) -> None:
    portfolio = with_platform(catalog(), local_portfolio(), {"cache.cache_class": "m"}).portfolio
    for mib, evictions, target in ((100, 0, "xs"), (500, 0, "s"), (1000, 0, "m"), (2500, 0, "")):
        busy = of_cache("platform/cache", 2, mib, evictions)
        cache = machines(tmp_path, *busy, portfolio=portfolio)["platform/cache"]
        assert (mib, cache.target) == (mib, target)


def test_a_cache_that_threw_sessions_away_grows(tmp_path: Path) -> None:
    cache = machines(tmp_path, *of_cache("platform/cache", 2, 100, evictions=7))["platform/cache"]
    assert (cache.place.size, cache.target) == ("xs", "s")
    assert ", 14 evictions; xs has" in cache.because


def test_every_node_of_a_cache_must_be_measured(tmp_path: Path) -> None:
    cache = machines(tmp_path, *of_cache("platform/cache", 2, 100, nodes=("001",)))["platform/cache"]
    assert (cache.load, cache.because) == (None, "not measured: no advice")


@given(st.integers(0, 100), st.integers(0, 2000), st.integers(0, 16))
def test_a_class_that_would_do_has_all_that_was_measured_with_headroom(
    cpu: int, connections: int, used_gib: int
) -> None:
    level = {
        Metric.CPU: Decimal(cpu),
        Metric.CONNECTIONS: Decimal(connections),
        Metric.FREE_MEMORY: Decimal((16 - used_gib) * 1024**3),
    }
    metrics = {("halcyon/server", "-", each): MetricLevel((value,), 1, 1) for each, value in level.items()}
    target = judged(metrics, local_portfolio())["halcyon/server"].target
    holding = [name for name in ("m", "l") if has(SERVERS[name], cpu, connections, used_gib)]
    assert target == (holding[0] if holding else "")


def has(size: DatabaseClass, cpu: int, connections: int, used_gib: int) -> bool:
    """Whether a class has what was measured of two vCPUs, and a fifth more."""
    steady = size.vcpus * (size.baseline_cpu_percent or 100)
    return (
        steady * 10 >= 24 * cpu
        and (size.memory_mib or 0) * 10 >= used_gib * 1024 * 12
        and size.max_connections * 10 >= connections * 12
    )


def test_what_it_saves_is_the_previews_difference_to_the_unit(tmp_path: Path) -> None:
    folder = tmp_path / "portfolios" / "local"
    shutil.copytree(LOCAL, folder)
    portfolio = load_portfolio(folder, catalog())
    estimates = Estimates(catalog(), portfolio, conditions())
    busy = [
        *of_server("halcyon/server", 5, 20, 15.5),
        *of_server("platform/database", 15, 100, 0.5),
    ]  # fmt: skip
    found = machines(tmp_path, *busy, portfolio=portfolio)
    for machine, option in (("halcyon/server", ["--tenant", "halcyon"]), ("platform/database", [])):
        advised = found[machine].advice
        assert advised is not None
        got = priced(estimates, advised)
        words = shlex.split(got.command("local"))
        assert words[4:-2] == option
        words[words.index("--portfolio") + 1] = str(folder)
        told = json.loads(said(*words[1:], "--period", f"{conditions().period.start:%Y-%m}", "-o", "json"))
        bill = told["bill"]
        assert got.bill is not None
        assert amount_of(-got.bill) == Decimal(bill["after"]) - Decimal(bill["before"]) != 0
        for cost in (each["cost"] for each in told["tenants"] if each["tenant"] == advised.tenant):
            assert got.own is not None
            assert amount_of(-got.own) == Decimal(cost["after"]) - Decimal(cost["before"])

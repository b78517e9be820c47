from __future__ import annotations

import re
from decimal import Decimal

import promql_parser
import pytest

from allocation.adapters.usage.queries import INSTEAD, Window, queries
from allocation.adapters.usage.rows import UsageError
from allocation.engine.drivers import UNITS, Driver
from allocation.engine.rulebook import rulebooks
from tests.portfolios import ROOT

DRIVERS = sorted([*queries().drivers, *(f"{driver}{INSTEAD}" for driver in queries().instead)])
CHECKS = sorted(queries().checks)
DAY = Window(86400, 300, 1790812800)


def test_every_driver_is_either_measured_or_said_to_come_from_elsewhere() -> None:
    measured, elsewhere = set(queries().drivers), set(queries().elsewhere)
    assert measured | elsewhere == set(Driver)
    assert not measured & elsewhere
    assert queries().instead.keys() <= measured


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_query_has_the_unit_of_its_driver(driver: str) -> None:
    query = queries().of(driver)
    assert query.unit == UNITS[Driver(driver.removesuffix(INSTEAD))]
    assert query.divided_by == {"GiB-hours": 1024**3, "MiB-hours": 1024**2}.get(query.unit, 1)
    assert (query.accrues == "hours") == query.unit.endswith("-hours")


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_query_is_whole_and_sums_over_the_steps_of_its_window(driver: str) -> None:
    text = queries().usage(driver, DAY)
    assert text.startswith("sum_over_time((sum by (")
    assert text.endswith(")[86400s:300s])")
    promql_parser.parse(text)
    assert text.replace('"$1"', "").count("$") == 0
    assert f"sum by ({queries().of(driver).tenant})" in text
    assert queries().presence(driver, DAY).startswith("count_over_time((group(")


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("clusters", [(), ("cluster", "k8s_cluster_name")])
def test_a_check_is_whole_and_has_a_driver_and_a_remedy(name: str, clusters: tuple[str, ...]) -> None:
    drivers = [driver for driver in DRIVERS if name in queries().of(driver).checks]
    assert drivers
    for driver in drivers:
        text = queries().check(name, driver, Window(86400, 300, 1790812800, clusters))
        promql_parser.parse(text)
        assert text.replace('"$1"', "").count("$") == 0
    assert bool(queries().checks[name].remedy) != queries().checks[name].says


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_has_the_checks_of_all_that_it_joins(driver: str) -> None:
    """What is left out of one driver's list would be believed there."""
    text, checks = queries().usage(driver, DAY), set(queries().of(driver).checks)
    needed: dict[str, set[str]] = {
        "kube_pod_labels": {"pods-twice", "pods-copied", "pods-undated", "pods-gaps"},
        'kube_pod_container_resource_requests{resource="cpu"': {"cpu-requests-unknown", "nodes-exported"},
        'kube_pod_container_resource_requests{resource="memory"': {
            "memory-requests-unknown",
            "nodes-exported",
        },
        "container_cpu_usage": {"containers-twice", "containers-unknown", "cpu-unknown", "cpu-unseen"},
        "container_memory": {"containers-twice", "containers-unknown", "memory-unknown", "memory-unseen"},
        "kube_pod_owner": {"owners-unknown", "jobs-undated", "jobs-short"},
        "kube_persistentvolumeclaim": {"claims-twice", "claims-unknown", "claims-gaps", "claims-partly"},
        "pg_database_size": {"databases-twice", "databases-gaps", "databases-partly"},
        "pg_stat_database": {"active-twice", "active-gaps", "active-partly"},
        "traefik_service": {"services-twice", "services-unknown", "ingress-gaps", "ingress-partly"},
        "(tenant_": {"tenants-twice", "tenants-unseen", "tenants-gaps", "tenants-partly"},
    }
    assert checks == set().union(*(names for metric, names in needed.items() if metric in text))


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_join_and_group_of_a_driver_is_by_cluster(driver: str) -> None:
    """What is joined by a namespace, a database or an instance is told apart by its cluster first."""
    window = Window(86400, 300, 1790812800, ("site",))
    texts = [
        queries().usage(driver, window),
        *(queries().check(name, driver, window) for name in queries().of(driver).checks),
    ]
    for text in texts:
        keys = re.findall(r"\b(?:on|by) \(([^)]*)\)", text)
        by_cluster = [key for key in keys if key.startswith("site, ")]
        others = {key for key in keys if not key.startswith("site, ")}
        assert others <= {"label_cost_tenant", "datname", "uid", "job, instance", "tenant"}, (driver, others)
        assert by_cluster or others == {"job, instance"}


def test_the_docs_name_every_metric_that_is_asked_for() -> None:
    texts = [queries().usage(driver, DAY) for driver in DRIVERS] + [
        queries().check(name, driver, DAY) for driver in DRIVERS for name in queries().of(driver).checks
    ]
    asked = {
        name for text in texts for name in re.findall(r"\b(?:kube|container|pg|traefik|tenant)_\w+", text)
    }
    told = set(re.findall(r"`(\w+_\w+)`", (ROOT / "docs" / "usage.md").read_text(encoding="utf-8")))
    assert asked <= told


def test_every_driver_of_the_default_rulebook_has_a_query() -> None:
    asked = {
        str(driver) for book in rulebooks().values() for pool in book.pools for driver in pool.driver.measures
    }
    asked -= {Driver.FAILOVER_USERS, Driver.SUPPORT_HOURS}  # the plan and tickets know them
    assert asked == {
        "backup-gib",
        "cache-mib",
        "cpu-requests",
        "database-gib",
        "filestore-gib",
        "memory-requests",
        "users",
    }
    assert asked <= queries().drivers.keys()


def test_no_query_averages() -> None:
    assert not [driver for driver in DRIVERS if "avg" in queries().usage(driver, DAY)]


def test_gauges_accrue_hours_and_rates_give_back_their_counts() -> None:
    # Two cores for a day of 288 steps; 8 GiB for an hour; 3 requests a second for a step.
    assert queries().of("cpu-used").accrued(Decimal(2 * 288), 300) == 48
    assert queries().of("memory-used").accrued(Decimal(8 * 1024**3 * 12), 300) == 8
    assert queries().of("ingress-requests").accrued(Decimal(3), 300) == 900


def test_a_driver_that_is_not_measured_says_where_it_comes_from() -> None:
    with pytest.raises(
        UsageError, match="driver 'fee': Prometheus does not measure it; it comes from the con"
    ):
        queries().usage("fee", DAY)
    with pytest.raises(
        UsageError, match="driver 'speed': Prometheus does not measure it; it knows backup-gib"
    ):
        queries().of("speed")

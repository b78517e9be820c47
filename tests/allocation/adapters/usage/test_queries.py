from __future__ import annotations

from decimal import Decimal

import pytest

from allocation.adapters.usage.queries import queries
from allocation.adapters.usage.rows import UsageError
from allocation.engine.drivers import UNITS, Driver

DRIVERS = sorted(queries().drivers)


def test_every_driver_is_either_measured_or_said_to_come_from_elsewhere() -> None:
    measured, elsewhere = set(queries().drivers), set(queries().elsewhere)
    assert measured | elsewhere == set(Driver)
    assert not measured & elsewhere


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_query_has_the_unit_of_its_driver(driver: str) -> None:
    query = queries().of(driver)
    assert query.unit == UNITS[Driver(driver)]
    assert query.divided_by == (1024**3 if query.unit.startswith("GiB") else 1)
    assert (query.accrues == "hours") == query.unit.endswith("-hours")


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_query_is_whole_and_sums_over_the_steps_of_its_window(driver: str) -> None:
    text = queries().usage(driver, 86400, 300)
    assert text.startswith("sum_over_time((sum by (")
    assert text.endswith(")[86400s:300s])")
    for opening, closing in ("()", "[]", "{}"):
        assert text.count(opening) == text.count(closing)
    assert text.replace('"$1"', "").count("$") == 0
    assert f"sum by ({queries().of(driver).tenant})" in text
    assert queries().presence(driver, 86400, 300).startswith("count_over_time((group(")


def test_no_query_averages() -> None:
    assert not [driver for driver in DRIVERS if "avg" in queries().usage(driver, 86400, 300)]


def test_gauges_accrue_hours_and_rates_give_back_their_counts() -> None:
    # Two cores for a day of 288 steps; 8 GiB for an hour; 3 requests a second for a step.
    assert queries().of("cpu-used").accrued(Decimal(2 * 288), 300) == 48
    assert queries().of("memory-used").accrued(Decimal(8 * 1024**3 * 12), 300) == 8
    assert queries().of("ingress-requests").accrued(Decimal(3), 300) == 900


def test_a_driver_that_is_not_measured_says_where_it_comes_from() -> None:
    with pytest.raises(
        UsageError, match="driver 'fee': Prometheus does not measure it; it comes from the con"
    ):
        queries().usage("fee", 86400, 300)
    with pytest.raises(UsageError, match="driver 'speed': Prometheus does not measure it; it knows cpu-bill"):
        queries().of("speed")

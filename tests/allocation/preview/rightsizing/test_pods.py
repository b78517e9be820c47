from __future__ import annotations

import json
import shlex
import shutil
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from allocation.engine.drivers import Driver
from allocation.money import amount_of
from allocation.preview.estimates import Estimates
from allocation.preview.rightsizing.advice import Advice, priced
from allocation.preview.rightsizing.pods import Needs, fits, requested
from allocation.preview.rightsizing.sizes import advice
from allocation.review.usage_levels import Level
from tests.allocation.previews import conditions
from tests.cli.reporting import said
from tests.portfolios import LOCAL, catalog, local_portfolio
from tiers.plan.resolve import resolve
from tiers.portfolio.loading import load_portfolio
from tiers.portfolio.tenant import Portfolio
from tiers.portfolio.what_if import with_tenant

SIZES = catalog().classes.workload_classes


def level(*values: str) -> Level:
    days = {date(2026, 11, 1) + timedelta(days=n): Decimal(value) for n, value in enumerate(values)}
    return Level(days, tuple(days.values()))


def advised(tenant: str = "acme", portfolio: Portfolio | None = None, **levels: Level) -> list[Advice]:
    portfolio = portfolio or local_portfolio()
    measured = {(tenant, Driver[name.upper()]): each for name, each in levels.items()}
    return list(advice(catalog(), resolve(catalog(), portfolio), portfolio, measured))


def test_what_was_not_measured_gets_no_advice() -> None:
    assert advised() == advised(cpu_used=level("0.1")) == advised(memory_used=level("9")) == []


def test_pods_that_are_too_small_get_the_class_that_holds_them() -> None:
    now = {each.tenant: each for each in advised(cpu_used=level("0.5"), memory_used=level("2.4"))}["acme"]
    assert (now.setting, now.target) == ("workload_class", "s")
    assert now.command("local") == (
        "costack preview --portfolio portfolios/local --tenant acme --set workload_class=s"
    )
    (none,) = advised(cpu_used=level("90"), memory_used=level("2"))
    assert (none.target, none.command("local")) == ("", "")
    assert none.because.endswith("and no class of the catalog holds it")


def test_a_promise_of_two_pods_is_kept_however_idle_they_are() -> None:
    assert advised("halcyon", cpu_used=level("0.01"), memory_used=level("0.1")) == []


def test_workers_for_the_users_are_kept_however_idle_they_are() -> None:
    cpu, memory = level("0.01"), level("0.1")
    assert advised("cobalt", cpu_used=cpu, memory_used=memory) == []
    fewer = with_tenant(catalog(), local_portfolio(), "cobalt", None, {"users": "12"}).portfolio
    (found,) = advised("cobalt", fewer, cpu_used=cpu, memory_used=memory)
    assert (found.now, found.target) == ("s", "xs")


@given(
    st.decimals(0, 6, places=2), st.decimals(0, 16, places=2), st.decimals(0, 30, places=2),
    st.integers(0, 20), st.integers(1, 2),
)  # fmt: skip
def test_a_class_that_fits_has_all_that_is_needed(
    cores: Decimal, memory: Decimal, most: Decimal, workers: int, replicas: int
) -> None:
    needs = Needs(cores, memory, most, workers, replicas)
    for size in SIZES.values():
        asked = requested(size)
        enough = asked[0] >= cores and asked[1] >= memory and asked[2] >= most
        many = size.web.replicas >= replicas and size.web.replicas * size.web.workers >= workers
        assert fits(size, needs) is (enough and many)


def test_a_volume_is_declared_as_it_is_used_with_room() -> None:
    found = advised("borealis", database_gib=level("2", "3"), filestore_gib=level("22"))
    assert [(each.setting, each.now, each.target) for each in found] == [
        ("database_gib", "8", "4"),
        ("filestore_gib", "20", "27"),
    ]
    assert advised("borealis", database_gib=level("8"), filestore_gib=level("11")) == []
    assert advised("acme", database_gib=level("1")) == []  # it declares none


def test_storage_of_a_server_of_its_own_grows_and_never_shrinks() -> None:
    declared = with_tenant(catalog(), local_portfolio(), "cobalt", None, {"database_gib": "40"}).portfolio
    assert advised("cobalt", declared, database_gib=level("4")) == []
    (found,) = advised("cobalt", declared, database_gib=level("45"))
    assert (found.setting, found.now, found.target) == ("database_gib", "40", "54")


def test_a_saving_is_the_previews_difference_to_the_unit(tmp_path: Path) -> None:
    folder = tmp_path / "portfolios" / "local"
    shutil.copytree(LOCAL, folder)
    file = folder / "tenants" / "cobalt.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("users: 25", "users: 12"), encoding="utf-8")
    portfolio = load_portfolio(folder, catalog())
    estimates = Estimates(catalog(), portfolio, conditions())
    for tenant, levels in (
        ("acme", {"cpu_used": level("0.5"), "memory_used": level("2.4")}),
        ("cobalt", {"cpu_used": level("0.05"), "memory_used": level("0.4")}),
        ("borealis", {"database_gib": level("2")}),
    ):
        (found,) = advised(tenant, portfolio, **levels)
        got = priced(estimates, found)
        assert got.own is not None
        assert got.bill is not None
        words = shlex.split(found.command("local"))
        words[words.index("--portfolio") + 1] = str(folder)
        period = f"{conditions().period.start:%Y-%m}"
        told = json.loads(said(*words[1:], "--period", period, "-o", "json"))
        (change,) = (each for each in told["tenants"] if each["tenant"] == tenant)
        assert [amount_of(-got.own), amount_of(-got.bill)] == [
            Decimal(step["after"]) - Decimal(step["before"]) for step in (change["cost"], told["bill"])
        ]
        assert got.own != 0

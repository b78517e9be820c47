from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from tests.portfolios import LOCAL, catalog, local_portfolio, plan_of, tenant
from tiers.catalog.loading import CATALOG_DIRECTORY, load_catalog
from tiers.errors import CatalogError
from tiers.facts.every_fact import DatabaseStandby, LogGroup
from tiers.plan.plan import fact_named
from tiers.plan.warnings import advice
from tiers.portfolio.loading import load_portfolio
from tiers.portfolio.resilience import tenant_faults
from tiers.portfolio.tenant import Portfolio
from tiers.vocabulary import ResilienceClass

TENANT = """\
tenant: {tenant}
client: polar
environment: {environment}
tier: {tier}
region: us-east-1
service_line: odoo-hosting
hostname: {tenant}.odoo.example.com
{more}options:
  users: 50
{options}"""


def problems(tmp_path: Path, *files: str) -> str:
    directory = tmp_path / "portfolio"
    shutil.copytree(LOCAL, directory)
    for index, text in enumerate(files):
        (directory / "tenants" / f"polar{index}.yaml").write_text(text, encoding="utf-8")
    try:
        load_portfolio(directory, catalog())
    except CatalogError as error:
        return str(error)
    return ""


def polar(
    tier: str = "cross-region-backup",
    environment: str = "production",
    options: str = "",
    more: str = "",
    name: str = "polar",
) -> str:
    lines = "".join(f"  {line}\n" for line in options.split("; ") if line)
    return TENANT.format(tenant=name, tier=tier, environment=environment, options=lines, more=more)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            polar(),
            (
                "8: options: dr_region is missing: cross-region-backup copies to a second region; "
                "the platform offers eu-west-1"
            ),
        ),
        (
            polar(options="dr_region: us-east-1"),
            "10: options.dr_region: us-east-1 is the tenant's own region",
        ),
        (
            polar(options="dr_region: eu-west-3"),
            "10: options.dr_region: 'eu-west-3' is not among the platform",
        ),
        (
            polar(options="dr_region: eu-west-1", more="data_residency: [us-east-1, us-west-2]\n"),
            "11: options.dr_region: data_residency forbids eu-west-1; it allows us-east-1, us-",
        ),
        (
            polar("shared-namespace", more="data_residency: [eu-west-1]\n"),
            "5: region: data_residency forbids us-east-1",
        ),
        (
            polar("ha-postgresql", options="dr_region: eu-west-1"),
            "10: options.dr_region: ha-postgresql keeps no copies of production in a second region",
        ),
        (
            polar("dedicated-db", options="resilience_class: business-critical"),
            "10: options.resilience_class: tier dedicated-db cannot honour business-critical, only standard",
        ),
        (
            polar("ha-postgresql", "staging", options="resilience_class: business-critical"),
            "10: options.resilience_class: a staging environment has resilience class standard only",
        ),
        (
            polar("ha-postgresql", options="workload_class: s"),
            "10: options.workload_class: has 1 web replicas, but business-critical needs 2",
        ),
    ],
)
def test_a_promise_that_cannot_be_kept_is_refused(tmp_path: Path, text: str, message: str) -> None:
    found = problems(tmp_path, text)
    assert f"polar0.yaml:{message}" in found
    assert len(found.splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        polar(options="dr_region: eu-west-1"),
        polar(options="dr_region: eu-west-1", more="data_residency: [us-east-1, eu-west-1]\n"),
        polar("ha-postgresql", options="resilience_class: standard; workload_class: s"),
    ],
)
def test_a_promise_that_can_be_kept_is_accepted(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text) == ""


def test_a_region_holds_twenty_replications_and_no_more(tmp_path: Path) -> None:
    # One tenant of the committed portfolio is copied there already.
    files = [polar(options="dr_region: eu-west-1", name=f"polar{index:02}") for index in range(20)]
    assert problems(tmp_path / "twenty", *files[:19]) == ""
    found = problems(tmp_path / "more", *files)
    assert "options.dr_region: is replication 21 of automated backups into eu-west-1" in found
    assert len(found.splitlines()) == 1


@pytest.mark.parametrize(
    ("tier", "old", "new", "message"),
    [
        ("ha-postgresql", "multi_az: true, storage", "multi_az: false, storage", "with multi_az"),
        ("ha-postgresql", "workload_class: m", "workload_class: s", "has 1 web replicas instead of 2"),
        ("ha-postgresql", "six-hourly-90", "daily-30", "daily-30 dumps 30 times a month instead of 120"),
        ("ha-postgresql", "business-critical", "mission-critical", "region_copies is missing"),
        ("shared-namespace", "    backup_class: daily-30\n", "", "backup_class is missing"),
        ("shared-namespace", "daily-30", "daily-7", "daily-7 keeps dumps 7 days instead of 30"),
    ],
)
def test_a_tier_that_gives_less_than_it_promises_is_not_sold(
    tmp_path: Path, tier: str, old: str, new: str, message: str
) -> None:
    shutil.copytree(CATALOG_DIRECTORY, tmp_path / "catalog")
    path = tmp_path / "catalog" / f"{tier}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogError, match="cannot honour resilience_class") as caught:
        load_catalog(tmp_path / "catalog")
    assert message in str(caught.value)


def test_copies_of_what_is_shared_are_refused(tmp_path: Path) -> None:
    shutil.copytree(CATALOG_DIRECTORY, tmp_path / "catalog")
    path = tmp_path / "catalog" / "cross-region-backup.yaml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    shared = ["    file_system: {placement: shared}\n" if "placement: own, thr" in x else x for x in lines]
    path.write_text("".join(shared), encoding="utf-8")
    with pytest.raises(CatalogError, match="region_copies needs file_system with placement own"):
        load_catalog(tmp_path / "catalog")


def test_a_tenant_promised_less_than_it_gets_is_warned_with_the_amount() -> None:
    options = {"users": 50, "resilience_class": "standard"}
    over = tenant("acme", tier="ha-postgresql", options=options)
    portfolio = Portfolio(platform=local_portfolio().platform, tenants=(over,))
    plan = plan_of(over)
    assert plan.tenants[0].resilience_class is ResilienceClass.STANDARD
    assert (
        "acme: its promise is standard, ha-postgresql gives business-critical; "
        "shared-namespace honours the promise for 1741.00 USD a month less"
    ) in advice(catalog(), portfolio, plan)


def test_a_copy_of_production_for_work_is_promised_the_least() -> None:
    staging = tenant("acme", tier="ha-postgresql", environment="staging")
    assert plan_of(staging).tenants[0].resilience_class is ResilienceClass.STANDARD


def test_a_warm_standby_is_a_smaller_server_in_the_second_region_with_a_fee_of_its_own() -> None:
    options = {"users": 50, "warm_standby": True}
    (plan,) = plan_of(tenant("acme", tier="cross-region-backup", options=options)).tenants
    standby = fact_named(plan.facts, DatabaseStandby, "standby")
    assert (standby.region, standby.instance_class, standby.storage_gib) == ("eu-west-1", "db.t4g.large", 100)
    assert standby.server == "acme/server"
    assert plan.fee_per_month == Decimal("3490.00") + Decimal("490.00")
    assert fact_named(plan.facts, LogGroup, "standby-logs").region == "eu-west-1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            polar("ha-postgresql", options="warm_standby: true"),
            "ha-postgresql is not sold with a warm standby",
        ),
        (
            polar("cross-region-backup", "staging", options="warm_standby: true"),
            "is not sold with a warm standby for a staging environment",
        ),
    ],
)
def test_a_standby_that_is_not_sold_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert message in problems(tmp_path, text)


def test_a_standby_needs_a_network_to_wait_in() -> None:
    platform = local_portfolio().platform
    wanted = tenant("acme", tier="cross-region-backup", options={"users": 50, "warm_standby": True})
    tier = catalog().tiers["cross-region-backup"]
    faults = [message for _, message in tenant_faults(wanted, tier, platform, catalog().classes)]
    assert faults == [
        "the platform has no network for a warm standby in eu-west-1: set dr_networks.eu-west-1"
    ]

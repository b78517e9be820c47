from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.portfolios import LOCAL, catalog
from tiers.catalog.loading import CATALOG_DIRECTORY, load_catalog
from tiers.errors import CatalogError
from tiers.portfolio.loading import load_catalog_and_portfolio, load_portfolio


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LOCAL, tmp_path / "portfolio"))


@pytest.fixture
def catalog_folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CATALOG_DIRECTORY, tmp_path / "catalog"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def problems(folder: Path) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        load_portfolio(folder, catalog())
    return [problem.removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_the_committed_portfolio_is_valid_and_ordered() -> None:
    portfolio = load_portfolio(LOCAL, catalog())
    names = [tenant.tenant for tenant in portfolio.tenants]
    assert names == [
        "acme",
        "acme-staging",
        "borealis",
        "borealis-migration",
        "cobalt",
        "halcyon",
        "meridian",
    ]
    assert {each.tier for each in portfolio.tenants} == set(catalog().tiers)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("users: 8", "users: -3", "9: options.users: expected a number above 0, found '-3'"),
        (
            "tier: shared-namespace",
            "tier: gold",
            (
                "4: tier: 'gold' is not in the catalog; "
                "there are cross-region-backup, dedicated-db, ha-postgresql, shared-namespace"
            ),
        ),
        (
            "environment: production",
            "environment: nowhere",
            (
                "3: environment: expected 'production', 'staging', 'development', 'analytics' or "
                "'migration', found 'nowhere'"
            ),
        ),
        (
            "environment: production\ntier: shared-namespace",
            "environment: analytics\ntier: ha-postgresql",
            (
                "3: environment: ha-postgresql is not sold for 'analytics', only for production, staging, "
                "migration"
            ),
        ),
        (
            "client: acme-consulting",
            "client: acme consulting",
            (
                "2: client: Value should be 1 to 50 letters, digits, '.', '_' or '-', starting and ending "
                "with a letter or digit (got 'acme consulting')"
            ),
        ),
        (
            "region: us-east-1",
            "region: eu-west-1",
            "5: region: is 'eu-west-1', but the platform is in 'us-east-1'",
        ),
        (
            "users: 8",
            "users: 8\n  workload_class: xxl",
            "10: options.workload_class: 'xxl' is not in Costack's classes.yaml; there are m, s, sandbox, xs",
        ),
        (
            "hostname: acme.odoo.example.com",
            "hostname: localhost",
            (
                "7: hostname: Value should be a full host name in lower case, such as acme.odoo.example.com "
                "(got 'localhost')"
            ),
        ),
        (
            "tenant: acme",
            "tenant: platform",
            "1: tenant: 'platform' is the name of the shared platform; choose another (got 'platform')",
        ),
        (
            "options:",
            "cutover: 2027-01-01\noptions:",
            "1: cutover is only for environment migration, not production",
        ),
        ("users: 8", "users: 8\n  users: 9", "10: 'options.users' is given twice"),
    ],
)
def test_a_tenant_file_with_a_mistake(folder: Path, old: str, new: str, problem: str) -> None:
    edit(folder / "tenants" / "acme.yaml", old, new)
    assert problems(folder) == [f"tenants/acme.yaml:{problem}"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "expires_at: 2027-01-31T00:00:00Z\n",
            "",
            "1: expires_at is missing: a migration environment needs an end date",
        ),
        ("cutover: 2027-01-15\n", "", "1: cutover is missing: a migration environment needs an end date"),
        (
            "cutover: 2027-01-15",
            "cutover: 2027-02-15",
            "1: expires_at 2027-01-31 is before cutover 2027-02-15",
        ),
        (
            "2027-01-31T00:00:00Z",
            "2027-01-31T00:00:00",
            (
                "12: expires_at: expected a time with its zone such as 2027-01-31T00:00:00Z, "
                "found '2027-01-31T00:00:00'"
            ),
        ),
    ],
)
def test_a_migration_says_when_it_ends(folder: Path, old: str, new: str, problem: str) -> None:
    edit(folder / "tenants" / "borealis-migration.yaml", old, new)
    assert problems(folder) == [f"tenants/borealis-migration.yaml:{problem}"]


def test_a_tenant_and_a_host_name_are_taken_once(folder: Path) -> None:
    shutil.copy(folder / "tenants" / "acme.yaml", folder / "tenants" / "acme-two.yaml")
    taken = f"is already used in {folder}/tenants/acme-two.yaml"
    assert problems(folder) == [
        f"tenants/acme.yaml:1: tenant: 'acme' {taken}",
        f"tenants/acme.yaml:7: hostname: 'acme.odoo.example.com' {taken}",
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "database_class: s",
            "database_class: xxl",
            "22: database.database_class: 'xxl' is not in Costack's classes.yaml; there are l, m, s",
        ),
        (
            "cache_class: xs",
            "cache_class: xxl",
            "31: cache.cache_class: 'xxl' is not in Costack's classes.yaml; there are m, s, xs",
        ),
        (
            "node_class: m7g.xlarge",
            "node_class: m1.tiny",
            (
                "52: cluster.node_groups.0.node_class: 'm1.tiny' is not in Costack's classes.yaml; "
                "there are m7g.2xlarge, m7g.large, m7g.xlarge"
            ),
        ),
        (
            "nodes: 2\n  multi_az: true",
            "nodes: 1\n  multi_az: true",
            "30: cache: multi_az needs at least 2 nodes",
        ),
        (
            "max_storage_gib: 200",
            "max_storage_gib: 40",
            "21: database: max_storage_gib 40 is less than storage_gib 50",
        ),
        (
            "cidr: 10.40.0.0/16",
            "cidr: 10.40.0.0/28",
            "18: network.cidr: Value should be a network of size /16 to /24 (got '10.40.0.0/28')",
        ),
        ("name: gitops", "name: traefik", "1: services: 'traefik' appears twice"),
        ("currency: USD", "currency: EUR", None),
    ],
)
def test_a_platform_file_with_a_mistake(folder: Path, old: str, new: str, problem: str | None) -> None:
    edit(folder / "platform.yaml", old, new)
    found = problems(folder)
    if problem is None:
        sold = "4: tier: shared-namespace is sold in USD, but the platform's currency is EUR"
        assert f"tenants/acme.yaml:{sold}" in found
    else:
        assert [line for line in found if line.startswith("platform.yaml")] == [f"platform.yaml:{problem}"]


def test_mistakes_of_several_files_are_reported_together(folder: Path) -> None:
    edit(folder / "tenants" / "acme.yaml", "users: 8", "users: 0")
    edit(folder / "tenants" / "borealis.yaml", "users: 10", "users: many")
    (folder / "platform.yaml").unlink()
    assert [line.partition(":")[0] for line in problems(folder)] == [
        "platform.yaml",
        "tenants/acme.yaml",
        "tenants/borealis.yaml",
    ]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no such portfolio directory"):
        load_portfolio(tmp_path / "nowhere", catalog())
    with pytest.raises(CatalogError, match="no such catalog directory"):
        load_catalog(tmp_path / "nowhere")


def test_a_tier_is_sold_once(catalog_folder: Path) -> None:
    shutil.copy(catalog_folder / "shared-namespace.yaml", catalog_folder / "twin.yaml")
    with pytest.raises(CatalogError, match=r"twin\.yaml:2: tier: 'shared-namespace' is already sold in"):
        load_catalog(catalog_folder)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("backup_class: daily-7", "backup_class: hourly", "30: offers.staging.backup_class: 'hourly'"),
        ("database_class: l", "database_class: xl", "13: offers.production.database.database_class: 'xl'"),
        ("cache_class: s", "cache_class: xl", "14: offers.production.cache.cache_class: 'xl'"),
        ("workload_class: m", "workload_class: xl", "11: offers.production.workload_class: 'xl'"),
    ],
)
def test_a_tier_names_classes_that_exist(catalog_folder: Path, old: str, new: str, problem: str) -> None:
    edit(catalog_folder / "ha-postgresql.yaml", old, new)
    message = re.escape(f"ha-postgresql.yaml:{problem} is not in classes.yaml")
    with pytest.raises(CatalogError, match=message):
        load_catalog(catalog_folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("max_storage_gib: 500", "max_storage_gib: 50", "max_storage_gib 50 is less than storage_gib 100"),
        ("nodes: 2, multi_az", "nodes: 1, multi_az", "multi_az needs at least 2 nodes"),
        ("placement: own", "placement: rented", "does not match any of the expected tags"),
    ],
)
def test_an_offer_that_cannot_work_is_refused(catalog_folder: Path, old: str, new: str, message: str) -> None:
    edit(catalog_folder / "ha-postgresql.yaml", old, new)
    with pytest.raises(CatalogError, match=message):
        load_catalog(catalog_folder)


def test_pods_scale_outwards(catalog_folder: Path) -> None:
    edit(catalog_folder / "classes.yaml", "max_replicas: 4", "max_replicas: 1")
    with pytest.raises(CatalogError, match="max_replicas 1 is less than replicas 2"):
        load_catalog(catalog_folder)


def test_workers_must_fit_into_memory(catalog_folder: Path) -> None:
    edit(catalog_folder / "classes.yaml", "workers: 2,", "workers: 9,")
    with pytest.raises(CatalogError, match="9 workers and the websocket process need about 3250 MiB"):
        load_catalog(catalog_folder)


def test_an_empty_catalog_is_refused(catalog_folder: Path) -> None:
    for path in catalog_folder.glob("*-*.yaml"):
        path.unlink()
    with pytest.raises(CatalogError, match="has no tier file"):
        load_catalog(catalog_folder)


def test_mistakes_of_a_tier_and_of_tenants_are_reported_together(folder: Path, catalog_folder: Path) -> None:
    edit(catalog_folder / "shared-namespace.yaml", "currency: USD", "currency: dollars")
    edit(catalog_folder / "ha-postgresql.yaml", "workload_class: m", "workload_class: xl")
    edit(folder / "tenants" / "acme.yaml", "users: 8", "users: 0")
    edit(folder / "tenants" / "borealis.yaml", "tier: shared-namespace", "tier: gold")
    with pytest.raises(CatalogError) as caught:
        load_catalog_and_portfolio(folder, catalog_folder)
    assert [problem.split(": ")[:2] for problem in caught.value.problems] == [
        [f"{catalog_folder}/shared-namespace.yaml:5", "currency"],
        [f"{catalog_folder}/ha-postgresql.yaml:11", "offers.production.workload_class"],
        [f"{folder}/tenants/acme.yaml:9", "options.users"],
        [f"{folder}/tenants/borealis.yaml:4", "tier"],
    ]


def test_a_tier_with_a_mistake_does_not_hide_those_of_others(catalog_folder: Path) -> None:
    edit(catalog_folder / "shared-namespace.yaml", "currency: USD", "currency: dollars")
    edit(catalog_folder / "ha-postgresql.yaml", "workload_class: m", "workload_class: s")
    with pytest.raises(CatalogError) as caught:
        load_catalog(catalog_folder)
    assert [problem.split(": ")[1] for problem in caught.value.problems] == ["currency", "offers.production"]


def test_without_classes_the_other_files_are_still_read(folder: Path, catalog_folder: Path) -> None:
    (catalog_folder / "classes.yaml").unlink()
    edit(folder / "tenants" / "acme.yaml", "users: 8", "users: 0")
    with pytest.raises(CatalogError) as caught:
        load_catalog_and_portfolio(folder, catalog_folder)
    assert [problem.split(": ")[1] for problem in caught.value.problems] == ["no such file", "options.users"]


def test_a_good_catalog_and_portfolio_are_those_of_the_single_loaders(folder: Path) -> None:
    assert load_catalog_and_portfolio(folder) == (catalog(), load_portfolio(folder, catalog()))


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("20.0", "Costack does not know Odoo 20.0 yet; expected 16.0 to 19.0"),
        ("15.0", "Costack does not know Odoo 15.0 yet; expected 16.0 to 19.0"),
        ("18", 'Value should be a version of Odoo in quotes, such as "18.0"'),
        ("saas-18.2", 'Value should be a version of Odoo in quotes, such as "18.0"'),
    ],
)
def test_a_version_of_odoo_that_is_not_known_is_refused_by_name(folder: Path, version: str, why: str) -> None:
    text = (folder / "platform.yaml").read_text(encoding="utf-8")
    line = next(number for number, row in enumerate(text.splitlines(), 1) if '"18.0"' in row)
    edit(folder / "platform.yaml", '"18.0"', f'"{version}"')
    assert problems(folder) == [f"platform.yaml:{line}: images.odoo.version: {why} (got '{version}')"]


@pytest.mark.parametrize("version", ["16.0", "17.0", "19.0"])
def test_every_version_of_odoo_that_is_known_may_be_named(folder: Path, version: str) -> None:
    edit(folder / "platform.yaml", '"18.0"', f'"{version}"')
    assert load_portfolio(folder, catalog()).platform.images.odoo.version == version


def test_mail_ports_are_refused_by_file_line_and_field(folder: Path) -> None:
    for name, ports in (("acme", "[993, 25]"), ("acme-staging", "[993]")):
        path = folder / "tenants" / f"{name}.yaml"
        path.write_text(path.read_text(encoding="utf-8") + f"  mail_ports: {ports}\n", encoding="utf-8")
    first, second = problems(folder)
    assert re.fullmatch(
        r"tenants/acme\.yaml:\d+: options\.mail_ports\.1: Value should be 465 or 587, which send mail, "
        r"993 \(IMAP\) or 995 \(POP\) \(got '25'\)",
        first,
    )
    assert re.fullmatch(
        r"tenants/acme-staging\.yaml:\d+: options\.mail_ports: a staging environment reaches no mail server; "
        r"mail_ports is for production only",
        second,
    )

"""What AWS refuses in a portfolio, as files say it: path, line, what was expected and what was found."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tests.portfolios import LOCAL, catalog, local_portfolio
from tiers.errors import CatalogError
from tiers.plan.resolve import resolve
from tiers.plan.warnings import advice
from tiers.portfolio.loading import load_portfolio
from tiers.vocabulary import NamespaceName, PortfolioName

PLATFORM, COBALT, HALCYON = "platform.yaml", "tenants/cobalt.yaml", "tenants/halcyon.yaml"
ADOPTED = (
    "  vpc_id: vpc-0123456789abcdef0\n"
    "  subnet_ids: [subnet-0a0a0a0a, subnet-0b0b0b0b, subnet-0c0c0c0c]\n"
    "  subnet_cidrs: [{}]"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LOCAL, tmp_path / "local"))


def problems(folder: Path, file: str, *edits: tuple[str, str]) -> list[str]:
    """The faults after *edits* of *file*, without the folder."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        load_portfolio(folder, catalog())
    return [each.removeprefix(f"{folder}/") for each in caught.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("sun:03:00-sun:04:00", "sun:29:00-sun:28:00", r"database.maintenance_window: .* 00:00 to 23:59"),
        ("sun:03:00-sun:04:00", "sun:03:00-sun:03:10", r"database.maintenance_window: .* it lasts 10"),
        ("sun:03:00-sun:04:00", "sun:00:30-sun:01:30", r".*overlaps backup_window 00:00-01:00"),
        ("sun:03:00-sun:04:00", "sat:23:00-sun:00:30", r".*overlaps backup_window 00:00-01:00"),
        (
            "sun:03:00-sun:04:00",
            "mon:02:00-thu:02:00",
            r"database.maintenance_window: mon:02:00-thu:02:00 lasts 72 hours; expected less than 24: RDS",
        ),
        (
            "sun:04:00-sun:05:00",
            "sun:04:00-mon:04:00",
            r"cache.maintenance_window: .* lasts 24 hours; expected less than 24: AWS may restart the cache",
        ),
        ("00:00-01:00", "00:00-00:20", r"database.backup_window: .* at least 30 minutes"),
        (
            "sun:04:00-sun:05:00",
            "sun:04:00-sun:04:30",
            r"cache.maintenance_window: .* at least 60 minutes",
        ),
        *(
            (
                'engine_version: "8.0"',
                f'engine_version: "{version}"',
                rf'cache.engine_version: .*Valkey or Redis in quotes, such as "8.0".*\(got \'{version}\'\)',
            )
            for version in ("8", "v8.0", "latest", "8.0.1", "8.x", "valkey8", "8.0 ")
        ),
        ("snapshot_retention_days: 1", "snapshot_retention_days: 36", r".* at most 35, found '36'"),
        ("cron(0 3 * * ? *)", "cron(0 3 * * *)", r"file_system.backup_schedule: .* it has 5 fields"),
        (
            "log_retention_days: 30",
            "log_retention_days: 31",
            r"observability.log_retention_days: .* such as 30",
        ),
        ("portfolio: local", "portfolio: Kontor_West.EU", r"portfolio: .*\(got 'Kontor_West.EU'\)"),
        ("portfolio: local", "portfolio: local--eu", r"portfolio: .*single dashes"),
        ("portfolio: local", "portfolio: sthree-local", r"portfolio: .*what S3 keeps for itself"),
        ("name: odoo\n", "name: odoo.eu\n", r"cluster.name: EKS allows no dot"),
        ("ingress_namespace: traefik", "ingress_namespace: Traefik", r"should be a Kubernetes namespace"),
        ("us-east-1a, us-east-1b", "us-east-1a, us-east-1a", r"network.zones.1: 'us-east-1a' is given twice"),
        (
            "us-east-1a, us-east-1b",
            "us-east-1a, eu-west-1b",
            r"network.zones.1: 'eu-west-1b' is no zone of us-",
        ),
        (
            "[10.20.0.0/16]",
            "[10.40.16.0/20]",
            r"network.client_cidrs.0: .*overlaps network.cidr 10.40.0.0/16",
        ),
        ("[10.20.0.0/16]", "[10.0.0.0/8]", r"network.client_cidrs.0: .*overlaps network.cidr 10.40.0.0/16"),
        ("  cidr: 10.40.0.0/16", "  cidr: 10.40.0.0/15", r"network.cidr: .*/16 to /24"),
        (
            "  cidr: 10.40.0.0/16",
            ADOPTED.format("10.40.0.0/20, 10.40.8.0/21, 10.40.16.0/20"),
            r"network.subnet_cidrs.1: 10.40.8.0/21 overlaps 10.40.0.0/20",
        ),
        (
            "  cidr: 10.40.0.0/16",
            ADOPTED.format("10.40.0.0/20, 10.40.16.0/29, 10.40.32.0/20"),
            r"network.subnet_cidrs.1: 10.40.16.0/29 is no range of a subnet",
        ),
    ],
)
def test_a_platform_that_aws_refuses_is_refused(folder: Path, old: str, new: str, problem: str) -> None:
    before = (LOCAL / PLATFORM).read_text(encoding="utf-8")
    (found,) = problems(folder, PLATFORM, (old, new))
    assert re.search(problem, found), found
    line = before[: before.index(old)].count("\n") + 1
    assert re.match(rf"platform\.yaml:{line if chr(10) not in new else '[0-9]+'}: ", found), found


GROUPS = "  node_groups:\n    - {name: general, node_class: m7g.xlarge, nodes: 3, volume_gib: 50}\n"


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        (f"{GROUPS}  counted_in: other\n", "portfolio 'other' counts the nodes; leave node_groups out"),
        ("  node_groups: []\n", "node_groups: give at least one, or the portfolio that counts the nodes"),
    ],
)
def test_nodes_are_counted_here_or_there(folder: Path, new: str, problem: str) -> None:
    (found,) = problems(folder, PLATFORM, (GROUPS, new))
    assert problem in found


def test_a_tenants_own_window_lies_outside_the_backup_and_is_long_enough(folder: Path) -> None:
    option = "options:\n  maintenance_window: {}\n"
    (found,) = problems(folder, COBALT, ("options:\n", option.format("mon:00:30-mon:02:00")))
    assert "cobalt.yaml:" in found
    assert "mon:00:30-mon:02:00 overlaps the platform's backup_window 00:00-01:00" in found


@pytest.mark.parametrize("file", [COBALT, HALCYON])
def test_a_tenants_own_window_is_shorter_than_a_day(folder: Path, file: str) -> None:
    option = "options:\n  maintenance_window: tue:02:00-thu:01:00\n"
    (found,) = problems(folder, file, ("options:\n", option))
    assert "tue:02:00-thu:01:00 lasts 47 hours; expected less than 24: RDS takes no longer window" in found


@pytest.mark.parametrize(
    ("engine", "version"),
    [
        *(("valkey", each) for each in ("7.2", "8.1", "10.0")),
        *(("redis", each) for each in ("7.1", "6.2", "6.x", "5.0.6")),
    ],
)
def test_a_version_that_elasticache_has_is_taken(folder: Path, engine: str, version: str) -> None:
    path = folder / PLATFORM
    text = path.read_text(encoding="utf-8").replace("engine: valkey", f"engine: {engine}")
    path.write_text(text.replace('engine_version: "8.0"', f'engine_version: "{version}"'), encoding="utf-8")
    assert load_portfolio(folder, catalog()).platform.cache.engine_version == version


@pytest.mark.parametrize("version", ["7.1", "7.0", "6.2", "6.x", "5.0.6"])
def test_valkey_begins_with_the_version_that_elasticache_began_with(folder: Path, version: str) -> None:
    """ElastiCache User Guide, "Engine versions and upgrading": 7.2, 8.0 and newer ones."""
    (found,) = problems(folder, PLATFORM, ('engine_version: "8.0"', f'engine_version: "{version}"'))
    assert f"ElastiCache has no Valkey {version}; expected 7.2 or newer" in found
    assert "platform.yaml:" in found


def test_almost_a_day_is_a_window_of_a_cache(folder: Path) -> None:
    path = folder / PLATFORM
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("sun:04:00-sun:05:00", "sun:04:00-mon:03:59"), encoding="utf-8")
    assert load_portfolio(folder, catalog()).platform.cache.maintenance_window == "sun:04:00-mon:03:59"


def test_a_tenants_own_cache_needs_an_hour(folder: Path) -> None:
    option = "options:\n  maintenance_window: mon:02:00-mon:02:30\n"
    (found,) = problems(folder, HALCYON, ("options:\n", option))
    assert "lasts 30 minutes; AWS asks for 60 for the tenant's own cache" in found
    # A tenant without a cache of its own may have it.
    shutil.copy(LOCAL / HALCYON, folder / HALCYON)
    path = folder / COBALT
    path.write_text(path.read_text(encoding="utf-8").replace("options:\n", option), encoding="utf-8")
    assert load_portfolio(folder, catalog()).tenants


def test_what_aws_takes_and_a_firm_would_regret_is_a_warning() -> None:
    platform = local_portfolio().platform
    odd = platform.model_copy(
        update={
            "network": platform.network.model_copy(update={"cidr": "203.0.0.0/16"}),
        }
    )
    portfolio = local_portfolio().model_copy(update={"platform": odd})
    warnings = advice(catalog(), portfolio, resolve(catalog(), portfolio))
    assert any("203.0.0.0/16 is no private range" in each for each in warnings)


@given(st.from_regex(r"[A-Za-z0-9._-]{1,60}", fullmatch=True))
def test_a_portfolios_name_is_what_all_names_made_of_it_allow(name: str) -> None:
    """RDS: begins with a letter, no two dashes together, none at the end; S3: lower case, no underscores."""
    try:
        taken = bool(TypeAdapter(PortfolioName).validate_python(name))
    except ValidationError:
        taken = False
    rds = re.fullmatch(r"[a-z][a-z0-9-]*", name) and "--" not in name and not name.endswith("-")
    bucket = not name.startswith(("sthree-", "amzn-s3-demo-"))
    assert taken is bool(rds and bucket and len(name) <= 50)


@given(st.from_regex(r"[A-Za-z0-9.-]{1,70}", fullmatch=True))
def test_a_namespace_is_a_label_of_kubernetes(name: str) -> None:
    try:
        taken = bool(TypeAdapter(NamespaceName).validate_python(name))
    except ValidationError:
        taken = False
    assert taken is bool(len(name) <= 63 and re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name))

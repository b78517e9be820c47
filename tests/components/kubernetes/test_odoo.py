from __future__ import annotations

import pytest

from components.kubernetes import odoo
from tests.portfolios import local_plan
from tiers.facts.compute import OdooProcess
from tiers.facts.data import TenantDatabase
from tiers.plan.plan import fact_named

MIB = 1024 * 1024


def options(version: str) -> dict[str, str]:
    database = fact_named(local_plan().tenants[0].facts, TenantDatabase, "database")
    text = odoo.configuration(database, "db.test", "secret", "master", version)
    header, *lines = text.splitlines()
    assert header == "[options]"
    return dict(line.split(" = ", 1) for line in lines)


def process(workers: int, threads: int) -> OdooProcess:
    image = f"registry.example.com/odoo@sha256:{'0' * 64}"
    return OdooProcess(
        image=image, version="18.0", run_as_user=1, run_as_group=1, web_workers=workers, cron_threads=threads
    )


def test_the_configuration_closes_what_must_be_closed() -> None:
    conf = options("18.0")
    assert conf["db_name"] == "odoo_acme"
    assert "dbfilter" not in conf  # it would ask the database `postgres` at every request
    assert (conf["list_db"], conf["proxy_mode"], conf["db_sslmode"]) == ("False", "True", "require")
    assert (conf["admin_passwd"], conf["db_password"], conf["db_host"]) == ("master", "secret", "db.test")
    assert "session_redis" in conf["server_wide_modules"].split(",")


@pytest.mark.parametrize(("version", "given"), [("16.0", True), ("18.0", True), ("19.0", False)])
def test_demo_data_is_switched_off_where_it_is_on(version: str, given: bool) -> None:  # noqa: FBT001
    assert ("without_demo" in options(version)) is given


def test_web_pods_serve_and_run_no_scheduled_actions() -> None:
    assert odoo.arguments(process(2, 0)) == [
        "--workers=2",
        "--max-cron-threads=0",
        f"--limit-memory-soft={2048 * MIB}",
        f"--limit-memory-hard={2560 * MIB}",
    ]


def test_cron_pods_serve_no_requests() -> None:
    arguments = odoo.arguments(process(0, 1))
    assert arguments[:2] == ["--workers=0", "--max-cron-threads=1"]
    assert arguments[-1] == "--no-http"


def test_a_report_fits_into_the_address_space_of_every_pod() -> None:
    """Wkhtmltopdf maps 1,482 MiB for a trivial page; it inherits the hard limit of the worker."""
    soft, hard = (int(each.partition("=")[2]) for each in odoo.arguments(process(4, 0))[2:4])
    assert soft < hard
    assert hard - soft >= 512 * MIB
    assert hard > 1482 * MIB * 3 // 2


@pytest.mark.parametrize(("version", "rpc"), [("17.0", False), ("18.0", False), ("19.0", True)])
def test_what_a_version_loads_by_default_is_kept(version: str, *, rpc: bool) -> None:
    modules = options(version)["server_wide_modules"].split(",")
    assert {"base", "web", "session_redis"} <= set(modules)
    assert ("rpc" in modules) is rpc


def test_liveness_asks_neither_a_worker_nor_the_database() -> None:
    probes = odoo.web_probes([8069, 8072])
    assert probes["livenessProbe"]["exec"] == probes["startupProbe"]["exec"]
    program, *_, looked_for, four, six = probes["livenessProbe"]["exec"]["command"]
    assert (program, looked_for[:5], four, six) == ("grep", ":1F85", "/proc/net/tcp", "/proc/net/tcp6")
    patience = probes["startupProbe"]["periodSeconds"] * probes["startupProbe"]["failureThreshold"]
    assert patience >= 300


def test_readiness_asks_for_what_users_see() -> None:
    text = odoo.web_probes([8069, 8072])["readinessProbe"]["exec"]["command"][-1]
    assert "/web/login" in text
    assert "/dev/tcp/127.0.0.1/8072" in text
    assert "8072" not in odoo.web_probes([8069])["readinessProbe"]["exec"]["command"][-1]

from __future__ import annotations

import pytest

from components.kubernetes import odoo
from tests.portfolios import local_plan
from tiers.facts.compute import ComputeRequest, OdooProcess
from tiers.facts.data import TenantDatabase
from tiers.plan.plan import fact_named

MIB = 1024 * 1024
COMPUTE = ComputeRequest(
    cpu_request_millicores=100, memory_request_mib=1024, cpu_limit_millicores=1000, memory_limit_mib=2048
)


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
    assert conf["dbfilter"] == "^odoo_acme$"
    assert (conf["list_db"], conf["proxy_mode"], conf["db_sslmode"]) == ("False", "True", "require")
    assert (conf["admin_passwd"], conf["db_password"], conf["db_host"]) == ("master", "secret", "db.test")
    assert "session_redis" in conf["server_wide_modules"].split(",")


@pytest.mark.parametrize(("version", "given"), [("16.0", True), ("18.0", True), ("19.0", False)])
def test_demo_data_is_switched_off_where_it_is_on(version: str, given: bool) -> None:  # noqa: FBT001
    assert ("without_demo" in options(version)) is given


def test_web_pods_serve_and_run_no_scheduled_actions() -> None:
    assert odoo.arguments(process(2, 0), COMPUTE) == [
        "--workers=2",
        "--max-cron-threads=0",
        f"--limit-memory-soft={1024 * MIB * 60 // 100}",
        f"--limit-memory-hard={1024 * MIB * 80 // 100}",
    ]


def test_cron_pods_serve_nobody() -> None:
    arguments = odoo.arguments(process(0, 1), COMPUTE)
    assert arguments[:2] == ["--workers=0", "--max-cron-threads=1"]
    assert arguments[-1] == "--no-http"


@pytest.mark.parametrize("workers", [0, 1, 2, 4, 8])
def test_workers_recycle_before_the_container_is_killed(workers: int) -> None:
    soft, hard = (
        int(argument.partition("=")[2]) for argument in odoo.arguments(process(workers, 0), COMPUTE)[2:4]
    )
    assert soft < hard
    assert hard * max(workers, 1) < COMPUTE.memory_limit_mib * MIB


def test_liveness_asks_nothing_of_the_database() -> None:
    probes = odoo.web_probes()
    assert probes["livenessProbe"]["httpGet"]["path"] == "/web/health"
    assert probes["readinessProbe"]["httpGet"]["path"] == "/web/health?db_server_status=1"
    patience = probes["startupProbe"]["periodSeconds"] * probes["startupProbe"]["failureThreshold"]
    assert patience >= 300

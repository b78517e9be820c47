from __future__ import annotations

import pytest

from components.kubernetes import odoo
from tests.portfolios import local_plan
from tiers.facts.compute import OdooProcess
from tiers.facts.data import TenantDatabase
from tiers.facts.every_fact import Route
from tiers.plan.plan import fact_named

MIB = 1024 * 1024


def options(version: str, **more: object) -> dict[str, str]:
    database = fact_named(local_plan().tenants[0].facts, TenantDatabase, "database")
    text = odoo.configuration(
        database, "db.test", ("t_acme", "secret"), "master", process(2, 0, version=version, **more)
    )
    header, *lines = text.splitlines()
    assert header == "[options]"
    return dict(line.split(" = ", 1) for line in lines)


def process(workers: int, threads: int, **more: object) -> OdooProcess:
    image = f"registry.example.com/odoo@sha256:{'0' * 64}"
    return OdooProcess.model_validate(
        {"image": image, "version": "18.0", "run_as_user": 1, "run_as_group": 1}
        | {"web_workers": workers, "cron_threads": threads, **more}
    )


def route(name: str = "acme") -> Route:
    (plan,) = [each for each in local_plan().tenants if each.tenant == name]
    return fact_named(plan.facts, Route, "route")


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


def test_addons_of_the_image_are_found_behind_the_mounted_configuration() -> None:
    assert options("18.0")["addons_path"] == "/mnt/extra-addons"  # where the official image has them
    folders = options("18.0", addons_path=("/opt/own", "/opt/oca"))["addons_path"]
    assert folders == "/opt/own,/opt/oca"
    assert "addons_path" not in options("18.0", addons_path=())


def test_web_pods_serve_and_run_no_scheduled_actions() -> None:
    assert odoo.arguments(process(2, 0), route()) == [
        "--workers=2",
        "--max-cron-threads=0",
        f"--limit-memory-soft={2048 * MIB}",
        f"--limit-memory-hard={2560 * MIB}",
    ]


def test_cron_pods_serve_themselves_only_and_the_styles_of_what_they_print() -> None:
    arguments = odoo.arguments(process(0, 1), route())
    assert arguments[:2] == ["--workers=0", "--max-cron-threads=1"]
    assert arguments[-2:] == ["--http-interface=127.0.0.1", "--http-port=8072"]
    assert odoo.report_address(route()) == "http://127.0.0.1:8072"


def test_a_cron_pod_has_loaded_odoo_before_its_first_action() -> None:
    """Odoo looks for actions a minute after its start; a report then asks for several things at once."""
    probe = odoo.cron_probes(route())["startupProbe"]
    assert "http://127.0.0.1:8072/web/login" in probe["exec"]["command"][-1]
    assert probe["periodSeconds"] < 30


def test_styles_come_from_a_process_that_prints_nothing_where_there_is_one() -> None:
    """A worker waits for its page: as many prints as workers would wait for each other."""
    assert odoo.report_address(route("acme")) == "http://127.0.0.1:8072"
    assert odoo.report_address(route("acme-staging")) == "http://127.0.0.1:8069"  # one process, with threads


def test_a_report_fits_into_the_address_space_of_every_pod() -> None:
    """Wkhtmltopdf maps 1,482 MiB for a trivial page; it inherits the hard limit of the worker."""
    soft, hard = (int(each.partition("=")[2]) for each in odoo.arguments(process(4, 0), route())[2:4])
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

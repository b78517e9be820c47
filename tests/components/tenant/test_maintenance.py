"""The maintenance page: when it is there, who reaches it, and what it answers."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from components.scripts import script
from tests.components.completeness import faults_of
from tests.components.conftest import declare_plan
from tests.components.kubernetes.test_route import platform_with
from tests.components.monitor import Declared
from tests.components.queries import the
from tests.declarations import Registration, Registrations, differences
from tests.policies.passing import refusals
from tests.portfolios import measured, plan_of, tenant
from tiers.change.effects import effects_of
from tiers.deployed import JOB_TYPE
from tiers.facts.monitoring import MaintenancePage
from tiers.plan.plan import Plan, facts_of
from tiers.portfolio.platform import Platform
from tiers.portfolio.routes.ingress import MaintenanceSpec

SERVICE = "kubernetes:core/v1:Service"
JOB = "kubernetes:batch/v1:Job"
PAGE = {
    "title": "Back soon",
    "text": "Nothing is lost. <script>alert(1)</script>",
    "retry_after_seconds": 600,
}
MOVING: dict[str, Any] = {
    "tier": "dedicated-db",
    "move": {"from_tier": "shared-namespace", "stage": "migrate"},
}
ENDING: dict[str, Any] = {"lifecycle_stage": "decommissioning"}


def planned(platform: Platform | None = None, *, page: bool = True, **changes: Any) -> Plan:
    about = platform or platform_with("traefik")
    ingress = about.ingress.model_copy(
        update={"maintenance_page": MaintenanceSpec.model_validate(PAGE) if page else None}
    )
    return plan_of(tenant("acme", **changes), platform=about.model_copy(update={"ingress": ingress}))


def pages(plan: Plan) -> list[MaintenancePage]:
    return facts_of(plan.tenants[0].facts, MaintenancePage)


@pytest.mark.parametrize("changes", [MOVING, ENDING])
def test_a_stage_without_web_pods_has_the_page_and_every_other_has_none(changes: dict[str, Any]) -> None:
    assert len(pages(planned(**changes))) == 1
    assert pages(planned(**changes, page=False)) == []
    assert pages(planned()) == []
    for stage in ("expand", "switch", "contract"):
        assert pages(planned(**{**MOVING, "move": {**MOVING["move"], "stage": stage}})) == []


@pytest.mark.sample(1)
@pytest.mark.parametrize("changes", [MOVING, ENDING])
def test_the_service_leads_to_the_page_and_nothing_else_is_open(changes: dict[str, Any]) -> None:
    plan = planned(measured(platform_with("traefik")), **changes)
    made = declare_plan(plan)
    registered = Registrations("local", [Registration(each.type, each.name, each.props) for each in made])
    assert differences(plan, registered) == []
    assert faults_of(plan, made) == []
    assert refusals(made) == []
    service = the(made, SERVICE, "acme-web").props["spec"]
    assert service["selector"]["app.kubernetes.io/component"] == "maintenance"
    assert {each["port"] for each in service["ports"]} >= {8069}
    page = the(made, "kubernetes:apps/v1:Deployment", "acme-maintenance")
    assert page.urn in the(made, SERVICE, "acme-web").dependencies


UPDATING: dict[str, Any] = {"odoo": {"update": {"number": 1, "modules": ["sale"], "minutes": 30}}}


def test_an_update_of_modules_starts_the_page_among_the_pods_that_the_service_leads_to() -> None:
    """No update of a stack can lead the Service elsewhere while a job of the same update runs."""
    plan = planned(measured(platform_with("traefik")), **UPDATING)
    (page,) = pages(plan)
    assert (page.replicas, pages(planned(**UPDATING, page=False))) == (0, [])
    made = declare_plan(plan)
    registered = Registrations("local", [Registration(each.type, each.name, each.props) for each in made])
    assert differences(plan, registered) == []
    assert faults_of(plan, made) == []
    assert refusals(made) == []
    deployment = the(made, "kubernetes:apps/v1:Deployment", "acme-maintenance")
    web = the(made, "kubernetes:apps/v1:Deployment", "acme-web").props["spec"]
    service = the(made, SERVICE, "acme-web").props["spec"]["selector"]
    labels = deployment.props["spec"]["template"]["metadata"]["labels"]
    assert service == web["selector"]["matchLabels"]
    assert service.items() <= labels.items()
    # Its own Deployment selects no pod of Odoo, and the job and who goes back to 0 pods own their number.
    own = deployment.props["spec"]["selector"]["matchLabels"]
    assert not own.items() <= web["template"]["metadata"]["labels"].items()
    assert deployment.ignore_changes == ("spec.replicas",)
    job = the(made, JOB, "acme-odoo-update")
    waits = the(made, JOB_TYPE, "acme-odoo-update").dependencies
    assert {deployment.urn, deployment.parent} & waits
    given = environment(job.props["spec"]["template"]["spec"]["initContainers"][0])
    assert (given["PAGE"], given["NO_PAGE"]) == ("acme-maintenance=1", "acme-maintenance=0")
    start = the(made, JOB, "acme-odoo-start").props["spec"]["template"]["spec"]["containers"][0]
    assert environment(start)["DEPLOYMENTS"].split()[-1] == "acme-maintenance=0"
    rules = the(made, "kubernetes:rbac.authorization.k8s.io/v1:Role", "acme-update").props["rules"]
    assert "acme-maintenance" in rules[0]["resourceNames"]


@pytest.mark.sample(1)
@pytest.mark.parametrize("stage", ["switch", "back"])
def test_the_job_is_the_same_where_a_stage_has_stopped_pods_behind_the_page(stage: str) -> None:
    """Another one would update modules of the database that was restored, which knows of no update yet."""

    def job(**changes: Any) -> Any:
        return the(declare_plan(planned(**UPDATING, **changes)), JOB, "acme-odoo-update").props

    there = job(restore={"at": "2026-11-29T01:15:00Z", "stage": stage})
    assert there == job()


def test_a_preview_says_that_people_see_the_page_while_modules_are_updated() -> None:
    for page in (True, False):
        before, after = planned(page=page), planned(page=page, **UPDATING)
        (said,) = [each.what for each in effects_of(before, after) if "modules are updated" in each.what]
        assert ("Odoo is stopped behind a maintenance page, after a backup" in said) is page


def environment(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each.get("value", "") for each in container["env"]}


def policies(made: list[Declared]) -> list[Any]:
    return [each.props["spec"] for each in made if each.type.endswith(":NetworkPolicy")]


def test_the_page_connects_to_nothing() -> None:
    made = declare_plan(planned(**MOVING))
    labels = the(made, "kubernetes:apps/v1:Deployment", "acme-maintenance").props["spec"]["template"][
        "metadata"
    ]["labels"]
    chosen = [
        each
        for each in policies(made)
        if "Egress" in each["policyTypes"]
        and each["podSelector"].get("matchLabels")
        and each["podSelector"]["matchLabels"].items() <= labels.items()
    ]
    assert chosen == []


def test_a_preview_says_that_people_see_a_page() -> None:
    for page in (True, False):
        before, after = planned(page=page), planned(page=page, **ENDING)
        (said,) = [each.what for each in effects_of(before, after) if "Odoo is stopped" in each.what]
        assert said.endswith(", behind a maintenance page") is page


def test_no_word_of_the_page_is_another_variable() -> None:
    about = platform_with("traefik", maintenance_page={"text": "costs $(PROGRAM) or $$5"})
    made = declare_plan(plan_of(tenant("acme", **ENDING), platform=about))
    (container,) = the(made, "kubernetes:apps/v1:Deployment", "acme-maintenance").props["spec"]["template"][
        "spec"
    ]["containers"]
    given = {each["name"]: each["value"] for each in container["env"]}
    assert given["TEXT"] == "costs $$(PROGRAM) or $$$$5"
    assert "$" not in given["PROGRAM"]


def test_the_page_is_text_and_never_markup() -> None:
    names: dict[str, Any] = {"__name__": "a module"}
    exec(compile(script("maintenance.py"), "maintenance.py", "exec"), names)  # noqa: S102 - as its pod does
    made = names["page"](PAGE["title"], PAGE["text"]).decode()
    assert "<script>" not in made
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in made


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[int, int]]:
    """The program of its pod, on two ports of this machine."""
    free = []
    for _ in range(2):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            free.append(taken.getsockname()[1])
    told = {
        "TITLE": PAGE["title"],
        "TEXT": PAGE["text"],
        "RETRY_AFTER": "600",
        "PORTS": f"{free[0]} {free[1]}",
    }
    program = subprocess.Popen(
        [sys.executable, "-I", "-c", script("maintenance.py")], env={**os.environ, **map_of(told)}
    )
    try:
        for port in free:
            wait_for(port)
        yield free[0], free[1]
    finally:
        program.terminate()
        assert program.wait(10) == 0


def map_of(told: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in told.items()}


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 0.1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(port)


def asked(port: int, method: str, path: str = "/web", **headers: str) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(
        method, path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_every_request_is_told_when_to_come_back(ports: tuple[int, int], method: str) -> None:
    for port in ports:
        status, headers, body = asked(port, method)
        assert status == 503
        assert headers["Retry-After"] == "600"
        assert headers["Cache-Control"] == "no-store"
        assert ("Back soon" in body) is (method != "HEAD")


def test_what_a_form_sends_costs_nobody_the_answer(ports: tuple[int, int]) -> None:
    for size in (10, 2**19):
        connection = http.client.HTTPConnection("127.0.0.1", ports[0], timeout=10)
        connection.request("POST", "/web/login", body=b"x" * size)
        assert connection.getresponse().status == 503
        connection.close()


def test_websockets_and_health_checks_are_told_so_too(ports: tuple[int, int]) -> None:
    status, *_ = asked(ports[1], "GET", "/websocket", Upgrade="websocket", Connection="Upgrade")
    assert status == 503
    assert asked(ports[0], "GET", "/web/health")[0] == 503
    # A load balancer leads nobody to a target that is not well.
    assert asked(ports[0], "GET", "/web/health", User_Agent="ELB-HealthChecker/2.0")[0] == 200

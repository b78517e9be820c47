from __future__ import annotations

import json

import pytest

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import pod_specs, the
from tests.portfolios import local_portfolio, plan_of, tenant
from tiers.portfolio.platform import Platform

JOB = "kubernetes:batch/v1:Job"
SECRET = "kubernetes:core/v1:Secret"


def test_only_the_set_up_job_gets_the_administrators_password(declared: tuple[Declared, ...]) -> None:
    data = the(declared, SECRET, "acme-admin").props["stringData"]
    assert data == {"login": "admin", "password": "password-of-acme-administrator-password"}
    mounting = [
        each.name
        for each in declared
        if each.type.startswith("kubernetes:") and '"acme-admin"' in json.dumps(each.props.get("spec", {}))
    ]
    assert mounting == ["acme-odoo-setup"]


def test_no_command_and_no_variable_holds_it(declared: tuple[Declared, ...]) -> None:
    holding = [
        each.name for each in declared if "password-of-acme-administrator" in json.dumps(dict(each.props))
    ]
    assert holding == ["acme-admin"]
    secret = the(declared, SECRET, "acme-admin")
    assert "stringData" in secret.secret_props


def test_it_is_another_one_than_the_master_password(declared: tuple[Declared, ...]) -> None:
    conf = the(declared, SECRET, "acme-odoo").props["stringData"]["odoo.conf"]
    assert "admin_passwd = password-of-acme-admin-password\n" in conf


def job_name(*, hostname: str = "acme.odoo.example.com", addons: tuple[str, ...] = ("/mnt/a",)) -> str:
    values = local_portfolio().platform.model_dump()
    values["images"]["odoo"]["addons_path"] = addons
    plan = plan_of(tenant("acme", hostname=hostname), platform=Platform.model_validate(values))
    return str(the(declare_plan(plan), JOB, "acme-odoo-setup").props["metadata"]["name"])


@pytest.mark.whole("test_stack has a Job that is another when it does something else")
def test_it_runs_again_when_what_it_checks_or_writes_has_changed() -> None:
    assert job_name() == job_name()
    assert len({job_name(), job_name(hostname="other.example.com"), job_name(addons=("/mnt/b",))}) == 3


@pytest.mark.parametrize("name", ["acme-staging-web", "acme-staging-odoo-setup"])
def test_who_refuses_a_copy_names_its_set_up_job_as_kubectl_does(
    declared: tuple[Declared, ...], name: str
) -> None:
    spec = dict(pod_specs(declared))[name]
    (container,) = spec.get("initContainers") or spec["containers"]
    (said,) = [each["value"] for each in container["env"] if each["name"] == "SETUP_JOB"]
    _, namespace, _, selector = said.split(" ")
    wanted = {tuple(each.split("=")) for each in selector.split(",")}
    jobs = [(each.name, each.props["metadata"]) for each in declared if each.type == JOB]
    chosen = [
        called
        for called, data in jobs
        if data["namespace"] == namespace and wanted <= set(data["labels"].items())
    ]
    assert chosen == ["acme-staging-odoo-setup"]


def test_a_copy_is_told_its_own_address_and_where_its_reports_ask(declared: tuple[Declared, ...]) -> None:
    (container,) = the(declared, JOB, "acme-staging-odoo-setup").props["spec"]["template"]["spec"][
        "containers"
    ]
    given = {each["name"]: each["value"] for each in container["env"]}
    assert given["NEUTRALISE"] == "yes"
    assert given["ADDRESS"].startswith("https://")
    assert given["REPORT_ADDRESS"] == "http://127.0.0.1:8069"

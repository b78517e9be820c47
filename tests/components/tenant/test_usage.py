"""A tenant's usage exporter: it reads what is the tenant's own, and nobody but Prometheus asks it."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from components.scripts import script
from components.tenant.usage import PORT
from tests.components.completeness import faults_of
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import pod_specs, policies, the
from tests.declarations import Registration, Registrations, differences
from tests.portfolios import every_offer, grouped_platform, measured, plan_of, tenant
from tests.prometheus import promtool
from tiers.facts.every_fact import NamespaceQuota, UsageExporter
from tiers.plan.plan import Plan, facts_of
from tiers.vocabulary import LifecycleStage

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
EXPORTER = "costack:index:TenantUsage"
ALERTED = ("tenant_active_users", "tenant_database_bytes", "tenant_filestore_bytes", "tenant_backup_bytes")


@cache
def plan() -> Plan:
    """A tenant of every offer on a platform that measures them; of own servers only their pods get in."""
    return plan_of(*every_offer(), platform=measured(grouped_platform()))


@cache
def declared() -> tuple[Declared, ...]:
    return tuple(declare_plan(plan()))


def pod_of(name: str) -> dict[str, Any]:
    ((_, spec),) = pod_specs([the(declared(), DEPLOYMENT, f"{name}-usage")])
    found: dict[str, Any] = spec
    return found


def given(name: str) -> dict[str, Any]:
    return {each["name"]: each["value"] for each in pod_of(name)["containers"][0]["env"]}


def test_every_tenant_has_one_and_nothing_is_missing_or_open() -> None:
    assert faults_of(plan(), declared()) == []
    registered = [Registration(each.type, each.name, each.props) for each in declared()]
    assert differences(plan(), Registrations(plan().portfolio, registered)) == []
    assert len([each for each in declared() if each.type == EXPORTER]) == len(every_offer())


def test_without_parts_no_tenant_has_one_and_no_database_admits_more() -> None:
    usual, more = plan_of(*every_offer(), platform=grouped_platform()), plan()
    for before, after in zip(usual.tenants, more.tenants, strict=True):
        assert not facts_of(before.facts, UsageExporter)
        limits = [
            next(f.connection_limit for f in each.facts if f.kind == "tenant-database")
            for each in (before, after)
        ]
        assert limits[1] == limits[0] + 1


def test_who_is_decommissioned_is_not_measured_for_its_database_is_at_rest() -> None:
    closing = tenant("acme", lifecycle_stage=LifecycleStage.DECOMMISSIONING, protected=False)
    (made,) = plan_of(closing, platform=measured()).tenants
    assert not facts_of(made.facts, UsageExporter)


@pytest.mark.parametrize("name", [each.tenant for each in every_offer()])
def test_it_reads_files_and_configuration_and_writes_neither(name: str) -> None:
    spec = pod_of(name)
    (container,) = spec["containers"]
    assert {mount["name"]: mount.get("readOnly", False) for mount in container["volumeMounts"]} == {
        "filestore": True,
        "configuration": True,
        "scratch": False,
    }
    (secret,) = (volume["secret"] for volume in spec["volumes"] if "secret" in volume)
    # Not the password of sessions, which lies beside it.
    assert secret["items"] == [{"key": "odoo.conf", "path": "odoo.conf"}]
    assert given(name)["EXPORTER"] == script("usage_exporter.py")
    assert not [value for value in given(name).values() if "password" in str(value).lower().split()]


@pytest.mark.parametrize("name", [each.tenant for each in every_offer()])
def test_only_prometheus_connects_and_it_connects_to_the_database_and_the_bucket(name: str) -> None:
    policy = policies(declared(), name)["usage"]
    (rule,) = policy["ingress"]
    assert rule == {
        "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
        "ports": [{"protocol": "TCP", "port": PORT}],
    }
    assert policy["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "usage"
    ports = {port["port"] for opening in policy["egress"] for port in opening["ports"]}
    assert ports == ({5432, 443, 80} if given(name)["BUCKET"] else {5432})


@pytest.mark.parametrize("name", [each.tenant for each in every_offer()])
def test_it_may_list_its_own_prefixes_and_do_nothing_else_in_aws(name: str) -> None:
    roles = [each for each in declared() if each.type == "aws:iam/rolePolicy:RolePolicy"]
    mine = [each for each in roles if each.name.endswith(f"-{name}-usage-policy")]
    assert len(mine) == bool(given(name)["BUCKET"])
    for each in mine:
        (statement,) = json.loads(each.props["policy"])["Statement"]
        assert statement["Action"] == "s3:ListBucket"
        prefixes = [f"{kind}/{name}/*" for kind in ("dumps", "filestores", "manifests")]
        assert statement["Condition"] == {"StringLike": {"s3:prefix": prefixes}}


def test_a_quota_has_room_for_it() -> None:
    for before, after in zip(
        plan_of(*every_offer(), platform=grouped_platform()).tenants, plan().tenants, strict=True
    ):
        for one, other in zip(
            facts_of(before.facts, NamespaceQuota), facts_of(after.facts, NamespaceQuota), strict=True
        ):
            assert (other.pods - one.pods, other.cpu_request_millicores - one.cpu_request_millicores) == (
                1,
                10,
            )


@pytest.mark.prometheus
@pytest.mark.parametrize("missing", [None, *ALERTED])
def test_an_alert_names_a_tenant_of_whom_a_figure_is_missing(tmp_path: Path, missing: str | None) -> None:
    name = plan().tenants[0].tenant
    (rules,) = (each for each in declared() if each.name == name and each.type.endswith(":PrometheusRule"))
    (group,) = rules.props["spec"]["groups"]
    (rule,) = (each for each in group["rules"] if each["alert"] == "TenantUsageUnmeasured")
    (tmp_path / "rules.json").write_text(
        json.dumps({"groups": [{"name": "usage", "rules": [rule]}]}), encoding="utf-8"
    )
    told = [each for each in ALERTED if each != missing]
    # Of another tenant everything is told.
    series = [f'{each}{{tenant="{name}"}}' for each in told] + [
        f'{each}{{tenant="other"}}' for each in ALERTED
    ]
    fires = [{"labels": f'{{tenant="{name}"}}', "value": 1}] if missing else []
    document = {
        "rule_files": ["rules.json"],
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": each, "values": "7x300"} for each in series],
                "promql_expr_test": [
                    {"expr": alerting, "eval_time": moment, "exp_samples": expected}
                    for alerting in ('count by (tenant) (ALERTS{alertstate="firing"})',)
                    for moment, expected in (("1h", []), ("3h", fires))
                ],
            }
        ],
    }
    (tmp_path / "tests.json").write_text(json.dumps(document), encoding="utf-8")
    done = subprocess.run(
        [promtool(), "test", "rules", tmp_path / "tests.json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr

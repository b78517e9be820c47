"""A tenant's usage exporter: it reads what is the tenant's own, and nobody but Prometheus asks it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from components.aws.network import REDIS_PORT
from components.scripts import script
from components.tenant.usage import PORT
from tests.components.completeness import faults_of
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import pod_specs, policies, the
from tests.components.reachability import Pod
from tests.components.security_groups import Reach, reach_faults, reach_of
from tests.declarations import Registration, Registrations, differences
from tests.portfolios import every_offer, measured, one_cluster, plan_of, tenant
from tests.prometheus import promtool
from tiers.facts.every_fact import NamespaceQuota, Network, UsageExporter
from tiers.plan.plan import Plan, fact_named, facts_of
from tiers.vocabulary import LifecycleStage

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
EXPORTER = "costack:index:TenantUsage"
INTERNET = "203.0.113.9"
ALERTED = ("tenant_active_users", "tenant_database_bytes", "tenant_filestore_bytes", "tenant_backup_bytes")


@cache
def plan() -> Plan:
    """A tenant of every offer on a platform that measures them; of own servers only their pods get in."""
    return plan_of(*every_offer(), platform=measured(one_cluster()))


@cache
def declared() -> tuple[Declared, ...]:
    return tuple(declare_plan(plan()))


def pod_of(name: str) -> dict[str, Any]:
    ((_, spec),) = pod_specs([the(declared(), DEPLOYMENT, f"{name}-usage")])
    found: dict[str, Any] = spec
    return found


def given(name: str) -> dict[str, Any]:
    return {each["name"]: each["value"] for each in pod_of(name)["containers"][0]["env"]}


@pytest.mark.whole("test_every_combination asks the same of every pod")
def test_every_tenant_has_one_and_nothing_is_missing_or_open() -> None:
    assert faults_of(plan(), declared()) == []
    registered = [Registration(each.type, each.name, each.props) for each in declared()]
    assert differences(plan(), Registrations(plan().portfolio, registered)) == []
    assert len([each for each in declared() if each.type == EXPORTER]) == len(every_offer())


def test_without_parts_no_tenant_has_one_and_no_database_admits_more() -> None:
    usual, more = plan_of(*every_offer(), platform=one_cluster()), plan()
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


@cache
def reach() -> Reach:
    network = fact_named(plan().platform, Network, "network")
    return reach_of(declared(), network.client_cidrs, network.subnet_cidrs)


def running(name: str, component: str = "usage") -> Pod:
    (found,) = (each for each in reach().network.pods if each.name == f"{name}-{component}")
    return found


def test_every_exporter_reaches_its_server() -> None:
    assert reach_faults(plan(), declared()) == []


@pytest.mark.parametrize("name", [each.tenant for each in every_offer()])
def test_nothing_that_is_open_to_odoo_is_open_to_it(name: str) -> None:
    over, pod = reach(), running(name)
    caches = [each for each in over.services if each.port == REDIS_PORT]
    assert caches
    assert not [each.name for each in caches if over.connects(pod, each)]
    # Odoo of production sends mail, and calls whom the client names.
    called = {port for port in (25, 80, 443, 465, 587) if over.network.egress_to_address(pod, INTERNET, port)}
    assert called == ({443} if given(name)["BUCKET"] else set())
    ingress = Pod("traefik", "traefik", {"app.kubernetes.io/name": "traefik"})
    assert not [port for port in (8069, 8072, PORT) if over.network.allowed(ingress, pod, port)]


@pytest.mark.parametrize("name", [each.tenant for each in every_offer()])
def test_its_security_group_comes_and_goes_with_a_label_so_that_the_pod_starts_anew(name: str) -> None:
    """A running pod joins no group, and a group is not removed while a pod has it."""
    pod, unlabelled = running(name), dict(running(name).labels)
    assert reach().groups_of(pod) == reach().groups_of(running(name, "web"))
    unlabelled.pop("costack/pod-group", None)
    assert reach().groups_of(replace(pod, labels=unlabelled)) == frozenset()


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


@pytest.mark.parametrize("name", [each.tenant for each in every_offer()])
def test_its_pod_starts_after_the_role_that_it_would_not_get_later(name: str) -> None:
    made = the(declared(), DEPLOYMENT, f"{name}-usage")
    role = {each.urn for each in declared() if each.name == f"local-{name}-usage-pods"}
    assert len(role) == bool(given(name)["BUCKET"])
    assert role <= made.dependencies


def test_a_quota_has_room_for_it() -> None:
    for before, after in zip(
        plan_of(*every_offer(), platform=one_cluster()).tenants, plan().tenants, strict=True
    ):
        for one, other in zip(
            facts_of(before.facts, NamespaceQuota), facts_of(after.facts, NamespaceQuota), strict=True
        ):
            assert (other.pods - one.pods, other.cpu_request_millicores - one.cpu_request_millicores) == (
                1,
                10,
            )


@pytest.mark.sample(2)
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

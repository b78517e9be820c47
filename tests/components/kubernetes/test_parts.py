"""Platform parts: admitted as restricted, asked by Prometheus alone, allowed the least."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from allocation.adapters.usage.queries import queries
from components.kubernetes.fingerprint import ANNOTATION
from components.kubernetes.parts.states import arguments
from tests.components.completeness import faults_of
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import pod_specs, the
from tests.components.reachability import network_of
from tests.declarations import Registration, Registrations, differences
from tests.portfolios import ROOT, WORKING_HOURS, grouped_platform, measured, plan_of, tenant
from tests.prometheus import running_prometheus
from tests.promql import KUBE_STATE_METRICS
from tiers.facts.every_fact import SleepSchedule, StateExporter
from tiers.plan.plan import Plan, facts_of
from tiers.portfolio.platform import Platform

STATES = "local-kube-state-metrics"
POSTGRES = "local-postgres-exporter"
REDIS = "local-redis-exporter"
TRAEFIK = "local-traefik"
SCRAPED = {"usage", "states", "postgres", "redis", "ingress"}
# Its own documents, docs/metrics: a metric begins with the resource that it is about.
RESOURCES = {
    "kube_pod_": "pods",
    "kube_persistentvolumeclaim_": "persistentvolumeclaims",
    "kube_service_": "services",
    "kube_deployment_": "deployments",
    "kube_job_": "jobs",
    "kube_cronjob_": "cronjobs",
}


@cache
def plan() -> Plan:
    return plan_of(tenant(), platform=measured(grouped_platform()))


@cache
def declared() -> tuple[Declared, ...]:
    return tuple(declare_plan(plan()))


def test_nothing_is_missing_or_open() -> None:
    assert faults_of(plan(), declared()) == []
    registered = [Registration(each.type, each.name, each.props) for each in declared()]
    assert differences(plan(), Registrations(plan().portfolio, registered)) == []


@pytest.mark.parametrize("part", [STATES, POSTGRES, REDIS, TRAEFIK])
def test_the_cost_of_a_part_is_the_platforms(part: str) -> None:
    made = the(declared(), "kubernetes:apps/v1:Deployment", part)
    labels = made.props["spec"]["template"]["metadata"]["labels"]
    assert labels["cost/domain"] == "shared-platform"
    assert "cost/tenant" not in labels


def test_kube_state_metrics_reads_what_it_tells_and_no_secret() -> None:
    role = the(declared(), "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", STATES)
    allowed = {resource for rule in role.props["rules"] for resource in rule["resources"]}
    assert {verb for rule in role.props["rules"] for verb in rule["verbs"]} == {"list", "watch"}
    assert not allowed & {"secrets", "configmaps", "*"}
    (given,) = (each.partition("=")[2] for each in arguments() if each.startswith("--resources="))
    assert set(given.split(",")) == allowed == set(RESOURCES.values())


def test_it_tells_every_metric_that_drivers_and_alerts_ask_for() -> None:
    text = "\n".join(str(each) for each in (queries().model_dump(), sorted(KUBE_STATE_METRICS)))
    asked = set(re.findall(r"\bkube_[a-z]+_", text))
    assert asked <= RESOURCES.keys()


def test_it_reaches_the_api_and_only_prometheus_reaches_it() -> None:
    spec = the(declared(), "kubernetes:networking.k8s.io/v1:NetworkPolicy", STATES).props["spec"]
    assert {port["port"] for rule in spec["egress"] for port in rule["ports"]} == {443}
    assert [rule["ports"] for rule in spec["ingress"]] == [[{"protocol": "TCP", "port": 8080}]]
    assert set(spec["policyTypes"]) == {"Ingress", "Egress"}


@pytest.mark.parametrize(("part", "asks", "tells"), [(POSTGRES, 5432, 9187), (REDIS, 6379, 9121)])
def test_an_exporter_reaches_what_it_measures_and_only_prometheus_reaches_it(
    part: str, asks: int, tells: int
) -> None:
    spec = the(declared(), "kubernetes:networking.k8s.io/v1:NetworkPolicy", part).props["spec"]
    (out,), (into,) = spec["egress"], spec["ingress"]
    assert [port["port"] for port in out["ports"]] == [asks]
    (usual,) = the(declared(), "kubernetes:networking.k8s.io/v1:NetworkPolicy", "acme-to-data").props["spec"][
        "egress"
    ]
    assert out["to"] == usual["to"]
    assert [port["port"] for port in into["ports"]] == [tells]
    assert set(spec["policyTypes"]) == {"Ingress", "Egress"}


def test_postgres_exporter_waits_for_its_role_and_logs_in_with_the_same_password() -> None:
    reader = the(declared(), "kubernetes:apps/v1:Deployment", POSTGRES)
    login = the(declared(), "kubernetes:batch/v1:Job", "local-postgres-exporter-login")
    secrets = [the(declared(), "kubernetes:core/v1:Secret", each.name) for each in (reader, login)]
    assert len({each.props["stringData"]["password"] for each in secrets}) == 1
    assert len(reader.props["spec"]["template"]["metadata"]["annotations"][ANNOTATION]) == 64
    assert {login.urn, secrets[0].urn} <= reader.dependencies
    # Whatever is in a component waits for what the component waits for.
    assert secrets[1].urn in the(declared(), "costack:index:OneOffJob", login.name).dependencies
    ((_, spec),) = pod_specs([login])
    assert spec["serviceAccountName"] == "database-admin"


def test_its_token_is_short_lived_and_its_root_is_read_only() -> None:
    ((_, spec),) = pod_specs([the(declared(), "kubernetes:apps/v1:Deployment", STATES)])
    assert spec["automountServiceAccountToken"] is False
    (access,) = (each["projected"] for each in spec["volumes"] if "projected" in each)
    assert access["sources"][0]["serviceAccountToken"]["expirationSeconds"] == 600
    assert spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


def test_without_it_there_is_no_namespace_for_it() -> None:
    usual = plan_of(tenant(), platform=grouped_platform())
    assert not facts_of(usual.platform, StateExporter)
    assert not [fact for fact in usual.platform if fact.id.endswith("odoo-platform")]


def test_it_finds_the_api_where_other_pods_do_if_nobody_says_where_that_is() -> None:
    document: dict[str, Any] = measured(grouped_platform()).model_dump(mode="json")
    document["cluster"]["api_cidrs"] = []
    asleep = tenant("acme", environment="staging", options={"users": 3, "schedule": WORKING_HOURS})
    made = plan_of(asleep, platform=Platform.model_validate(document))
    (states,) = facts_of(made.platform, StateExporter)
    (sleep,) = facts_of(made.tenants[0].facts, SleepSchedule)
    assert states.api_cidrs == sleep.api_cidrs == ("10.100.0.0/16", "172.20.0.0/16")


def routed(*names: str) -> list[Declared]:
    """A platform with all parts, and tenants with namespaces of their own."""
    tenants = [tenant(name, tier="dedicated-db") for name in names]
    return declare_plan(plan_of(*tenants, platform=measured(grouped_platform())))


def test_traefik_serves_the_namespaces_with_a_route_and_reads_no_other() -> None:
    made = routed("acme")
    reads = {
        each.props["metadata"]["namespace"]
        for each in made
        if each.type.endswith(":RoleBinding")
        and each.props["subjects"] == [{"kind": "ServiceAccount", "name": "traefik", "namespace": "traefik"}]
    }
    deployment = the(made, "kubernetes:apps/v1:Deployment", TRAEFIK)
    (container,) = deployment.props["spec"]["template"]["spec"]["containers"]
    served = "--providers.kubernetesingress.namespaces="
    (named,) = (each.removeprefix(served) for each in container["args"] if each.startswith(served))
    assert set(named.split(",")) == reads == {"odoo-acme", "traefik"}
    role = the(made, "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", TRAEFIK)
    assert {name for rule in role.props["rules"] for name in rule["resources"]} == {"ingressclasses", "nodes"}


def test_traefik_begins_anew_only_when_it_may_read_the_new_namespace() -> None:
    """Else its new pods would know no route of any tenant, and answer 404."""
    made = routed("acme", "borealis")
    deployment = the(made, "kubernetes:apps/v1:Deployment", TRAEFIK)
    for name in ("odoo-acme", "odoo-borealis"):
        bound = the(made, "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", f"{name}-routes")
        assert {bound.urn, bound.parent} & deployment.dependencies


def test_traefik_is_reached_from_its_ranges_and_reaches_web_pods_and_the_api() -> None:
    spec = the(declared(), "kubernetes:networking.k8s.io/v1:NetworkPolicy", "traefik").props["spec"]
    entered, scraped = spec["ingress"]
    assert entered["from"] == [{"ipBlock": {"cidr": "0.0.0.0/0"}}]
    assert [port["port"] for port in entered["ports"]] == [8000, 8443]
    assert [port["port"] for port in scraped["ports"]] == [9100]
    api, web = spec["egress"]
    assert [port["port"] for port in api["ports"]] == [443]
    assert [port["port"] for port in web["ports"]] == [8069, 8072]
    over = network_of(declared())
    (here,) = (pod for pod in over.pods if pod.name == TRAEFIK)
    ports = (8069, 8072, 5432, 9717)
    reached = {pod.name for pod in over.pods for port in ports if over.allowed(here, pod, port)}
    assert reached == {"acme-web"}


def scrape_config() -> dict[str, Any]:
    """What docs/platform-parts.md tells Prometheus."""
    text = (ROOT / "docs" / "platform-parts.md").read_text(encoding="utf-8")
    (block,) = (
        each for each in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "scrape_configs" in each
    )
    found: dict[str, Any] = yaml.safe_load(block)
    return found


def discovered() -> Iterator[dict[str, Any]]:
    """Every container port that is declared, as Prometheus' discovery of pods labels it."""
    meta = "__meta_kubernetes_pod_"
    for made in declared():
        if made.type != "kubernetes:apps/v1:Deployment":
            continue
        template = made.props["spec"]["template"]
        part = template["metadata"]["labels"]["app.kubernetes.io/component"]
        for container in template["spec"]["containers"]:
            for port in container.get("ports", [{"name": "", "containerPort": 9}]):
                labels = {
                    f"{meta}container_port_name": port["name"],
                    f"{meta}label_app_kubernetes_io_component": part,
                    "part": part,
                }
                yield {"targets": [f"127.0.0.1:{port['containerPort']}"], "labels": labels}


@pytest.mark.prometheus
def test_prometheus_scrapes_the_parts_and_no_other_pod(tmp_path: Path) -> None:
    """Debian's Prometheus has no discovery of pods: a file tells it what that would."""
    (job,) = scrape_config()["scrape_configs"]
    assert job["honor_labels"] is True
    assert job.pop("kubernetes_sd_configs") == [{"role": "pod"}]
    found = list(discovered())
    assert {each["labels"]["part"] for each in found} == {"web", "cron"} | SCRAPED
    (tmp_path / "pods.json").write_text(json.dumps(found), encoding="utf-8")
    job["file_sd_configs"] = [{"files": [str(tmp_path / "pods.json")]}]
    with (
        running_prometheus(tmp_path, yaml.safe_dump({"scrape_configs": [job]})) as url,
        httpx.Client(trust_env=False) as client,
    ):
        end = time.monotonic() + 30
        active: list[dict[str, Any]] = []
        dropped: list[dict[str, Any]] = []
        while len(active) + len(dropped) < len(found) and time.monotonic() < end:
            told = client.get(f"{url}/api/v1/targets").json()["data"]
            active, dropped = told["activeTargets"], told["droppedTargets"]
            time.sleep(0.2)
    assert {each["labels"]["part"] for each in active} == SCRAPED
    assert {each["discoveredLabels"]["part"] for each in dropped} == {"web", "cron", "ingress"}

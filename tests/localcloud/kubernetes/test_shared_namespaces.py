"""What tenants share in a cluster, as the real API server admits it: their pods at once, and not one more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import pod_specs
from tests.portfolios import local_portfolio, plan_of, tenant
from tiers.facts.network import CLUSTER_DNS, DnsPeer
from tiers.portfolio.platform import Platform

if TYPE_CHECKING:
    from tests.localcloud.cluster import Cluster

pytestmark = [pytest.mark.cluster]

SHARED = "odoo-production"
PATHS = {
    "PriorityClass": "/apis/scheduling.k8s.io/v1/priorityclasses",
    "Namespace": "/api/v1/namespaces",
    "ResourceQuota": f"/api/v1/namespaces/{SHARED}/resourcequotas",
    "LimitRange": f"/api/v1/namespaces/{SHARED}/limitranges",
    "Pod": f"/api/v1/namespaces/{SHARED}/pods",
}


def platform() -> Platform:
    """The local one, whose quotas have no headroom."""
    usual = local_portfolio().platform
    return usual.model_copy(
        update={"cluster": usual.cluster.model_copy(update={"quota_headroom_percent": 0})}
    )


@cache
def declared() -> tuple[Declared, ...]:
    """Two tenants side by side, one of which load scales out."""
    wide = tenant("borealis", options={"users": 50, "workload_class": "m"})
    return tuple(declare_plan(plan_of(tenant("acme"), wide, platform=platform())))


def post(cluster: Cluster, kind: str, obj: dict[str, Any]) -> httpx.Response:
    made = {"apiVersion": "v1", "kind": kind, **obj}
    return cluster.client.post(PATHS[kind], json=made, params={"fieldValidation": "Strict"})


def objects(kind: str) -> list[dict[str, Any]]:
    """The declared objects of *kind* that are, or lie in, the shared namespace."""
    made = [each for each in declared() if each.custom and each.type.endswith(f":{kind}")]
    here = [
        each
        for each in made
        if SHARED in {each.props["metadata"].get(name) for name in ("name", "namespace")}
    ]
    return [{name: each.props[name] for name in ("metadata", "spec") if name in each.props} for each in here]


def classes(made: Sequence[Declared]) -> list[dict[str, Any]]:
    return [dict(each.props) for each in made if each.type.endswith(":PriorityClass")]


def worst_moment() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every pod of a rollout of all workloads at once, scaled out as far as load may, with five jobs each."""
    here = [
        each
        for each in declared()
        if each.custom and each.props.get("metadata", {}).get("namespace") == SHARED
    ]
    scaled = {
        each.props["spec"]["scaleTargetRef"]["name"]: each.props["spec"]["maxReplicas"]
        for each in here
        if each.type.endswith(":HorizontalPodAutoscaler")
    }
    for each in here:
        for name, spec in pod_specs([each]):
            about = each.props["spec"]
            count = max(about.get("replicas", 0), scaled.get(each.props["metadata"]["name"], 0))
            count += about.get("strategy", {}).get("rollingUpdate", {}).get("maxSurge", 0)
            # Nothing names the number of jobs at once: the setup, a backup, and three more.
            yield from [(name, spec)] * (count or {"Job": 4, "CronJob": 1}[each.type.rpartition(":")[2]])


def count_anew(cluster: Cluster) -> None:
    """As the quota controller does at once, and when pods have gone; it does not run here."""
    known = cluster.client.get(f"{PATHS['ResourceQuota']}/tenants").json()
    hard = known["spec"]["hard"]
    known["status"] = {"hard": hard, "used": dict.fromkeys(hard, "0")}
    cluster.client.put(f"{PATHS['ResourceQuota']}/tenants/status", json=known).raise_for_status()


@pytest.fixture(scope="module")
def shared(cluster: Cluster) -> Iterator[Cluster]:
    """The API server with the namespace, its quota, its limits and the classes, as they are declared."""
    for each in classes(declared()):
        answer = post(cluster, "PriorityClass", each)
        assert answer.is_success, answer.text
    for kind in ("Namespace", "ResourceQuota", "LimitRange"):
        (obj,) = objects(kind)
        answer = post(cluster, kind, obj)
        assert answer.is_success, answer.text
    count_anew(cluster)
    yield cluster
    cluster.client.delete(f"/api/v1/namespaces/{SHARED}")
    for each in classes(declared()):
        cluster.client.delete(f"{PATHS['PriorityClass']}/{each['metadata']['name']}").raise_for_status()


def run(cluster: Cluster, pods: Sequence[tuple[str, dict[str, Any]]], begin: int = 0) -> list[httpx.Response]:
    return [
        post(cluster, "Pod", {"metadata": {"name": f"{name}-{begin + number}"}, "spec": spec})
        for number, (name, spec) in enumerate(pods)
    ]


def test_all_pods_of_the_worst_moment_are_admitted_and_the_quota_ends_what_goes_beyond(
    shared: Cluster,
) -> None:
    pods = list(worst_moment())
    answers = run(shared, pods)
    assert [each.text for each in answers if not each.is_success] == []
    # acme: xs; borealis: m, which load scales to 4; a scheduled restore test of each
    assert len(answers) == 2 + 1 + 5 + 5 + 1 + 5 + 2
    given = {(each.json()["spec"]["priority"], each.json()["spec"]["preemptionPolicy"]) for each in answers}
    assert given == {(0, "PreemptLowerPriority"), (0, "Never")}
    used = shared.client.get(f"{PATHS['ResourceQuota']}/tenants").json()["status"]["used"]
    assert used["pods"] == str(len(answers))
    # There is room for one tenant that becomes smaller, whose old pods are larger than these.
    more = run(shared, pods[:1] * 40, begin=len(answers))
    taken, refused = ([each for each in more if each.is_success is had] for had in (True, False))
    assert len(taken) < 30
    assert {each.status_code for each in refused} == {httpx.codes.FORBIDDEN}
    assert all("exceeded quota: tenants" in each.json()["message"] for each in refused)
    for each in (*answers, *taken):
        where = f"{PATHS['Pod']}/{each.json()['metadata']['name']}"
        shared.client.delete(where, params={"gracePeriodSeconds": 0}).raise_for_status()
    count_anew(shared)


def test_the_server_takes_pods_that_need_two_zones(shared: Cluster) -> None:
    plan = plan_of(tenant("acme", tier="ha-postgresql"), platform=platform())
    (web,) = (each for each in declare_plan(plan) if each.name == "acme-web" and "Deployment" in each.type)
    path = "/apis/apps/v1/namespaces/default/deployments?dryRun=All&fieldValidation=Strict"
    answer = shared.client.post(path, json={**web.props, "metadata": {"name": "acme-web"}})
    assert answer.is_success, answer.text
    assert "warning" not in answer.headers
    given = answer.json()["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert [(each["whenUnsatisfiable"], each["matchLabelKeys"]) for each in given] == [
        ("DoNotSchedule", ["pod-template-hash"]),
        ("ScheduleAnyway", ["pod-template-hash"]),
    ]


def test_the_server_takes_the_policy_of_several_servers_for_names(shared: Cluster) -> None:
    usual = platform()
    pods = DnsPeer(namespace="openshift-dns", pod_labels={"dns.operator/daemonset": "default"}, ports=(5353,))
    peers = (CLUSTER_DNS, DnsPeer(cidr="169.254.20.10/32"), pods)
    cluster = usual.cluster.model_copy(update={"dns_peers": peers})
    plan = plan_of(tenant("acme"), platform=usual.model_copy(update={"cluster": cluster}))
    (policy,) = (each.props for each in declare_plan(plan) if each.name == f"{SHARED}-allow-dns")
    path = f"/apis/networking.k8s.io/v1/namespaces/{SHARED}/networkpolicies"
    answer = shared.client.post(path, json=policy, params={"fieldValidation": "Strict"})
    assert answer.is_success, answer.text
    assert answer.json()["spec"] == policy["spec"]
    assert len(answer.json()["spec"]["egress"]) == 3


def test_two_portfolios_of_one_cluster_have_classes_of_their_own(shared: Cluster) -> None:
    usual = local_portfolio().platform
    apart = usual.model_copy(
        update={"cluster": usual.cluster.model_copy(update={"namespace_prefix": "system"})}
    )
    others = classes(declare_plan(plan_of(tenant("acme"), platform=apart)))
    assert len(others) == 4
    for each in others:
        answer = post(shared, "PriorityClass", each)
        assert answer.is_success, answer.text
        shared.client.delete(f"{PATHS['PriorityClass']}/{each['metadata']['name']}").raise_for_status()


def test_a_pod_without_requests_gets_the_defaults_and_a_huge_one_is_refused(shared: Cluster) -> None:
    name, spec = next(worst_moment())
    (container,) = spec["containers"]
    silent = {**container, "resources": {}}
    huge = {**container, "resources": {"limits": {"cpu": "64", "memory": "1Gi"}}}
    (admitted,) = run(shared, [(name, {**spec, "containers": [silent]})], begin=100)
    assert admitted.is_success, admitted.text
    (given,) = admitted.json()["spec"]["containers"]
    assert given["resources"] == {
        "limits": {"cpu": "500m", "memory": "512Mi"},
        "requests": {"cpu": "100m", "memory": "128Mi"},
    }
    (refused,) = run(shared, [(name, {**spec, "containers": [huge]})], begin=101)
    assert "maximum cpu usage per Container is 2" in refused.json()["message"]

"""The committed portfolio in a real Kubernetes API server, in the order in which the tests stand here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.engine.conftest import Deployed
from tests.engine.holdings import left_behind
from tests.engine.project import STACK, Registered
from tests.localcloud.cluster import Cluster
from tests.tagged import expected_keys, label_sets

pytestmark = [pytest.mark.engine, pytest.mark.cluster]


def test_every_object_is_in_the_server_with_all_its_labels(applied: Deployed, cluster: Cluster) -> None:
    objects = _objects(applied)
    assert len(objects) > 60
    for each in objects:
        answer = cluster.client.get(_path(cluster, each.inputs))
        assert answer.status_code == httpx.codes.OK, each.urn
        sets = label_sets(each.type, answer.json())
        assert len(sets) == len(label_sets(each.type, each.inputs)), each.urn
        for labels in sets:
            assert expected_keys(each.urn) <= labels.keys(), each.urn


def test_restricted_namespaces_admit_every_pod(applied: Deployed, cluster: Cluster) -> None:
    pods = list(_pods(applied, cluster))
    assert len(pods) == 12 + 14 + 6  # Deployments, Jobs, CronJobs of seven tenants
    for namespace, pod in pods:
        admitted = _try(cluster, namespace, pod)
        assert admitted.status_code == httpx.codes.CREATED, admitted.text
        assert "warning" not in admitted.headers, admitted.headers["warning"]


def test_restricted_namespaces_would_refuse_a_pod_that_runs_as_root(
    applied: Deployed, cluster: Cluster
) -> None:
    pods = list(_pods(applied, cluster))
    assert len({namespace for namespace, _ in pods}) == 4 + 3  # shared ones, and a tenant's own
    for namespace, pod in pods:
        (container,) = pod["spec"]["containers"]
        unsafe = {**container, "securityContext": {"runAsNonRoot": False, "runAsUser": 0}}
        refused = _try(cluster, namespace, pod | {"spec": pod["spec"] | {"containers": [unsafe]}})
        assert refused.status_code == httpx.codes.FORBIDDEN
        assert 'violates PodSecurity "restricted' in refused.json()["message"]


def test_drift_in_the_cluster_is_found_and_mended(applied: Deployed, cluster: Cluster) -> None:
    path = "/apis/apps/v1/namespaces/odoo-production/deployments/acme-web"
    patch = {"spec": {"replicas": 3}}
    changed = cluster.client.patch(
        path,
        params={"fieldManager": "somebody"},
        json=patch,
        headers={"Content-Type": "application/merge-patch+json"},
    )
    assert changed.status_code == httpx.codes.OK
    project = applied.project
    project.pulumi("refresh", "--yes", "--skip-preview", "--stack", STACK)
    ((urn, step),) = project.preview().items()
    assert urn.endswith("Deployment::acme-web")
    assert list(step["detailedDiff"]) == ["spec.replicas"]
    # The field is somebody else's now: taking it back is a decision, as with the official provider.
    refused = project.up(code=1)
    assert "odoo-production/acme-web" in refused.text
    assert "spec.replicas" in refused.text
    assert "Traceback" not in refused.text
    project.configure({"kubernetes:enablePatchForce": "true"})
    project.up()
    assert cluster.client.get(path).json()["spec"]["replicas"] == 1


def test_destroy_removes_every_object(applied: Deployed, cluster: Cluster) -> None:
    paths = [_path(cluster, each.inputs) for each in _objects(applied)]
    applied.project.pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK)
    assert applied.project.registered() == []
    assert [path for path in paths if cluster.client.get(path).status_code != httpx.codes.NOT_FOUND] == []
    assert left_behind(applied.project.clients(), applied.before) == {"enabled key": 1 + 3}


def _objects(applied: Deployed) -> list[Registered]:
    return [each for each in applied.registered if each.type.startswith("kubernetes:")]


def _path(cluster: Cluster, obj: dict[str, Any]) -> str:
    """Where the API server keeps an object, by its own discovery."""
    version, metadata = obj["apiVersion"], obj["metadata"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    (kind,) = [
        each
        for each in cluster.client.get(root).json()["resources"]
        if each["kind"] == obj["kind"] and "/" not in each["name"]
    ]
    below = f"/namespaces/{metadata['namespace']}" if kind["namespaced"] else ""
    return f"{root}{below}/{kind['name']}/{metadata['name']}"


def _pods(applied: Deployed, cluster: Cluster) -> Iterator[tuple[str, dict[str, Any]]]:
    """The pod that each workload in the server would make, and its namespace."""
    for each in _objects(applied):
        kind = each.inputs["kind"]
        if kind not in ("Deployment", "Job", "CronJob"):
            continue
        spec = cluster.client.get(_path(cluster, each.inputs)).json()["spec"]
        template = (spec["jobTemplate"]["spec"] if kind == "CronJob" else spec)["template"]
        metadata = {"name": each.name, "labels": template["metadata"]["labels"]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
        yield each.inputs["metadata"]["namespace"], pod


def _try(cluster: Cluster, namespace: str, pod: dict[str, Any]) -> httpx.Response:
    """Ask the server to admit a pod, without keeping it."""
    return cluster.client.post(f"/api/v1/namespaces/{namespace}/pods", params={"dryRun": "All"}, json=pod)

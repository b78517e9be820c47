"""The Kubernetes provider under test: the small one, or the official one where `make official` runs them.

Tests marked `either` tell the same story with both. The official one waits for what controllers do, so they
run beside the API server then, with a pretended node.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from tests.localcloud.cluster import TOOLS, Cluster, running_cluster
from tests.official.controllers import controlled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.engine.project import Project

OFFICIAL: Final = bool(os.environ.get("COSTACK_OFFICIAL"))
PROVIDER: Final = TOOLS / "official" / "pulumi-resource-kubernetes"
MERGE: Final = {"Content-Type": "application/merge-patch+json"}
_PATIENCE_SECONDS: Final = 120.0
_AUTOSCALER: Final = "kube-controller-manager"


def use_official(project: Project) -> None:
    """Put the official provider where the project finds this repository's own."""
    ours = project.folder / "localcloud" / "bin" / PROVIDER.name
    ours.unlink()
    ours.symlink_to(PROVIDER.resolve())


def use_either(project: Project) -> None:
    """Put the provider under test where the project finds it."""
    if OFFICIAL:
        use_official(project)


@contextmanager
def either_cluster(folder: Path) -> Iterator[Cluster]:
    """An API server, with controllers where the official provider is under test."""
    with running_cluster(folder, controlled if OFFICIAL else None) as cluster:
        yield cluster


def until(what: Callable[[], object], said: str) -> None:
    """Wait for what controllers do."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < deadline, said
        time.sleep(0.2)


def deployment(cluster: Cluster, path: str) -> dict[str, Any]:
    """A Deployment, by namespace and name."""
    found: dict[str, Any] = cluster.client.get(_deployment(path)).raise_for_status().json()
    return found


def autoscale(cluster: Cluster, path: str, pods: int) -> None:
    """Have the autoscaler set the number of a Deployment's pods; without controllers, do it in its name."""
    namespace, name = path.split("/")
    if cluster.is_controlled:
        # It scales where there are fewer pods than its least.
        autoscaler = f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers/{name}"
        least = {"spec": {"minReplicas": pods}}
        cluster.client.patch(autoscaler, json=least, headers=MERGE).raise_for_status()
        until(lambda: deployment(cluster, path)["spec"]["replicas"] == pods, "the autoscaler did not scale")
    else:
        where, number = f"{_deployment(path)}/scale", {"spec": {"replicas": pods}}
        named = {"fieldManager": _AUTOSCALER}
        cluster.client.patch(where, params=named, json=number, headers=MERGE).raise_for_status()
    owners = {
        each["manager"]
        for each in deployment(cluster, path)["metadata"]["managedFields"]
        if each.get("subresource") == "scale"
    }
    assert owners == {_AUTOSCALER}


def run_at_night(cluster: Cluster, path: str) -> None:
    """Have a CronJob make its Job, as its controller does at its hour; its pod stays when it is over."""
    if not cluster.is_controlled:
        return
    namespace, name = path.split("/")
    below = f"/apis/batch/v1/namespaces/{namespace}"
    clock = cluster.client.get(f"{below}/cronjobs/{name}").raise_for_status().json()
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": name, "uid": clock["metadata"]["uid"]}
    metadata = {"name": f"{name}-night", "ownerReferences": [{**owner, "controller": True}]}
    job = {"metadata": metadata, "spec": clock["spec"]["jobTemplate"]["spec"]}
    cluster.client.post(f"{below}/jobs", json=job).raise_for_status()
    made = f"{below}/jobs/{name}-night"
    until(lambda: cluster.client.get(made).json()["status"].get("succeeded"), f"{made} did not end")


def _deployment(path: str) -> str:
    namespace, name = path.split("/")
    return f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"

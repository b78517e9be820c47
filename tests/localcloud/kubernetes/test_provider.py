"""The Kubernetes provider under the real CLI: a folder of manifests, then a real API server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from lifecycle.recover.rendered import UNREAD
from tests.kubernetes import OFFICIAL

pytestmark = pytest.mark.whole(
    "programs on the engine: test_rendered makes manifests, test_life has an API server"
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.localcloud.cluster import Cluster
    from tests.localcloud.engine import Engine

PROGRAM = """
import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

password = random.RandomPassword("password", length=20, special=False)
namespace = k8s.core.v1.Namespace("namespace", metadata={"name": "NAMESPACE"})
inside = namespace.metadata.name
settings = k8s.core.v1.ConfigMap("settings", metadata={"namespace": inside}, data={"workers": "2"})
k8s.core.v1.Secret(
    "database", metadata={"name": "database", "namespace": inside}, string_data={"password": password.result}
)
labels = {"app": "web"}
container = {"name": "odoo", "image": "odoo:17", "resources": {"requests": {"cpu": "1000m", "memory": "1Gi"}}}
k8s.apps.v1.Deployment(
    "web",
    metadata={"name": "web", "namespace": inside, "labels": {"cost/tenant": "acme"}},
    spec={
        "replicas": 1,
        "selector": {"match_labels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    },
)
pulumi.export("password", password.result)
pulumi.export("settings", settings.metadata.name)
"""
REQUEST = "spec.template.spec.containers[0].resources.requests.cpu"


def changed(steps: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    return {name: sorted(step["detailedDiff"]) for name, step in steps.items()}


@pytest.mark.engine
def test_manifests_follow_the_program(project: Callable[..., Engine]) -> None:
    engine = project(
        PROGRAM.replace("NAMESPACE", "odoo-acme"),
        warm=True,
        config={"kubernetes:renderYamlToDirectory": "out"},
    )
    said = engine.run("up", "--yes", "--skip-preview")
    diagnostics = said.partition("Diagnostics:")[2]
    assert diagnostics.count("out contains secret values in plaintext") == 1
    values = engine.output()
    folder = engine.project / "out" / "1-manifest"
    written = {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in folder.iterdir()}
    assert set(written) == {
        "apps_v1-deployment-odoo-acme-web.yaml",
        f"v1-configmap-odoo-acme-{values['settings']}.yaml",
        "v1-namespace-default-odoo-acme.yaml",
        "v1-secret-odoo-acme-database.yaml",
    }
    secret = written["v1-secret-odoo-acme-database.yaml"]
    assert secret["stringData"] == {"password": values["password"]}
    assert values["password"] not in engine.run("stack", "export")

    engine.program(
        PROGRAM.replace("NAMESPACE", "odoo-acme").replace("1000m", "2").replace('"acme"', '"beta"')
    )
    assert changed(engine.steps()) == {"web": ['metadata.labels["cost/tenant"]', REQUEST]}
    assert engine.up() == {"updated": 1, "unchanged": 5}
    # There is no cluster to ask: as with the official provider, whoever refreshes must know that.
    assert "refresh with PULUMI_K8S_SKIP_UPDATE_UNREACHABLE=true" in engine.run("refresh", "--yes", code=1)
    engine.environment.update(UNREAD)
    assert engine.refresh() == {"unchanged": 6}
    assert engine.destroy() == {"deleted": 6}
    assert list(folder.iterdir()) == []


@pytest.mark.engine
@pytest.mark.cluster
@pytest.mark.either
def test_objects_live_on_an_api_server(project: Callable[..., Engine], cluster: Cluster) -> None:
    program = PROGRAM.replace("NAMESPACE", "odoo-engine")
    kubeconfig = {"kubernetes:kubeconfig": str(cluster.kubeconfig), "kubernetes:enablePatchForce": "true"}
    if OFFICIAL:  # the setting came after 4.25.0
        del kubeconfig["kubernetes:enablePatchForce"]
        program = program.replace(
            '"labels": {"cost/tenant": "acme"}}',
            '"labels": {"cost/tenant": "acme"}, "annotations": {"pulumi.com/patchForce": "true"}}',
        )
    engine = project(program, config=kubeconfig, warm=True)
    web = "/apis/apps/v1/namespaces/odoo-engine/deployments/web"
    assert engine.up() == {"created": 6}
    assert engine.up() == {"unchanged": 6}
    assert engine.refresh() == {"unchanged": 6}
    values = engine.output()
    assert values["password"] not in engine.run("stack", "export")

    first = cluster.client.get(web).json()["metadata"]["uid"]
    drift = {"spec": {"replicas": 5}}
    merge = {"Content-Type": "application/merge-patch+json"}
    assert cluster.client.patch(web, json=drift, headers=merge, params={"fieldManager": "hand"}).is_success
    assert engine.refresh() == {"updated": 1, "unchanged": 5}
    engine.program(program.replace("1000m", "2"))
    assert changed(engine.steps()) == {"web": ["spec.replicas", REQUEST]}
    assert engine.up() == {"updated": 1, "unchanged": 5}
    live = cluster.client.get(web).json()
    assert (live["metadata"]["uid"], live["spec"]["replicas"]) == (first, 1)

    engine.program(program.replace('"app": "web"', '"app": "shop"'))
    assert engine.up() == {"replaced": 1, "unchanged": 5}
    assert cluster.client.get(web).json()["metadata"]["uid"] != first

    engine.program(
        program.replace('"app": "web"', '"app": "shop"').replace('"replicas": 1', '"replicas": -1')
    )
    named = 'Deployment.apps "web" is invalid: ' if OFFICIAL else "Deployment odoo-engine/web: "
    assert f"{named}spec.replicas: Invalid value: -1" in engine.run("preview", code=1)
    assert engine.destroy() == {"deleted": 6}
    assert cluster.client.get("/api/v1/namespaces/odoo-engine").status_code == 404


IMPORTING = """
import pulumi
import pulumi_kubernetes as k8s
k8s.core.v1.ConfigMap(
    "settings",
    metadata={"name": "made-by-hand", "namespace": "default", "labels": {"a": "1"}},
    data={"workers": "2"},
    opts=pulumi.ResourceOptions(import_="default/made-by-hand"),
)
"""
ADOPT = '    opts=pulumi.ResourceOptions(import_="default/made-by-hand"),\n'


@pytest.mark.engine
@pytest.mark.cluster
def test_an_object_made_by_hand_is_imported_as_it_is(
    project: Callable[..., Engine], cluster: Cluster
) -> None:
    obj = {"metadata": {"name": "made-by-hand", "labels": {"a": "1", "b": "2"}}, "data": {"workers": "2"}}
    path = "/api/v1/namespaces/default/configmaps"
    made = cluster.client.post(path, json=obj).json()
    engine = project(IMPORTING, warm=True, config={"kubernetes:kubeconfig": str(cluster.kubeconfig)})
    assert engine.up() == {"created": 1, "imported": 1}
    assert engine.resources()["settings"]["id"] == "default/made-by-hand"
    engine.program(IMPORTING.replace('{"a": "1"}', '{"a": "1", "c": "3"}').replace(ADOPT, ""))
    assert changed(engine.steps()) == {"settings": ["metadata.labels.c"]}
    assert engine.up() == {"updated": 1, "unchanged": 1}
    live = cluster.client.get(f"{path}/made-by-hand").json()
    assert live["metadata"]["uid"] == made["metadata"]["uid"]
    assert live["metadata"]["labels"] == {"a": "1", "b": "2", "c": "3"}
    assert engine.destroy() == {"deleted": 2}


JOB = """
import pulumi
import pulumi_kubernetes as k8s
k8s.batch.v1.Job(
    "once",
    metadata={"name": "once", "namespace": "default", "annotations": {"pulumi.com/replaceUnready": "true"}},
    spec={
        "backoffLimit": 1,
        "template": {
            "metadata": {"labels": {"team": "one"}},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "work", "image": "odoo:17"}]},
        },
    },
    opts=pulumi.ResourceOptions(ignore_changes=["spec.template.metadata.labels"]),
)
"""
TEMPLATE = "spec.template.metadata.labels"


@pytest.mark.engine
@pytest.mark.cluster
@pytest.mark.either
def test_a_job_is_replaced_after_any_update_on_labels_that_the_server_gave_it(
    project: Callable[..., Engine], cluster: Cluster
) -> None:
    engine = project(JOB, warm=True, config={"kubernetes:kubeconfig": str(cluster.kubeconfig)})
    assert engine.up() == {"created": 2}
    engine.program(JOB.replace('"team": "one"', '"team": "two"'))
    assert engine.up() == {"unchanged": 2}
    engine.program(JOB.replace('"backoffLimit": 1', '"backoffLimit": 2'))
    assert engine.up() == {"updated": 1, "unchanged": 1}
    labels = (".controller-uid", ".job-name") if OFFICIAL else ('["controller-uid"]', '["job-name"]')
    assert changed(engine.steps()) == {"once": [f"{TEMPLATE}{each}" for each in labels]}
    assert engine.up() == {"replaced": 1, "unchanged": 1}
    assert engine.up() == {"unchanged": 2}
    assert engine.destroy() == {"deleted": 2}


@pytest.mark.engine
@pytest.mark.cluster
def test_a_job_is_replaced_once_it_has_failed(project: Callable[..., Engine], cluster: Cluster) -> None:
    """No controller runs here: of the official provider see tests/official."""
    engine = project(JOB, warm=True, config={"kubernetes:kubeconfig": str(cluster.kubeconfig)})
    assert engine.up() == {"created": 2}
    once = "/apis/batch/v1/namespaces/default/jobs/once"
    before = cluster.client.get(once).json()["metadata"]["uid"]
    fail(cluster, once)
    assert engine.refresh() == {"updated": 1, "unchanged": 1}  # its status
    assert engine.up() == {"replaced": 1, "unchanged": 1}
    assert cluster.client.get(once).json()["metadata"]["uid"] != before
    assert engine.destroy() == {"deleted": 2}


def fail(cluster: Cluster, path: str) -> None:
    """What the Job's controller reports when its retries are spent."""
    now = "2026-11-29T12:00:00Z"
    conditions = [
        {"type": kind, "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": now}
        for kind in ("FailureTarget", "Failed")
    ]
    merge = {"Content-Type": "application/merge-patch+json"}
    for status in ({"startTime": now, "failed": 2}, {"conditions": conditions}):
        done = cluster.client.patch(f"{path}/status", json={"status": status}, headers=merge)
        assert done.is_success, done.text

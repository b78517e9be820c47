"""A sandbox that falls asleep, is deployed in its sleep, and wakes; then the whole portfolio beside it.

All of it is in a real Kubernetes API server, in the order in which the tests stand here.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from components.kubernetes.jobs import command
from components.scripts import script
from tests.engine.conftest import Deployed
from tests.engine.holdings import holdings, left_behind
from tests.engine.project import STACK, Project, Registered, running_project
from tests.kubernetes import use_either
from tests.localcloud.cluster import Cluster
from tests.portfolios import ROOT
from tests.tagged import expected_keys, label_sets

pytestmark = [
    pytest.mark.engine,
    pytest.mark.cluster,
    pytest.mark.either,
    pytest.mark.whole(
        "test_life has an API server, too; tests/components/tenant/test_sleep declares what sleeps"
    ),
]

TENANTS = Path("portfolios/local/tenants")
SANDBOX = TENANTS / "acme-staging.yaml"
STAYING = ("acme.yaml", "acme-staging.yaml")
SCHEDULE = "  schedule:\n    awake: Mon-Fri 07:00-19:00\n    timezone: Europe/Brussels\n"
NAMESPACE = "odoo-staging"
WEB = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/acme-staging-web"
CLOCKS = f"/apis/batch/v1/namespaces/{NAMESPACE}/cronjobs"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[Deployed]:
    """A stack in a real API server: production and its staging, which has no schedule yet."""
    with running_project(tmp_path_factory.mktemp("applied") / "project") as project:
        for path in (project.folder / TENANTS).iterdir():
            if path.name not in STAYING:
                path.unlink()
        use_either(project)
        project.apply_to(cluster.kubeconfig)
        before = holdings(project.clients())
        yield Deployed(project, before, project.up())


@pytest.fixture(scope="module")
def sandbox(deployed: Deployed) -> Project:
    """The project of the two."""
    return deployed.project


@pytest.fixture(scope="module")
def applied(deployed: Deployed) -> Deployed:
    """The stack with every tenant of the committed portfolio, the sandbox as it was in the beginning."""
    folder = deployed.project.folder / TENANTS
    for file in (ROOT / TENANTS).iterdir():
        if file.name in STAYING:
            assert (folder / file.name).read_text(encoding="utf-8") == file.read_text(encoding="utf-8")
        else:
            shutil.copy(file, folder)
    made = Deployed(deployed.project, deployed.before, deployed.project.up())
    assert made.registered
    return made


def write(project: Project, *, schedule: bool, more: str = "") -> None:
    """The sandbox's file as a pull request would leave it."""
    text = (project.folder / SANDBOX).read_text(encoding="utf-8").partition("  schedule:")[0]
    kept = [line for line in text.splitlines(keepends=True) if "workload_class" not in line]
    content = "".join(kept) + more + (SCHEDULE if schedule else "")
    (project.folder / SANDBOX).write_text(content, encoding="utf-8")


def replicas(cluster: Cluster) -> int:
    return int(cluster.client.get(WEB).json()["spec"]["replicas"])


def token(cluster: Cluster, tenant: str = "acme-staging", namespace: str = NAMESPACE) -> str:
    """What a pod of the sandbox's service account would find in its volume."""
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts/{tenant}-sleep/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    answer = cluster.client.post(account, json=request)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    return str(answer.json()["status"]["token"])


def run(
    cluster: Cluster, clock: str, folder: Path, tenant: str = "acme-staging", namespace: str = NAMESPACE
) -> None:
    """What the pod of a CronJob does: its own command and variables, with its account's own token."""
    job = cluster.client.get(f"/apis/batch/v1/namespaces/{namespace}/cronjobs/{tenant}-{clock}").json()
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == command(script("scale.sh"))["command"]
    certificate = cluster.kubeconfig.parent / "certificates" / "apiserver.crt"
    (folder / "ca.crt").write_bytes(certificate.read_bytes())
    (folder / "token").write_text(token(cluster, tenant, namespace), encoding="utf-8")
    given = {each["name"]: each["value"] for each in container["env"]}
    here = {"ACCESS": str(folder), "KUBERNETES_API": str(cluster.client.base_url).rstrip("/")}
    done = subprocess.run(
        container["command"],
        env={"PATH": "/usr/bin:/bin", **given, **here},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_schedule_adds_clocks_and_changes_no_pod(sandbox: Project, cluster: Cluster) -> None:
    before = cluster.client.get(WEB).json()["spec"]["template"]
    write(sandbox, schedule=True)
    steps = sandbox.preview()
    made = {urn.split("$")[-1] for urn, step in steps.items() if step["op"] == "create"}
    assert made == {
        "kubernetes:core/v1:ServiceAccount::acme-staging-sleep",
        "kubernetes:rbac.authorization.k8s.io/v1:Role::acme-staging-sleep",
        "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding::acme-staging-sleep",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy::acme-staging-sleep-to-api",
        "kubernetes:batch/v1:CronJob::acme-staging-sleep",
        "kubernetes:batch/v1:CronJob::acme-staging-wake",
    }
    assert {step["op"] for step in steps.values()} == {"create", "update"}
    sandbox.up()
    after = cluster.client.get(WEB).json()["spec"]
    assert (after["replicas"], after["template"]) == (1, before)
    clocks = {each["metadata"]["name"]: each["spec"] for each in cluster.client.get(CLOCKS).json()["items"]}
    assert clocks["acme-staging-sleep"]["schedule"] == "0 19 * * MON,TUE,WED,THU,FRI"
    assert clocks["acme-staging-wake"]["schedule"] == "0 7 * * MON,TUE,WED,THU,FRI"
    assert {clocks[f"acme-staging-{each}"]["timeZone"] for each in ("sleep", "wake")} == {"Europe/Brussels"}


def test_who_puts_it_to_sleep_may_do_nothing_else(sandbox: Project, cluster: Cluster, tmp_path: Path) -> None:
    assert sandbox.registered()
    run(cluster, "sleep", tmp_path)
    assert replicas(cluster) == 0
    signed_in = {"Authorization": f"Bearer {token(cluster)}"}
    merge = {"Content-Type": "application/merge-patch+json"}
    production = "/apis/apps/v1/namespaces/odoo-production/deployments/acme-web"
    refused: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", f"{production}/scale", {"spec": {"replicas": 0}}),
        ("PATCH", WEB, {"spec": {"replicas": 9}}),
        ("DELETE", WEB, {}),
        ("GET", f"/api/v1/namespaces/{NAMESPACE}/secrets", {}),
        ("GET", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", {}),
    ]
    for method, path, body in refused:
        answer = cluster.client.request(method, path, json=body, headers={**signed_in, **merge})
        assert answer.status_code == httpx.codes.FORBIDDEN, (method, path, answer.text)
    assert replicas(cluster) == 0


def test_an_update_lets_it_sleep_even_when_its_pods_change(sandbox: Project, cluster: Cluster) -> None:
    sandbox.up("--expect-no-changes")
    assert replicas(cluster) == 0
    write(sandbox, schedule=True, more="  workload_class: xs\n")
    sandbox.up()
    (container,) = cluster.client.get(WEB).json()["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["requests"]["memory"] == "1Gi"
    assert replicas(cluster) == 0


def test_a_refresh_does_not_wake_it_either(sandbox: Project, cluster: Cluster) -> None:
    sandbox.pulumi("refresh", "--yes", "--skip-preview", "--stack", STACK)
    sandbox.up("--expect-no-changes")
    assert replicas(cluster) == 0


def test_it_wakes_with_all_its_pods(sandbox: Project, cluster: Cluster, tmp_path: Path) -> None:
    assert sandbox.registered()
    run(cluster, "wake", tmp_path)
    assert replicas(cluster) == 1
    sandbox.up("--expect-no-changes")


def test_taking_the_schedule_out_wakes_it(sandbox: Project, cluster: Cluster, tmp_path: Path) -> None:
    run(cluster, "sleep", tmp_path)
    assert replicas(cluster) == 0
    write(sandbox, schedule=False)
    sandbox.up()
    assert replicas(cluster) == 1
    assert [
        each["metadata"]["name"]
        for each in cluster.client.get(CLOCKS).json()["items"]
        if not each["metadata"]["name"].endswith("backup")
    ] == []
    sandbox.up("--expect-no-changes")


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
    # The field is somebody else's now; no autoscaler owns it, so the update takes it back.
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

"""One sandbox that falls asleep, is deployed in its sleep, and wakes; in the order the tests stand here."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from components.kubernetes.jobs import command
from components.scripts import script
from tests.engine.project import STACK, Project, running_project
from tests.localcloud.cluster import Cluster

pytestmark = [pytest.mark.engine, pytest.mark.cluster]

TENANTS = Path("portfolios/local/tenants")
SANDBOX = TENANTS / "acme-staging.yaml"
STAYING = ("acme.yaml", "acme-staging.yaml")
SCHEDULE = "  schedule:\n    awake: Mon-Fri 07:00-19:00\n    timezone: Europe/Brussels\n"
NAMESPACE = "odoo-staging"
WEB = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/acme-staging-web"
CLOCKS = f"/apis/batch/v1/namespaces/{NAMESPACE}/cronjobs"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[Project]:
    """A stack in a real API server: production and its staging, which has no schedule yet."""
    with running_project(tmp_path_factory.mktemp("sleeping") / "project") as project:
        for path in (project.folder / TENANTS).iterdir():
            if path.name not in STAYING:
                path.unlink()
        project.configure(
            {"kubernetes:renderYamlToDirectory": None, "kubernetes:kubeconfig": str(cluster.kubeconfig)}
        )
        project.up()
        yield project


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

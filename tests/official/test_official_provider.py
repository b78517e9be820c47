"""The committed portfolio with the official Kubernetes provider and Kubernetes' own controllers.

The tests stand in the order of the story. What one changes in a file for a while, the next update takes back.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.engine.project import STACK, Project, Registered
from tests.engine.warm import home
from tests.kubernetes import MERGE, autoscale, deployment, run_at_night, until
from tests.localcloud.engine import Engine
from tests.official.conftest import Official, forget
from tests.official.kubelet import STARTED, Outcome, Pod, healthy
from tests.portfolios import local_plan

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.kubernetes]

TENANTS = "portfolios/local/tenants"
SCHEDULE = "  schedule:\n    awake: Mon-Fri 07:00-19:00\n    timezone: Europe/Brussels\n"
SCALED = "halcyon"
JOBS = "components/kubernetes/jobs.py"
ROUTE = "components/kubernetes/route.py"
FILES = "components/kubernetes/filestore.py"
WORKLOAD = "components/kubernetes/workload.py"
CLAIM = "/api/v1/namespaces/odoo-borealis-migration/persistentvolumeclaims/borealis-migration-filestore"
PATIENCE_SECONDS = 120.0
IN_ORDER = (
    ("-database-setup-", STARTED),
    ("-database-setup-", Outcome.SUCCEEDED),
    ("-odoo-setup-", STARTED),
    ("-odoo-setup-", Outcome.SUCCEEDED),
    ("-web-", STARTED),
    ("-web-", Outcome.READY),
)


@pytest.fixture(scope="module")
def there(official: Official) -> Official:
    """Everything is deployed."""
    # A failed Job is failed at its first pod: three more take 70 seconds.
    jobs = official.project.folder / JOBS
    text = jobs.read_text(encoding="utf-8")
    assert "RETRIES: Final = 3" in text
    jobs.write_text(text.replace("RETRIES: Final = 3", "RETRIES: Final = 0"), encoding="utf-8")
    official.project.up()
    return official


def replicas(there: Official, path: str) -> int:
    return int(deployment(there.cluster, path)["spec"]["replicas"])


def once(there: Official) -> list[str]:
    """The pods of one-off Jobs that were started so far, by what they are for."""
    return [re.sub(r"-[0-9a-f]{6,}-[0-9a-z]{5}$", "", each) for each in there.kubelet.seen]


def scale_up(there: Official, pods: int) -> None:
    """Let the autoscaler itself set the number."""
    autoscale(there.cluster, f"odoo-{SCALED}/{SCALED}-web", pods)


@contextmanager
def outcome_of(there: Official, part: str, outcome: Outcome, *, but: Collection[str] = ()) -> Iterator[None]:
    """Pods with *part* in their names come to *outcome*, as long as the block lasts; not *but*."""

    def rule(pod: Pod) -> Outcome:
        name = pod["metadata"]["name"]
        return outcome if part in name and name not in but else healthy(pod)

    there.kubelet.rule = rule
    try:
        yield
    finally:
        there.kubelet.rule = healthy


def changes_nothing(project: Project) -> None:
    project.up("--expect-no-changes")


def test_all_tenants_are_created_in_order_and_nothing_is_left_to_do(there: Official) -> None:
    events = there.kubelet.events
    for tenant in local_plan().tenants:
        first = [
            next(
                place
                for place, (pod, happened) in enumerate(events)
                if pod.startswith(f"{tenant.tenant}{kind}") and happened == what
            )
            for kind, what in IN_ORDER
        ]
        assert first == sorted(first), tenant.tenant
    changes_nothing(there.project)
    said = there.project.costack("allocate", "--stack", STACK, "--period", "2026-11")
    assert said.stdout.rstrip().endswith("difference 0")
    assert "pending" not in said.stderr


def test_a_changed_label_runs_no_job_again(there: Official) -> None:
    before, project = once(there), there.project
    file = f"{TENANTS}/{SCALED}.yaml"
    with project.edited(file, "service_line: odoo-hosting", "service_line: odoo-in-house"):
        project.up()
        assert deployment(there.cluster, f"odoo-{SCALED}/{SCALED}-web")["metadata"]["labels"][
            "cost/service-line"
        ] == ("odoo-in-house")
        changes_nothing(project)
    jobs = [each for each in once(there)[len(before) :] if "-web" not in each and "-cron" not in each]
    assert jobs == []


def test_a_failed_job_is_made_again_once_its_cause_is_gone(there: Official) -> None:
    project, file = there.project, f"{TENANTS}/cobalt.yaml"
    with project.edited(file, "hostname: cobalt.", "hostname: erp.cobalt."):
        with outcome_of(there, "cobalt-odoo-setup", Outcome.FAILED):
            said = project.up("--suppress-outputs", code=1).text
            assert "BackoffLimitExceeded" in said
            assert "cobalt-odoo-setup" in said
        project.pulumi("refresh", "--yes", "--skip-preview", "--stack", STACK)
        project.up()
        changes_nothing(project)


def test_a_job_that_never_ends_is_ended_and_begun_again_by_the_next_update(there: Official) -> None:
    project, file, job = there.project, f"{TENANTS}/cobalt.yaml", "cobalt-odoo-setup"
    with (
        project.edited(JOBS, '"activeDeadlineSeconds": deadline_seconds(gib)', '"activeDeadlineSeconds": 15'),
        project.edited(file, "hostname: cobalt.", "hostname: late.cobalt."),
    ):
        before = len(there.kubelet.seen)
        with outcome_of(there, job, Outcome.UNREADY):
            said = project.up("--suppress-outputs", code=1).text
            assert job in said
            assert "DeadlineExceeded" in said
        (planned,) = [step for urn, step in project.preview().items() if urn.endswith(f"Job::{job}")]
        assert planned["op"] == "replace"
        assert planned["replaceReasons"] == ['.metadata.annotations["pulumi.com/replaceUnready"]']
        project.up()
        changes_nothing(project)
        assert once(there)[before:].count(job) == 2


def test_an_ingress_without_an_address_fails_the_update_until_it_has_one(there: Official) -> None:
    project, file = there.project, f"{TENANTS}/cobalt.yaml"
    five = "pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(update='5s'))"
    impatient = f"pulumi.ResourceOptions.merge(child, {five})"
    ingress = "spec=_ingress(name, fact), opts="
    with (
        project.edited(ROUTE, f"{ingress}child", f"{ingress}{impatient}"),
        project.edited(file, "hostname: cobalt.", "hostname: hidden.cobalt."),
    ):
        with unpublished(there, "odoo-cobalt/cobalt-web"):
            said = project.up("--suppress-outputs", code=1).text
            assert "Ingress .status.loadBalancer field was not updated with a hostname/IP address" in said
        project.up()
        changes_nothing(project)


def test_pods_that_do_not_get_ready_fail_the_update_and_those_that_serve_stay(there: Official) -> None:
    project, file, web = there.project, f"{TENANTS}/cobalt.yaml", "odoo-cobalt/cobalt-web"
    patience = 'patience = f"{_NODE_MINUTES + _POD_MINUTES * pods_at_most}m"'
    with (
        project.edited(WORKLOAD, patience, 'patience = "15s"'),
        project.edited(file, "options:\n", "options:\n  workload_class: xs\n"),
    ):
        with outcome_of(there, "cobalt-web", Outcome.UNREADY, but=there.kubelet.seen):
            said = project.up("--suppress-outputs", code=1).text
            assert "'cobalt-web' timed out waiting to be Ready" in said
            assert "Minimum number of Pods to consider the application live was not attained" in said
            assert deployment(there.cluster, web)["status"]["availableReplicas"] >= 1
        project.up()
        changes_nothing(project)
    project.up()


@contextmanager
def unpublished(there: Official, path: str) -> Iterator[None]:
    """No Ingress gets an address while the block lasts, and one loses its own."""
    namespace, name = path.split("/")
    where = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses/{name}/status"
    there.kubelet.publishes = False
    try:
        lost = {"status": {"loadBalancer": {"ingress": None}}}
        there.cluster.client.patch(where, json=lost, headers=MERGE).raise_for_status()
        yield
    finally:
        there.kubelet.publishes = True


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_update_that_ends_while_it_waits_for_a_job_converges(there: Official, how: signal.Signals) -> None:
    project, file = there.project, f"{TENANTS}/borealis.yaml"
    word = how.name.lower()
    with (
        project.edited(file, "hostname: borealis.", f"hostname: {word}.borealis."),
        project.saving_every_step(),
    ):
        with outcome_of(there, "borealis-odoo-setup", Outcome.UNREADY):
            before = len(there.kubelet.seen)
            process = project.begin("up", "--yes", "--skip-preview", "--stack", STACK)
            until(lambda: "borealis-odoo-setup" in once(there)[before:], "the Job's pod was not started")
            end(process, how)
        assert process.returncode != 0
        if how is signal.SIGKILL:
            project.costack("recover", "--stack", STACK)
        project.up()
        changes_nothing(project)


def end(process: subprocess.Popen[str], how: signal.Signals) -> None:
    """Send a signal to a command and its children, as a terminal or a machine without memory does."""
    os.killpg(process.pid, how)
    process.communicate(timeout=PATIENCE_SECONDS)


def test_an_update_leaves_the_autoscalers_number_alone(there: Official) -> None:
    scale_up(there, 3)
    with there.project.edited(f"{TENANTS}/{SCALED}.yaml", "users: 60", "users: 61"):
        there.project.up()
        assert replicas(there, f"odoo-{SCALED}/{SCALED}-web") == 3


def test_a_scaled_tenant_moves(there: Official) -> None:
    project = there.project
    project.costack("move", SCALED, "--stack", STACK, "--to", "cross-region-backup")
    project.up()
    scale_up(there, 4)
    seen = []
    for _ in ("migrate", "switch", "contract", "over"):
        project.costack("move", SCALED, "--stack", STACK, "--next")
        project.up()
        seen.append(replicas(there, f"odoo-{SCALED}/{SCALED}-web"))
    assert seen[0] == 0
    assert min(seen[1:]) > 0
    changes_nothing(project)


def test_a_tenant_gets_a_namespace_of_its_own(there: Official) -> None:
    """Its files stay where they are: their claim goes from one namespace to the other.

    At first its new volume is another claim's, which is gone: the update fails, and the next one, once the
    volume is free, goes on from there.
    """
    file = there.project.folder / TENANTS / "borealis-migration.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("tier: shared-namespace", "tier: dedicated-db"), encoding="utf-8")
    free = '"claimRef": {"namespace": fact.namespace, "name": name'
    gone = '**({"uid": "gone"} if fact.namespace == "odoo-borealis-migration" else {})'
    with there.project.edited(FILES, f"{free}}}", f"{free}, {gone}}}"):
        said = there.project.up("--suppress-outputs", code=1).text
        assert "PersistentVolume borealis-migration-filestore" in said
        assert "Timeout occurred polling for" in said
        assert there.cluster.client.get(CLAIM).status_code == httpx.codes.NOT_FOUND
    there.project.up()
    assert there.cluster.client.get(CLAIM).json()["status"]["phase"] == "Bound"
    assert replicas(there, "odoo-borealis-migration/borealis-migration-web") > 0
    changes_nothing(there.project)


def test_a_scaled_tenant_is_stopped_for_its_end(there: Official) -> None:
    scale_up(there, 4)
    file = there.project.folder / TENANTS / f"{SCALED}.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "lifecycle_stage: decommissioning\n", encoding="utf-8")
    there.project.up()
    assert replicas(there, f"odoo-{SCALED}/{SCALED}-web") == 0
    assert f"{SCALED}-final-backup" in once(there)
    changes_nothing(there.project)


def test_a_tenant_stays_asleep_through_updates_and_wakes(there: Official) -> None:
    project, web = there.project, "odoo-staging/acme-staging-web"
    file = project.folder / TENANTS / "acme-staging.yaml"
    before = file.read_text(encoding="utf-8")
    file.write_text(before + SCHEDULE, encoding="utf-8")
    project.up()
    scale(there, web, 0)
    changes_nothing(project)
    file.write_text((before + SCHEDULE).replace("odoo-hosting", "odoo-in-house"), encoding="utf-8")
    project.up()
    assert replicas(there, web) == 0
    changes_nothing(project)
    scale(there, web, 1)
    changes_nothing(project)
    scale(there, web, 0)
    file.write_text(before, encoding="utf-8")
    project.up()
    assert replicas(there, web) == 1
    changes_nothing(project)


def scale(there: Official, path: str, pods: int) -> None:
    """What the schedule's CronJob asks the API server for (components/scripts/scale.sh)."""
    namespace, name = path.split("/")
    body: Mapping[str, Any] = {"spec": {"replicas": pods}}
    where = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    there.cluster.client.patch(f"{where}/scale", json=body, headers=MERGE).raise_for_status()
    until(
        lambda: deployment(there.cluster, path)["status"].get("replicas", 0) == pods,
        "the pods did not follow",
    )


def test_what_somebody_scaled_by_hand_is_found_and_set_back(there: Official) -> None:
    scale(there, "odoo-production/acme-web", 3)
    there.project.pulumi("refresh", "--yes", "--skip-preview", "--stack", STACK)
    ((urn, step),) = there.project.preview().items()
    assert urn.endswith("Deployment::acme-web")
    assert list(step["detailedDiff"]) == ["spec.replicas"]
    there.project.up()
    assert replicas(there, "odoo-production/acme-web") == 1
    changes_nothing(there.project)


def test_an_object_that_the_state_lost_is_imported_or_taken_over_as_it_is(
    there: Official, tmp_path: Path
) -> None:
    """A Service is taken over by the update: an import would make the server's address one of its inputs."""
    project = there.project
    policy, service = (
        lost(project, f"kubernetes:{kind}", name)
        for kind, name in (
            ("networking.k8s.io/v1:NetworkPolicy", "acme-from-ingress"),
            ("core/v1:Service", "acme-web"),
        )
    )
    forget(project, tmp_path / "state.json", lambda each: each["urn"] in {policy.urn, service.urn})
    how = ("--protect=false", "--generate-code=false", "--yes", "--skip-preview", "--stack", STACK)
    parent = ("--parent", f"boundary={policy.parent}")
    project.pulumi("import", policy.type, policy.name, f"odoo-production/{policy.name}", *parent, *how)
    project.up()
    changes_nothing(project)
    for each in (policy, service):
        found = lost(project, each.type, each.name)
        assert found.urn == each.urn
        assert found.outputs["metadata"]["uid"] == each.outputs["metadata"]["uid"]


def lost(project: Project, kind: str, name: str) -> Registered:
    (found,) = [each for each in project.registered() if (each.type, each.name) == (kind, name)]
    return found


FIRST_CONSUMER = """
import pulumi
import pulumi_kubernetes as k8s
kind = k8s.storage.v1.StorageClass(
    "kind",
    metadata={"name": "first-consumer"},
    provisioner="pretended.example.com",
    volume_binding_mode="WaitForFirstConsumer",
)
claim = k8s.core.v1.PersistentVolumeClaim(
    "claim",
    metadata={"name": "claim", "namespace": "default"},
    spec={
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": kind.metadata["name"],
        "resources": {"requests": {"storage": "1Gi"}},
    },
)
labels = {"app": "files"}
container = {"name": "files", "image": "files:1", "volumeMounts": [{"name": "files", "mountPath": "/files"}]}
volumes = [{"name": "files", "persistentVolumeClaim": {"claimName": claim.metadata["name"]}}]
k8s.apps.v1.Deployment(
    "files",
    metadata={"name": "files", "namespace": "default"},
    spec={
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container], "volumes": volumes}},
    },
)
pulumi.export("phase", claim.status["phase"])
"""


def test_a_claim_that_waits_for_its_first_pod_is_not_waited_for(there: Official, tmp_path: Path) -> None:
    """No claim of ours does: each names its volume. Those of others are Pending, which is enough."""
    engine = Engine(
        tmp_path, FIRST_CONSUMER, config={"kubernetes:kubeconfig": str(there.cluster.kubeconfig)}, home=home()
    )
    assert engine.up() == {"created": 4}
    assert engine.output()["phase"] == "Pending"
    claim = "/api/v1/namespaces/default/persistentvolumeclaims/claim"
    assert there.cluster.client.get(claim).json()["status"]["phase"] == "Bound"
    assert engine.up() == {"unchanged": 4}
    engine.destroy()


def test_every_claim_of_a_tenant_names_its_volume(there: Official) -> None:
    listed = there.cluster.client.get("/api/v1/persistentvolumeclaims").json()["items"]
    assert len(listed) >= len(local_plan().tenants) - 1
    for each in listed:
        assert each["spec"]["storageClassName"] == "", each["metadata"]["name"]
        assert each["status"]["phase"] == "Bound", each["metadata"]["name"]


def test_destroy_leaves_nothing_in_the_cluster(there: Official) -> None:
    run_at_night(there.cluster, "odoo-production/acme-backup")
    there.project.pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK)
    assert there.project.registered() == []
    for path in ("/apis/apps/v1/deployments", "/apis/batch/v1/jobs", "/apis/networking.k8s.io/v1/ingresses"):
        assert there.cluster.client.get(path).json()["items"] == []
    namespaces = there.cluster.client.get("/api/v1/namespaces").json()["items"]
    assert not [each for each in namespaces if each["metadata"]["name"].startswith("odoo")]
    gone = there.cluster.client.get("/api/v1/namespaces/odoo-production")
    assert gone.status_code == httpx.codes.NOT_FOUND

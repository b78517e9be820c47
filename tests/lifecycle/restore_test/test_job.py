from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes.jobs import command
from components.scripts import script
from lifecycle.restore_test.job import restore_job
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.localcloud.cluster import running_cluster
from tests.portfolios import catalog, local_plan, local_portfolio, plan_of, tenant
from tiers.errors import CatalogError
from tiers.facts.every_fact import LogicalBackup, NodeGroup, ScheduledJob, TenantDatabase
from tiers.inventory import Inventory
from tiers.plan.plan import Plan, facts_of
from tiers.plan.resolve import resolve
from tiers.vocabulary import Isolation

NOW = datetime(2026, 11, 24, 12, 30, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"


def owning() -> list[str]:
    """The tiers whose tenants have a namespace of their own."""
    return sorted(name for name, tier in catalog().tiers.items() if tier.isolation is Isolation.OWN)


def inventory_of(plan: Plan) -> Inventory:
    """The inventory of a plan whose buckets have been made."""
    kept = [fact for each in plan.tenants for fact in facts_of(each.facts, LogicalBackup)]
    ids = {fact.bucket: f"arn:aws:s3:::local-{fact.bucket.replace('/', '-')}" for fact in kept}
    return Inventory(plan=plan, cloud_ids=ids)


def job_of(name: str = "acme", plan: Plan | None = None, **options: Any) -> dict[str, Any]:
    options = {"storage_class": "gp3", **options}
    return restore_job(inventory_of(plan or local_plan()), name, NOW, timeout=HOUR, **options)


def without_class() -> Plan:
    """The local portfolio on a platform that names no storage class for restore tests."""
    local = local_portfolio()
    platform = local.platform.model_copy(update={"restore_tests": None})
    return resolve(catalog(), local.model_copy(update={"platform": platform}))


def containers(job: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The containers by name, in the order in which they run."""
    pod = job["spec"]["template"]["spec"]
    return {each["name"]: each for each in (*pod["initContainers"], *pod["containers"])}


def environment(job: dict[str, Any], container: str = "fetch") -> dict[str, str]:
    return {each["name"]: each["value"] for each in containers(job)[container]["env"]}


def backups() -> dict[str, Declared]:
    """What is declared for every tenant's nightly backup."""
    found = declare_plan(local_plan())
    return {
        each.props["metadata"]["labels"]["app.kubernetes.io/instance"]: each
        for each in found
        if each.type == "kubernetes:batch/v1:CronJob" and each.name.endswith("-backup")
    }


def test_it_runs_as_the_backup_does_for_every_tenant_that_has_one() -> None:
    """Same account, and so the same role; same user, namespace, nodes, labels and cost tags."""
    declared = backups()
    assert len(declared) > 4
    for name, backup in declared.items():
        job, nightly = job_of(name), backup.props["spec"]["jobTemplate"]["spec"]["template"]
        pod, usual = job["spec"]["template"]["spec"], nightly["spec"]
        assert job["metadata"]["namespace"] == backup.props["metadata"]["namespace"]
        assert job["metadata"]["labels"] == job["spec"]["template"]["metadata"]["labels"]
        assert job["metadata"]["labels"] == nightly["metadata"]["labels"]
        same = (
            "priorityClassName",
            "serviceAccountName",
            "securityContext",
            "affinity",
            "tolerations",
            "restartPolicy",
        )
        assert {each: pod.get(each) for each in same} == {each: usual.get(each) for each in same}
        (other,) = usual["containers"]
        alike = ("image", "securityContext", "imagePullPolicy")
        for container in containers(job).values():
            assert {each: container[each] for each in alike} == {each: other[each] for each in alike}
            for what in ("cpu", "memory"):
                for bound in ("requests", "limits"):
                    assert container["resources"][bound][what] == other["resources"][bound][what]
        assert environment(job)["PREFIX"] == name


@pytest.mark.whole("tests/components asks of every quota whether all pods fit")
def test_its_volumes_fit_the_quota_of_a_namespace_of_its_own() -> None:
    """Every claim counts, also one that lives as long as its pod (Kubernetes, Resource Quotas)."""
    plan = plan_of(*(tenant(f"t-{number}", tier=tier) for number, tier in enumerate(owning())))
    found = declare_plan(plan)
    quotas = [each for each in found if each.type == "kubernetes:core/v1:ResourceQuota"]
    assert len(quotas) >= 2
    for quota in quotas:
        where, hard = quota.props["metadata"]["namespace"], quota.props["spec"]["hard"]
        kept = [
            each.props["spec"]
            for each in found
            if each.type == CLAIM and each.props["metadata"]["namespace"] == where
        ]
        job = job_of(quota.labels["cost/tenant"], plan)
        assert job["metadata"]["namespace"] == where
        volumes = job["spec"]["template"]["spec"]["volumes"]
        asked = [each["ephemeral"]["volumeClaimTemplate"]["spec"] for each in volumes if "ephemeral" in each]
        assert len(asked) == 2
        sizes = [int(each["resources"]["requests"]["storage"].removesuffix("Gi")) for each in (*kept, *asked)]
        assert len(sizes) < int(hard["persistentvolumeclaims"])  # a move has one claim more
        assert sum(sizes) < int(hard["requests.storage"].removesuffix("Gi"))


def test_it_has_no_way_to_any_database_and_no_token() -> None:
    job = job_of()
    pod = job["spec"]["template"]["spec"]
    assert [volume["name"] for volume in pod["volumes"]] == [
        "fetched",
        "restored",
        "scratch-fetch",
        "scratch-restore",
        "scratch-report",
    ]
    assert not any({"secret", "persistentVolumeClaim"} & volume.keys() for volume in pod["volumes"])
    assert pod["automountServiceAccountToken"] is False
    for name in containers(job):
        assert not any(each.startswith("PG") for each in environment(job, name))


def test_what_runs_a_dump_has_no_role_and_changes_nothing_that_was_fetched() -> None:
    """The annotation is read by EKS, which mounts the role's token into all other containers of the pod."""
    job = job_of()
    annotations = job["spec"]["template"]["metadata"]["annotations"]
    assert annotations == {"eks.amazonaws.com/skip-containers": "restore"}
    assert list(containers(job)) == ["fetch", "restore", "report"]
    writes = {
        name: {each["mountPath"] for each in container["volumeMounts"] if not each.get("readOnly")}
        for name, container in containers(job).items()
    }
    assert writes == {
        "fetch": {"/fetched", "/tmp"},
        "restore": {"/restored", "/tmp"},
        "report": {"/fetched", "/tmp"},
    }
    scratch = [each["volumeMounts"][-1]["name"] for each in containers(job).values()]
    assert len(set(scratch)) == 3
    assert environment(job, "restore").keys() == {
        "COUNT",
        "FETCHED",
        "HOME",
        "MEASURE_SQL",
        "NEWEST_SQL",
        "RESTORED",
        "SAMPLE",
        "SEQUENCES_SQL",
    }


def test_they_run_the_scripts_with_all_that_they_read() -> None:
    job = job_of(backup="2026-11-24T01:15:00Z")
    scripts = {
        "fetch": "restore_test_fetch.sh",
        "restore": "restore_test.sh",
        "report": "restore_test_report.sh",
    }
    for name, container in containers(job).items():
        assert container["command"] == command(script(scripts[name]))["command"]
        env = environment(job, name)
        mounts = {each["mountPath"] for each in container["volumeMounts"]}
        assert mounts == {env[each] for each in ("FETCHED", "RESTORED", "HOME") if each in env}
        assert len(shlex.join(container["command"])) + sum(map(len, env.values())) < 100_000
        used = set(re.findall(r"\$\{?([A-Z][A-Z_]+)\b", script(scripts[name])))
        optional = {"ASKED_FOR", "BACKUP", "KEEP_RESULT", "KEEP_SERVER", "LAST", "NOT_AFTER", "RESULTS"}
        own = {*optional, "PATH", "PGHOST", "PGUSER", "PGDATABASE", "SECONDS"}
        assert used - own <= env.keys()
    env = environment(job)
    assert env["BUCKET"] == "local-platform-backup-bucket"
    assert env["BACKUP"] == "2026-11-24T01:15:00Z"
    inside = environment(job, "restore")
    for name, text in (("MEASURE_SQL", "measure.sql"), ("SEQUENCES_SQL", "sequences.sql")):
        assert inside[name] == script(text)
    assert inside["COUNT"] == script("restored_counts.sh")
    assert environment(job_of())["BACKUP"] == ""


def test_a_backup_that_failed_its_test_is_not_tested_twice_and_a_job_does_not_stay() -> None:
    job = job_of()
    assert job["metadata"]["name"] == "acme-restore-test-20261124123005"
    spec = job["spec"]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (0, 3600)
    assert job == job_of()


def test_volumes_are_gone_before_the_next_test_needs_their_place_in_the_quota() -> None:
    """A quota has room for the volumes of one test, and a scheduled one may come a day later."""
    assert job_of()["spec"]["ttlSecondsAfterFinished"] == 4 * 3600
    assert job_of(storage_class=None)["spec"]["ttlSecondsAfterFinished"] == 7 * 24 * 3600


def test_it_may_take_as_long_as_the_scheduled_test_of_the_same_data() -> None:
    plan = local_plan()
    (run,) = [each for each in facts_of(plan.tenants[0].facts, ScheduledJob) if each.restore_test]
    assert run.restore_test is not None
    minutes = run.restore_test.deadline_minutes
    assert minutes == 60 + 2 * 5
    job = restore_job(inventory_of(plan), "acme", NOW)
    assert job["spec"]["activeDeadlineSeconds"] == minutes * 60


def test_the_room_is_that_of_the_database_with_its_indexes() -> None:
    (database,) = facts_of(local_plan().tenants[0].facts, TenantDatabase)
    assert database.storage_gib == 5
    job = job_of(storage_class=None)
    fetched, restored = job["spec"]["template"]["spec"]["volumes"][:2]
    assert fetched["emptyDir"]["sizeLimit"] == "6Gi"  # 5 for the dump + 1 for a folder of files
    assert restored["emptyDir"]["sizeLimit"] == "9Gi"  # 2 + 5 + 2 for indexes
    for container in containers(job).values():
        for bound in ("requests", "limits"):
            assert container["resources"][bound]["ephemeral-storage"] == "16Gi"


def test_a_volume_of_its_own_goes_with_the_pod() -> None:
    pod = job_of("meridian", storage_class="gp3")["spec"]["template"]["spec"]
    claims = [each["ephemeral"]["volumeClaimTemplate"]["spec"] for each in pod["volumes"][:2]]
    assert {each["storageClassName"] for each in claims} == {"gp3"}
    assert [each["resources"]["requests"]["storage"] for each in claims] == ["51Gi", "65Gi"]
    assert pod["containers"][0]["resources"]["limits"]["ephemeral-storage"] == "1Gi"


def test_a_database_too_large_for_a_node_is_reported_before_anything_is_made() -> None:
    (disk,) = {fact.volume_gib for fact in local_plan().all_facts() if isinstance(fact, NodeGroup)}
    assert disk == 50
    with pytest.raises(
        CatalogError, match=r"'meridian': a restore needs 116 GiB and a node's disk has 50 GiB; choose"
    ):
        job_of("meridian", without_class(), storage_class=None)
    # What the schedule restores into, the command does, too.
    volumes = job_of("meridian", storage_class=None)["spec"]["template"]["spec"]["volumes"]
    classes = [each["ephemeral"]["volumeClaimTemplate"]["spec"]["storageClassName"] for each in volumes[:2]]
    assert classes == ["gp3", "gp3"]


def test_who_has_no_backup_has_nothing_to_restore() -> None:
    with pytest.raises(CatalogError, match="tenant 'nobody' is not in the inventory; there are acme, "):
        job_of("nobody")
    with pytest.raises(
        CatalogError, match="'borealis-migration': migration in tier 'shared-namespace' has no"
    ):
        job_of("borealis-migration")
    with pytest.raises(
        CatalogError, match="no ARN for its bucket, 'platform/backup-bucket'; has `pulumi up`"
    ):
        restore_job(Inventory(plan=local_plan(), cloud_ids={}), "acme", NOW, timeout=HOUR)


@pytest.mark.whole("tests/localcloud/kubernetes admits pods that are restricted alike")
@pytest.mark.cluster
def test_a_real_api_server_takes_the_job_and_a_restricted_namespace_its_pod(tmp_path: Path) -> None:
    with running_cluster(tmp_path) as cluster:
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        namespace = {"metadata": {"name": "odoo-production", "labels": labels}}
        assert cluster.client.post("/api/v1/namespaces", json=namespace).status_code == 201
        classes = [each.props for each in declare_plan(local_plan()) if each.type.endswith(":PriorityClass")]
        for each in classes:
            cluster.client.post("/apis/scheduling.k8s.io/v1/priorityclasses", json=each).raise_for_status()
        for job in (job_of(storage_class=None), job_of(storage_class="gp3")):
            jobs = "/apis/batch/v1/namespaces/odoo-production/jobs?dryRun=All&fieldValidation=Strict"
            made = cluster.client.post(jobs, json=job)
            assert made.status_code == 201, made.text
            assert "warning" not in made.headers
            pod = {"metadata": {"generateName": "p-"}, "spec": job["spec"]["template"]["spec"]}
            made = cluster.client.post("/api/v1/namespaces/odoo-production/pods?dryRun=All", json=pod)
            assert made.status_code == 201, made.text


def test_a_long_name_fits() -> None:
    long = "a" * 30
    job = job_of(long, plan_of(tenant(long)))
    assert len(job["metadata"]["name"]) <= 63

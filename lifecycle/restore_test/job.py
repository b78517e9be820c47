"""A restore test: the Kubernetes Job that restores a tenant's backup and checks it.

The Job runs like the tenant's backup: in its namespace, with its account, on its nodes. It needs no
database server, because the server it restores into runs in its own pod.

A dump is what a tenant's database says, and to restore it is to run it. So three containers follow each
other: `fetch` and `report` have the backup's role, `restore` has none and cannot change what was fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from components.scripts import SAMPLE, script
from lifecycle.restore_test.result import STEP
from tiers.errors import CatalogError
from tiers.facts.copies import fetched_gib, restored_gib
from tiers.facts.every_fact import (
    ComputeRequest,
    FileShare,
    LogicalBackup,
    NodeGroup,
    ScheduledJob,
    TenantDatabase,
)
from tiers.inventory import Inventory
from tiers.plan.plan import TenantPlan, facts_of
from tiers.vocabulary import CostDomain

Manifest = dict[str, Any]
"""A part of a Kubernetes object, with the field names of the Kubernetes API."""

FETCH: Final = "fetch"
RESTORE: Final = "restore"
REPORT: Final = "report"
"""The container whose log ends with the result."""
FETCHED: Final = "/fetched"
RESTORED: Final = "/restored"
# EKS gives the other containers of the pod the role's token, and this one neither its variables nor its mount
# (aws/amazon-eks-pod-identity-webhook, pkg/handler/handler.go at 3bf80a3, for both kinds of roles).
_WITHOUT_ROLE: Final = {"eks.amazonaws.com/skip-containers": RESTORE}
_SCRATCH_DIRECTORY: Final = "/tmp"  # noqa: S108 - an emptyDir of the pod's own
_KEPT_FINISHED: Final = timedelta(days=7)
_ARN_OF_BUCKET: Final = ":::"
_DEDICATED_TO: Final = "costack/dedicated-to"
_BESIDE_GIB: Final = 1


def restore_job(
    inventory: Inventory,
    tenant: str,
    at: datetime,
    *,
    timeout: timedelta,
    backup: str | None = None,
    storage_class: str | None = None,
) -> Manifest:
    """The Job that tests a backup of *tenant*.

    Args:
        inventory: The deployed inventory, which has the bucket's name.
        tenant: The tenant.
        at: The time of the request; it is part of the name.
        timeout: The time after which Kubernetes ends it.
        backup: The backup, by the time it was taken; by default the newest complete one.
        storage_class: Storage class of a volume to restore into, for a database too large for a node's disk.

    Raises:
        CatalogError: When there is no such tenant, it has no backups, or its nodes are too small.
    """
    plan = _plan_of(inventory, tenant)
    kept, run = _backup_of(plan)
    sizes = _room(plan)
    size = sum(sizes.values())
    if storage_class is None:
        _refuse_too_large(inventory, run, size)
    there = {**_bucket(inventory, kept), "OWNER": plan.owner, "BACKUP": backup or ""}
    containers = _containers(run, there, _disk(0 if storage_class else size))
    volumes = [{"name": place.strip("/"), **_volume(each, storage_class)} for place, each in sizes.items()]
    labels = _labels(plan)
    pod = {
        "metadata": {"labels": labels, "annotations": _WITHOUT_ROLE},
        "spec": _pod(run, containers, volumes),
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{tenant}-{STEP}-{at:%Y%m%d%H%M%S}",
            "namespace": run.namespace,
            "labels": labels,
        },
        "spec": {
            "backoffLimit": 0,  # a second run of a failed test fails, too
            "activeDeadlineSeconds": int(timeout.total_seconds()),
            "ttlSecondsAfterFinished": int(_KEPT_FINISHED.total_seconds()),
            "template": pod,
        },
    }


def _plan_of(inventory: Inventory, tenant: str) -> TenantPlan:
    found = inventory.plan.tenant(tenant)
    if found is None:
        known = ", ".join(plan.tenant for plan in inventory.plan.tenants)
        raise CatalogError(f"tenant '{tenant}' is not in the inventory; there are {known or 'none'}")
    return found


def _backup_of(plan: TenantPlan) -> tuple[LogicalBackup, ScheduledJob]:
    kept = facts_of(plan.facts, LogicalBackup)
    runs = [job for job in facts_of(plan.facts, ScheduledJob) if job.name == "backup"]
    if not kept or not runs:
        raise CatalogError(
            f"tenant '{plan.tenant}': {plan.environment} in tier '{plan.tier}' has no backups to restore"
        )
    return kept[0], runs[0]


def _room(plan: TenantPlan) -> Mapping[str, int]:
    """The size in GiB of each volume, by where it is mounted."""
    data = sum(fact.storage_gib for fact in facts_of(plan.facts, TenantDatabase))
    files = sum(fact.storage_gib for fact in facts_of(plan.facts, FileShare) if fact.mounted)
    return {FETCHED: fetched_gib(data, files), RESTORED: restored_gib(data)}


def _refuse_too_large(inventory: Inventory, run: ScheduledJob, size: int) -> None:
    groups = [fact for fact in inventory.plan.all_facts() if isinstance(fact, NodeGroup)]
    mine = [fact for fact in groups if (fact.id == run.nodes if run.nodes else fact.tenant is None)]
    largest = max((fact.volume_gib for fact in mine), default=size + 1)
    if size >= largest:
        raise CatalogError(
            f"tenant '{run.tenant}': a restore needs {size} GiB and a node's disk has {largest} GiB; "
            "choose a storage class for temporary volumes with --storage-class"
        )


def _labels(plan: TenantPlan) -> dict[str, str]:
    """The labels of a backup, which may reach the bucket, and the cost tags."""
    return {
        "app.kubernetes.io/name": "odoo",
        "app.kubernetes.io/instance": plan.tenant,
        "app.kubernetes.io/component": "backup",
        **plan.cost_tags(CostDomain.RESILIENCE).as_tags(),
    }


def _bucket(inventory: Inventory, kept: LogicalBackup) -> dict[str, str]:
    """Where the tenant's backups lie."""
    arn = inventory.cloud_ids.get(kept.bucket, "")
    _, found, bucket = arn.partition(_ARN_OF_BUCKET)
    if not found:
        raise CatalogError(
            f"tenant '{kept.tenant}': the inventory has no ARN for its bucket, '{kept.bucket}'; "
            "has `pulumi up` finished on this stack?"
        )
    return {"TENANT": str(kept.tenant), "BUCKET": bucket, "PREFIX": kept.prefix}


def _containers(run: ScheduledJob, there: Mapping[str, str], disk: str) -> list[Manifest]:
    """In the order in which they run; each starts when the one before it has ended well."""
    asked = {
        "SAMPLE": str(SAMPLE),
        "COUNT": script("restored_counts.sh"),
        "MEASURE_SQL": script("measure.sql"),
        "SEQUENCES_SQL": script("sequences.sql"),
    }
    steps: tuple[tuple[str, str, Mapping[str, str], Mapping[str, bool]], ...] = (
        (FETCH, "restore_test_fetch.sh", there, {FETCHED: True}),
        (RESTORE, "restore_test.sh", asked, {FETCHED: False, RESTORED: True}),
        (REPORT, "restore_test_report.sh", there, {FETCHED: True, RESTORED: False}),
    )
    return [
        _container(run, name, runs, environment=environment, places=places, disk=disk)
        for name, runs, environment, places in steps
    ]


def _container(
    run: ScheduledJob,
    name: str,
    runs: str,
    *,
    environment: Mapping[str, str],
    places: Mapping[str, bool],
    disk: str,
) -> Manifest:
    """A container of the operations image; *places* says of each volume whether it may write there."""
    known = {place.strip("/").upper(): place for place in places}
    variables = {"HOME": _SCRATCH_DIRECTORY, **known, **environment}
    return {
        "name": name,
        "image": run.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/bash", "-euo", "pipefail", "-c", script(runs)],
        "env": [{"name": each, "value": value} for each, value in variables.items()],
        "resources": _resources(run.compute, disk),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            *(
                {"name": place.strip("/"), "mountPath": place, "readOnly": not writes}
                for place, writes in places.items()
            ),
            {"name": _scratch(name), "mountPath": _SCRATCH_DIRECTORY},
        ],
    }


def _resources(compute: ComputeRequest, disk: str) -> Manifest:
    return {
        "requests": {
            "cpu": f"{compute.cpu_request_millicores}m",
            "memory": f"{compute.memory_request_mib}Mi",
            "ephemeral-storage": disk,
        },
        "limits": {
            "cpu": f"{compute.cpu_limit_millicores}m",
            "memory": f"{compute.memory_limit_mib}Mi",
            "ephemeral-storage": disk,
        },
    }


def _disk(size: int) -> str:
    """Disk of the node: the kubelet counts the volume, the scratch directory and the logs together."""
    return f"{size + _BESIDE_GIB}Gi"


def _scratch(container: str) -> str:
    """Each has its own: what the restore leaves in a shared one would be read by the report's tools."""
    return f"scratch-{container}"


def _pod(run: ScheduledJob, containers: list[Manifest], volumes: list[Manifest]) -> Manifest:
    scratch = [{"name": _scratch(each["name"]), "emptyDir": {"sizeLimit": "1Gi"}} for each in containers]
    return {
        "restartPolicy": "Never",
        "serviceAccountName": f"{run.tenant}-{run.name}",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": run.run_as_user,
            "runAsGroup": run.run_as_group,
            "fsGroup": run.run_as_group,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": containers[:-1],
        "containers": containers[-1:],
        "volumes": [*volumes, *scratch],
        **({"priorityClassName": run.priority_class} if run.priority_class else {}),
        **_placement(run),
    }


def _volume(size: int, storage_class: str | None) -> Manifest:
    """A volume on the node's disk, or one that is created and deleted with the pod."""
    if storage_class is None:
        return {"emptyDir": {"sizeLimit": f"{size}Gi"}}
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": storage_class,
        "resources": {"requests": {"storage": f"{size}Gi"}},
    }
    return {"ephemeral": {"volumeClaimTemplate": {"spec": claim}}}


def _placement(run: ScheduledJob) -> Manifest:
    if run.nodes is None:
        return {}
    expression = {"key": _DEDICATED_TO, "operator": "In", "values": [run.tenant]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    return {
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}},
        "tolerations": [
            {"key": _DEDICATED_TO, "operator": "Equal", "value": run.tenant, "effect": "NoSchedule"}
        ],
    }

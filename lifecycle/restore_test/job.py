"""A restore test: the Kubernetes Job that restores a tenant's backup and checks it.

The Job runs like the tenant's backup: in its namespace, with its account, on its nodes. It needs no
database server, because the server it restores into runs in its own pod.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from components.scripts import script
from lifecycle.restore_test.result import STEP
from tiers.errors import CatalogError
from tiers.facts.every_fact import FileShare, LogicalBackup, NodeGroup, ScheduledJob, TenantDatabase
from tiers.inventory import Inventory
from tiers.plan.plan import TenantPlan, facts_of
from tiers.vocabulary import CostDomain

Manifest = dict[str, Any]
"""A part of a Kubernetes object, with the field names of the Kubernetes API."""

SAMPLE: Final = 1000
"""How many files are read and hashed; all of them if there are fewer."""
DATA_DIRECTORY: Final = "/restore"
_SCRATCH_DIRECTORY: Final = "/tmp"  # noqa: S108 - an emptyDir of the pod's own
_KEPT_FINISHED: Final = timedelta(days=7)
_ARN_OF_BUCKET: Final = ":::"
_DEDICATED_TO: Final = "costack/dedicated-to"
# The write-ahead log and catalogs of an empty server; the filestore has 256 folders.
_SERVER_GIB: Final = 2
_FOLDERS: Final = 256
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
    size = _gib(plan)
    if storage_class is None:
        _refuse_too_large(inventory, run, size)
    environment = {**_environment(inventory, kept, backup), "OWNER": plan.owner}
    container = _container(run, environment, _disk(0 if storage_class else size))
    labels = _labels(plan)
    pod = {"metadata": {"labels": labels}, "spec": _pod(run, container, _volume(size, storage_class))}
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
    for plan in inventory.plan.tenants:
        if plan.tenant == tenant:
            return plan
    known = ", ".join(plan.tenant for plan in inventory.plan.tenants)
    raise CatalogError(f"tenant '{tenant}' is not in the inventory; there are {known or 'none'}")


def _backup_of(plan: TenantPlan) -> tuple[LogicalBackup, ScheduledJob]:
    kept = facts_of(plan.facts, LogicalBackup)
    runs = [job for job in facts_of(plan.facts, ScheduledJob) if job.name == "backup"]
    if not kept or not runs:
        raise CatalogError(
            f"tenant '{plan.tenant}': {plan.environment} in tier '{plan.tier}' has no backups to restore"
        )
    return kept[0], runs[0]


def _gib(plan: TenantPlan) -> int:
    """Space for the database with rebuilt indexes, and for one folder of the filestore at a time."""
    data = sum(fact.storage_gib for fact in facts_of(plan.facts, TenantDatabase))
    files = sum(fact.storage_gib for fact in facts_of(plan.facts, FileShare) if fact.mounted)
    return _SERVER_GIB + data + -(-data // 4) + -(-files // _FOLDERS)


def _refuse_too_large(inventory: Inventory, run: ScheduledJob, size: int) -> None:
    groups = [fact for fact in inventory.plan.all_facts() if isinstance(fact, NodeGroup)]
    mine = [fact for fact in groups if (fact.id == run.nodes if run.nodes else fact.tenant is None)]
    largest = max((fact.volume_gib for fact in mine), default=size + 1)
    if size >= largest:
        raise CatalogError(
            f"tenant '{run.tenant}': a restore needs {size} GiB and a node's disk has {largest} GiB; "
            "choose a storage class for a temporary volume with --storage-class"
        )


def _labels(plan: TenantPlan) -> dict[str, str]:
    """The labels of a backup, which may reach the bucket, and the cost tags."""
    return {
        "app.kubernetes.io/name": "odoo",
        "app.kubernetes.io/instance": plan.tenant,
        "app.kubernetes.io/component": "backup",
        **plan.cost_tags(CostDomain.RESILIENCE).as_tags(),
    }


def _environment(inventory: Inventory, kept: LogicalBackup, backup: str | None) -> dict[str, str]:
    arn = inventory.cloud_ids.get(kept.bucket, "")
    _, found, bucket = arn.partition(_ARN_OF_BUCKET)
    if not found:
        raise CatalogError(
            f"tenant '{kept.tenant}': the inventory has no ARN for its bucket, '{kept.bucket}'; "
            "has `pulumi up` finished on this stack?"
        )
    return {
        "HOME": _SCRATCH_DIRECTORY,
        "TENANT": str(kept.tenant),
        "BUCKET": bucket,
        "PREFIX": kept.prefix,
        "BACKUP": backup or "",
        "DATA": DATA_DIRECTORY,
        "SAMPLE": str(SAMPLE),
        "MEASURE_SQL": script("measure.sql"),
        "SEQUENCES_SQL": script("sequences.sql"),
    }


def _container(run: ScheduledJob, environment: Mapping[str, str], disk: str) -> Manifest:
    compute = run.compute
    return {
        "name": STEP,
        "image": run.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/bash", "-euo", "pipefail", "-c", script("restore_test.sh")],
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "resources": {
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
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "restore", "mountPath": DATA_DIRECTORY},
            {"name": "scratch", "mountPath": _SCRATCH_DIRECTORY},
        ],
    }


def _disk(size: int) -> str:
    """Disk of the node: the kubelet counts the volume, the scratch directory and the logs together."""
    return f"{size + _BESIDE_GIB}Gi"


def _pod(run: ScheduledJob, container: Manifest, volume: Manifest) -> Manifest:
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
        "containers": [container],
        "volumes": [{"name": "restore", **volume}, {"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}}],
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

"""The pod of a restore test: of the scheduled one, and of the one that `costack restore-test` starts.

It runs like the tenant's backup: in its namespace, with its account, on its nodes. It needs no database
server, because the server it restores into runs in its own pod.

A dump is what a tenant's database says, and to restore it is to run it. So three containers follow each
other: `fetch` and `report` have the backup's role, `restore` has none and cannot change what was fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from components.placement import placement
from components.scripts import SAMPLE, script
from tiers.facts.every_fact import ComputeRequest, ScheduledJob
from tiers.facts.names import BACKUP

Manifest = dict[str, Any]
"""A part of a Kubernetes object, with the field names of the Kubernetes API."""

NAME: Final = "restore-test"
"""The suffix of the CronJob's name, and of its Jobs'."""
FETCH: Final = "fetch"
RESTORE: Final = "restore"
REPORT: Final = "report"
"""The container whose log ends with the result."""
FETCHED: Final = "/fetched"
RESTORED: Final = "/restored"
# EKS gives the other containers of the pod the role's token, and this one neither its variables nor its mount
# (aws/amazon-eks-pod-identity-webhook, pkg/handler/handler.go at 3bf80a3, for both kinds of roles).
WITHOUT_ROLE: Final = {"eks.amazonaws.com/skip-containers": RESTORE}
"""Annotations of the pod."""
_SCRATCH_DIRECTORY: Final = "/tmp"  # noqa: S108 - an emptyDir of the pod's own
_BESIDE_GIB: Final = 1


def pod_spec(
    run: ScheduledJob, where: Mapping[str, Any], sizes: Mapping[str, int], storage_class: str | None
) -> Manifest:
    """The pod that restores a backup and checks it.

    Args:
        run: The job whose image, size and place it has.
        where: What says where the backups lie and whose they must be: TENANT, OWNER, BUCKET, PREFIX, BACKUP.
        sizes: The size in GiB of each volume, by where it is mounted.
        storage_class: The class of volumes to restore into; None for the node's own disk.
    """
    disk = node_disk(0 if storage_class else sum(sizes.values()))
    containers = _containers(run, where, disk)
    volumes = [{"name": place.strip("/"), **volume(size, storage_class)} for place, size in sizes.items()]
    scratch = [{"name": scratch_of(each["name"]), "emptyDir": {"sizeLimit": "1Gi"}} for each in containers]
    return {
        **unprivileged(run, f"{run.tenant}-{BACKUP}"),
        "initContainers": containers[:-1],
        "containers": containers[-1:],
        "volumes": [*volumes, *scratch],
        **({"priorityClassName": run.priority_class} if run.priority_class else {}),
        **placement(run),
    }


def unprivileged(run: ScheduledJob, account: str) -> Manifest:
    """The first fields of a pod that runs once as the users of *run*, with the account *account*."""
    return {
        "restartPolicy": "Never",
        "serviceAccountName": account,
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
    }


def _containers(run: ScheduledJob, there: Mapping[str, Any], disk: str) -> list[Manifest]:
    """In the order in which they run; each starts when the one before it has ended well."""
    asked = counting()
    steps: tuple[tuple[str, str, Mapping[str, Any], Mapping[str, bool]], ...] = (
        (FETCH, "restore_test_fetch.sh", there, {FETCHED: True}),
        (RESTORE, "restore_test.sh", asked, {FETCHED: False, RESTORED: True}),
        (REPORT, "restore_test_report.sh", there, {FETCHED: True, RESTORED: False}),
    )
    return [
        container(run, name, runs, environment=environment, places=places, disk=disk)
        for name, runs, environment, places in steps
    ]


def counting() -> dict[str, str]:
    """The environment of a container that restores and counts."""
    return {
        "SAMPLE": str(SAMPLE),
        "COUNT": script("restored_counts.sh"),
        "MEASURE_SQL": script("measure.sql"),
        "SEQUENCES_SQL": script("sequences.sql"),
        "NEWEST_SQL": script("newest.sql"),
    }


def container(
    run: ScheduledJob,
    name: str,
    runs: str,
    *,
    environment: Mapping[str, Any],
    places: Mapping[str, bool],
    disk: str,
) -> Manifest:
    """A container of the operations image; *places* says of each volume whether it may write there.

    A volume is called by its place, and what the place is to be called in the script: `/fetched` is FETCHED.
    """
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
            {"name": scratch_of(name), "mountPath": _SCRATCH_DIRECTORY},
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


def node_disk(size: int) -> str:
    """Disk of the node: the kubelet counts the volume, the scratch directory and the logs together."""
    return f"{size + _BESIDE_GIB}Gi"


def scratch_of(container: str) -> str:
    """Each has its own: what the restore leaves in a shared one would be read by the report's tools."""
    return f"scratch-{container}"


def volume(size: int, storage_class: str | None) -> Manifest:
    """A volume on the node's disk, or one that is created and deleted with the pod."""
    if storage_class is None:
        return {"emptyDir": {"sizeLimit": f"{size}Gi"}}
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": storage_class,
        "resources": {"requests": {"storage": f"{size}Gi"}},
    }
    return {"ephemeral": {"volumeClaimTemplate": {"spec": claim}}}

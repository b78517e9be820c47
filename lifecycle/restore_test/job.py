"""The Kubernetes Job that `costack restore-test` starts: the pod of a scheduled restore test, at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from components.restore_test import FETCH, FETCHED, REPORT, RESTORE, RESTORED, WITHOUT_ROLE, pod_spec
from lifecycle.restore_test.result import STEP
from tiers.errors import CatalogError
from tiers.facts.compute import RestoreRoom
from tiers.facts.copies import (
    KEPT_WITH_VOLUMES_MINUTES,
    LEAST_DEADLINE_MINUTES,
    fetched_gib,
    restored_gib,
)
from tiers.facts.every_fact import FileShare, LogicalBackup, NodeGroup, ScheduledJob, TenantDatabase
from tiers.facts.names import BACKUP
from tiers.inventory import Inventory
from tiers.plan.plan import TenantPlan, facts_of
from tiers.vocabulary import CostDomain

__all__ = ("FETCH", "REPORT", "RESTORE", "restore_job")

Manifest = dict[str, Any]
"""A part of a Kubernetes object, with the field names of the Kubernetes API."""

_KEPT: Final = timedelta(days=7)
_KEPT_WITH_VOLUMES: Final = timedelta(minutes=KEPT_WITH_VOLUMES_MINUTES)
_ARN_OF_BUCKET: Final = ":::"


def restore_job(
    inventory: Inventory,
    tenant: str,
    at: datetime,
    *,
    timeout: timedelta | None = None,
    backup: str | None = None,
    storage_class: str | None = None,
) -> Manifest:
    """The Job that tests a backup of *tenant*.

    Args:
        inventory: The deployed inventory, which has the bucket's name.
        tenant: The tenant.
        at: The time of the request; it is part of the name.
        timeout: The time after which Kubernetes ends it; by default that of its scheduled test.
        backup: The backup, by the time it was taken; by default the newest complete one.
        storage_class: Storage class of a volume to restore into, for a database too large for a node's disk;
            by default the one of its scheduled test.

    Raises:
        CatalogError: When there is no such tenant, it has no backups, or its nodes are too small.
    """
    plan = _plan_of(inventory, tenant)
    kept, run = _backup_of(plan)
    sizes = _room(plan)
    scheduled = _scheduled(plan)
    storage_class = storage_class or (scheduled.storage_class if scheduled else None)
    if timeout is None:
        timeout = timedelta(minutes=scheduled.deadline_minutes if scheduled else LEAST_DEADLINE_MINUTES)
    if storage_class is None:
        _refuse_too_large(inventory, run, sum(sizes.values()))
    there = {**_bucket(inventory, kept), "OWNER": plan.owner, "BACKUP": backup or ""}
    labels = _labels(plan)
    pod = {
        "metadata": {"labels": labels, "annotations": WITHOUT_ROLE},
        "spec": pod_spec(run, there, sizes, storage_class),
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
            "ttlSecondsAfterFinished": int((_KEPT_WITH_VOLUMES if storage_class else _KEPT).total_seconds()),
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
    runs = [job for job in facts_of(plan.facts, ScheduledJob) if job.name == BACKUP]
    if not kept or not runs:
        raise CatalogError(
            f"tenant '{plan.tenant}': {plan.environment} in tier '{plan.tier}' has no backups to restore"
        )
    return kept[0], runs[0]


def _scheduled(plan: TenantPlan) -> RestoreRoom | None:
    return next((job.restore_test for job in facts_of(plan.facts, ScheduledJob) if job.restore_test), None)


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
        "app.kubernetes.io/component": BACKUP,
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

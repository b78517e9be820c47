"""What a rehearsal makes in a cluster: one scratch namespace, and everything of it within.

Whatever becomes of the command that made it, nothing lasts: Kubernetes ends the Job at its deadline, its
volumes go with its pod, and the namespace, which costs nothing, is what the next rehearsal removes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from components.rehearsal import (
    BRING,
    DATABASE,
    FETCH,
    FETCHED,
    FILES,
    ODOO,
    PATIENCE_SECONDS,
    REPORT,
    RESTORE,
    RESTORED,
    WITHOUT_ROLE,
    pod_spec,
    traffic,
)
from lifecycle.rehearsal.due import UNSAID, is_unsaid
from tiers.errors import CatalogError
from tiers.facts.copies import LEAST_DEADLINE_MINUTES, fetched_gib, restored_gib
from tiers.facts.every_fact import (
    FileShare,
    Namespace,
    Rehearsal,
    ScheduledJob,
    TenantDatabase,
    Workload,
)
from tiers.facts.names import BACKUP
from tiers.inventory import Inventory
from tiers.plan.plan import TenantPlan, facts_of
from tiers.vocabulary import CostDomain

__all__ = ("BRING", "DATABASE", "FETCH", "ODOO", "REPORT", "RESTORE", "Scratch", "scratch_of")

Manifest = dict[str, Any]
"""A part of a Kubernetes object, with the field names of the Kubernetes API."""

MARK: Final = "costack/rehearsal"
"""The label of a namespace that a rehearsal made; its value is the tenant."""
ASKED_AT: Final = "costack/asked-at"
"""The annotation of that namespace that says when."""
_MINUTES_PER_GIB: Final = 3
_TTL_SECONDS: Final = 4 * 60 * 60
_ARN_OF_BUCKET: Final = ":::"


class Scratch(NamedTuple):
    """The namespace, what stands in it before the Job, and the Job."""

    namespace: Manifest
    before: tuple[Manifest, ...]
    job: Manifest

    @property
    def items(self) -> tuple[Manifest, ...]:
        """All of it, in the order in which it is made."""
        return (self.namespace, *self.before, self.job)


def fact_of(plan: TenantPlan, region: str) -> Rehearsal:
    """What of *plan* can be rehearsed in *region*.

    Raises:
        CatalogError: When nothing can, or not there.
    """
    facts = facts_of(plan.facts, Rehearsal)
    if is_unsaid(plan):
        raise CatalogError(f"tenant '{plan.tenant}': {UNSAID}")
    if not facts:
        raise CatalogError(
            f"tenant '{plan.tenant}': {plan.environment} in tier '{plan.tier}' has no copies in a second "
            "region to come back from; a tier with region_copies has"
        )
    if facts[0].region != region:
        raise CatalogError(f"--to {region}: the copies of tenant '{plan.tenant}' are in {facts[0].region}")
    return facts[0]


def scratch_of(
    inventory: Inventory,
    plan: TenantPlan,
    fact: Rehearsal,
    asked: datetime,
    *,
    timeout: timedelta | None = None,
    storage_class: str | None = None,
    standby_lag: int | None = None,
) -> Scratch:
    """What is made to rehearse the recovery of a tenant.

    Args:
        inventory: The deployed inventory, which has the name of the bucket of copies.
        plan: The tenant.
        fact: What of it is rehearsed, and where.
        asked: When the command began, in UTC: measured times begin there.
        timeout: The time after which Kubernetes ends it.
        storage_class: Storage class of volumes to restore into, for what is too large for a node's disk.
        standby_lag: How many seconds the standby is behind; None without one, or where nobody knows.

    Raises:
        CatalogError: When the inventory does not know the bucket, or the tenant runs no Odoo.
    """
    labels = {
        "app.kubernetes.io/name": "odoo",
        "app.kubernetes.io/instance": plan.tenant,
        "app.kubernetes.io/component": "rehearsal",
        **plan.cost_tags(CostDomain.RESILIENCE).model_copy(update={"region": fact.region}).as_tags(),
    }
    inside = {"namespace": fact.namespace, "labels": labels}
    run, sizes = _backup_of(plan), _room(plan)
    deadline = timeout or timedelta(
        minutes=LEAST_DEADLINE_MINUTES + _MINUTES_PER_GIB * sum(sizes.values()), seconds=PATIENCE_SECONDS
    )
    pod = pod_spec(
        run,
        _odoo_of(plan),
        {**_copies(inventory, plan, fact), **_asked(asked, standby_lag)},
        sizes,
        account=fact.service_account,
        storage_class=storage_class,
    )
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": fact.service_account, **inside},
        "automountServiceAccountToken": False,
    }
    before = (account, _policy(plan, inside))
    return Scratch(_namespace(plan, fact, labels, asked), before, _job(plan, inside, deadline, pod))


def _job(plan: TenantPlan, inside: Mapping[str, Any], deadline: timedelta, pod: Manifest) -> Manifest:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"{plan.tenant}-rehearsal", **inside},
        "spec": {
            "backoffLimit": 0,  # a second run of a failed one fails, too, and nobody would measure it
            "activeDeadlineSeconds": int(deadline.total_seconds()),
            "ttlSecondsAfterFinished": _TTL_SECONDS,
            "template": {
                "metadata": {"labels": inside["labels"], "annotations": WITHOUT_ROLE},
                "spec": pod,
            },
        },
    }


def _asked(asked: datetime, standby_lag: int | None) -> dict[str, str]:
    return {
        "ASKED": str(int(asked.timestamp())),
        "STANDBY_LAG": "" if standby_lag is None else str(standby_lag),
    }


def _namespace(plan: TenantPlan, fact: Rehearsal, labels: Mapping[str, str], asked: datetime) -> Manifest:
    security = {f"pod-security.kubernetes.io/{each}": "restricted" for each in ("enforce", "audit", "warn")}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": fact.namespace,
            "labels": {**labels, **security, MARK: plan.tenant},
            "annotations": {ASKED_AT: f"{asked:%Y-%m-%dT%H:%M:%SZ}"},
        },
    }


def _policy(plan: TenantPlan, inside: Mapping[str, Any]) -> Manifest:
    spaces = facts_of(plan.facts, Namespace)
    peers = spaces[0].dns_peers if spaces else Namespace.model_fields["dns_peers"].default
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "rehearsal", **inside},
        "spec": traffic(peers),
    }


def _backup_of(plan: TenantPlan) -> ScheduledJob:
    return next(job for job in facts_of(plan.facts, ScheduledJob) if job.name == BACKUP)


def _odoo_of(plan: TenantPlan) -> Any:
    for pod in facts_of(plan.facts, Workload):
        if pod.odoo:
            return pod.odoo, pod.compute
    raise CatalogError(f"tenant '{plan.tenant}': it runs no Odoo that could be started")


def _room(plan: TenantPlan) -> Mapping[str, int]:
    """The size in GiB of each volume, by where it is mounted."""
    data = sum(fact.storage_gib for fact in facts_of(plan.facts, TenantDatabase))
    files = sum(fact.storage_gib for fact in facts_of(plan.facts, FileShare) if fact.mounted)
    return {FETCHED: fetched_gib(data, files), RESTORED: restored_gib(data), FILES: files + 1}


def _copies(inventory: Inventory, plan: TenantPlan, fact: Rehearsal) -> dict[str, str]:
    """Where the tenant's copies lie, and whose they must be."""
    arn = inventory.cloud_ids.get(fact.bucket, "")
    _, found, bucket = arn.partition(_ARN_OF_BUCKET)
    if not found:
        raise CatalogError(
            f"tenant '{plan.tenant}': the inventory has no ARN for '{fact.bucket}', its bucket in "
            f"{fact.region}; has `pulumi up` finished on this stack?"
        )
    where = {"TENANT": str(plan.tenant), "OWNER": plan.owner, "BUCKET": bucket, "PREFIX": fact.prefix}
    # The bucket is in another region than a pod of the first one says that it is itself.
    return {**where, "BACKUP": "", "REGION": fact.region, "AWS_REGION": fact.region}

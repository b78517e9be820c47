"""One-off jobs: a database and its role, Odoo's first start, copies; and how long they may last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import pods
from components.kubernetes.pods import Manifest
from components.kubernetes.priority import scheduling
from components.naming import component_type, job_name, physical_name
from tiers.facts.every_fact import FileShare, Job, ScheduledJob, TenantDatabase
from tiers.plan.plan import TenantPlan, facts_of

RETRIES: Final = 3
"""How often a pod that failed is followed by another, where a job says nothing else."""
_LEAST_MINUTES: Final = 30
_MINUTES_PER_GIB: Final = 2
_MOST_MINUTES: Final = 2 * 24 * 60
# Lets Pulumi's Kubernetes provider delete a Job that has not succeeded and make it anew (4.25.0, `Diff`): one
# that has failed for good fails every update, however well its cause is mended.
_AGAIN: Final = {"pulumi.com/replaceUnready": "true"}


def command(text: str) -> Manifest:
    """A container's command that runs a script and fails if the script fails."""
    return {"command": ["/bin/bash", "-euo", "pipefail", "-c", text]}


def selection(tenant: str, name: str, namespace: str) -> str:
    """What follows `kubectl delete job` to delete the job *name* of a tenant: a hash ends its own name.

    >>> selection("acme", "odoo-setup", "odoo-production").partition(" --selector ")[0]
    '--namespace odoo-production'
    """
    labels = ",".join(f"{key}={value}" for key, value in pods.identity(tenant, name).items())
    return f"--namespace {namespace} --selector {labels}"


class OneOffJob(pulumi.ComponentResource):
    """A Job that runs once, and once more when its content changes or an update finds it without success.

    Such an update also ends a Job that still runs. So the update before waits until it has ended, and a
    script that was ended can begin again (about databases: tests/lifecycle/test_killed_jobs.py).

    Args:
        owner: Whose job it is: a tenant, or the portfolio.
        fact: Its namespace and its size.
        spec: The pod spec; it may contain outputs of the cloud.
        distinguished_by: Plain data whose change makes a new job; its hash is part of the name.
        gib: The size of the data that it works on; how long the update waits follows from it.
        has_read: The fingerprint of Secrets whose change makes a new job too.
        notes: Annotations of its pods.
        retries: How often a pod that failed is followed by another.
        opts: Options of the component; what must exist first comes as `depends_on`.
    """

    def __init__(
        self,
        owner: str,
        fact: Job,
        *,
        spec: Manifest,
        distinguished_by: Any,
        gib: int = 0,
        has_read: pulumi.Output[str] | None = None,
        notes: Mapping[str, str] | None = None,
        retries: int = RETRIES,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        name = physical_name(owner, fact.name)
        called: pulumi.Input[str] = called_of(owner, fact, distinguished_by)
        if has_read is not None:
            called = has_read.apply(lambda seen: called_of(owner, fact, distinguished_by, seen))
        super().__init__(component_type("OneOffJob"), name, fact.model_dump(mode="json"), opts)
        labels = pods.identity(owner, fact.name)
        whole = {**spec, **scheduling(fact), "restartPolicy": "Never"}
        self.job = k8s.batch.v1.Job(
            name,
            metadata={
                "name": called,
                "namespace": fact.namespace,
                "labels": labels,
                "annotations": _AGAIN,
            },
            spec={
                "backoffLimit": retries,
                "activeDeadlineSeconds": deadline_seconds(gib),
                "template": pods.pod_template(labels, whole, notes),
            },
            opts=_lasting(self, gib),
        )
        self.register_outputs({})


def called_of(owner: str, fact: Job, distinguished_by: Any, *seen: str) -> str:
    """The name of *fact*'s Job in the cluster; *seen* is the fingerprint of the Secrets that it reads."""
    return job_name(owner, fact.name, [described(fact), distinguished_by, *seen])


def described(fact: Job) -> dict[str, Any]:
    """What makes it another job: not its priority, and not what only some have."""
    unsaid = {name for name in ("update", "upgrade", "asked_for") if getattr(fact, name) is None}
    return fact.model_dump(mode="json", exclude={"priority_class", *unsaid})


def _lasting(parent: OneOffJob, gib: int) -> pulumi.ResourceOptions:
    """A Job that has run keeps its priority: its template cannot change, and it is not to run once more."""
    patience = f"{patience_minutes(gib)}m"
    return pulumi.ResourceOptions(
        parent=parent,
        custom_timeouts=pulumi.CustomTimeouts(create=patience, update=patience),
        ignore_changes=["spec.template.spec.priorityClassName"],
    )


def data_gib(tenant: TenantPlan) -> int:
    """The data of *tenant* in GiB as its plan declares it: its database, and its mounted files, each once."""
    databases = [fact.storage_gib for fact in facts_of(tenant.facts, TenantDatabase)]
    files = [fact.storage_gib for fact in facts_of(tenant.facts, FileShare) if fact.mounted]
    return max(databases, default=0) + max(files, default=0)


def patience_minutes(gib: int) -> int:
    """How many minutes an update should wait for a job on *gib* GiB of data until it fails; the job goes on.

    It is half an hour (a new node, images, 10 minutes for the last connection to end, Odoo's installation),
    and 2 minutes for each GiB. That is 9 MiB/s, an assumption for one connection that dumps, restores and
    makes indexes, or for many small files on EFS. After two days somebody must look.

    Pulumi's Kubernetes provider does not keep to it: its clock starts again with every event of a Job, and
    all Jobs are told anew each minute (4.25.0, `Await` in await/job.go, `ForNamespace` in
    await/informers/factory.go). So an update waits until the job has ended, see `deadline_seconds`.
    """
    return min(_expected_minutes(gib), _MOST_MINUTES)


def deadline_seconds(gib: int) -> int:
    """How long a job on *gib* GiB of data may last, its retries included; Kubernetes then ends it as failed.

    Otherwise an update would wait for ever for a job that never ends. A copy that is ended begins at its
    start again, so this is two days, and twice what is expected where that is longer.
    """
    return 60 * max(_MOST_MINUTES, 2 * _expected_minutes(gib))


def _expected_minutes(gib: int) -> int:
    return _LEAST_MINUTES + _MINUTES_PER_GIB * gib


def cron_job(
    name: str,
    run: ScheduledJob,
    labels: Mapping[str, str],
    job: Manifest,
    opts: pulumi.ResourceOptions,
    *,
    kept: int,
    meanwhile: Literal["Forbid", "Replace"] = "Forbid",
    late_seconds: int | None = None,
) -> k8s.batch.v1.CronJob:
    """The CronJob of *run*: its pods, by the spec of *job*, at the moments that it says.

    Args:
        name: Its name.
        run: Its namespace, and when it runs.
        labels: Its labels.
        job: The spec of its Jobs.
        opts: Options of the CronJob.
        kept: How many Jobs that are over stay, of those that succeeded and of those that failed.
        meanwhile: What becomes of a Job whose moment comes while one runs, or of that one.
        late_seconds: How much later it may begin, where the cluster was down at its moment.
    """
    late = {} if late_seconds is None else {"startingDeadlineSeconds": late_seconds}
    return k8s.batch.v1.CronJob(
        name,
        metadata={"name": name, "namespace": run.namespace, "labels": labels},
        spec={
            "schedule": run.schedule,
            "timeZone": run.timezone,
            "concurrencyPolicy": meanwhile,
            **late,
            "successfulJobsHistoryLimit": kept,
            "failedJobsHistoryLimit": kept,
            "jobTemplate": {"spec": job},
        },
        opts=opts,
    )


def operations_container(
    fact: Job | ScheduledJob, text: str, env: Mapping[str, Any], mounts: Sequence[Manifest] = ()
) -> Manifest:
    """A container of the operations image that runs *text* with *env*."""
    return pods.container(
        fact.name,
        fact.image,
        fact.compute,
        mounts=mounts,
        env=pods.variables({"HOME": pods.SCRATCH_DIRECTORY, **env}),
        **command(text),
    )

"""The alerts of one tenant, on metrics about its own jobs and Deployments, and on what measures it.

Names are matched as a whole, and each part was really declared, so no tenant's alert counts objects
of a tenant with a longer name. Odoo has no metrics endpoint, so its own metrics are not used. Nor is
the fill level of claims: all are on EFS, which grows and reports 8 EiB for every claim.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from components.naming import physical_name
from components.restore_test import NAME as RESTORE_TEST
from tiers.facts.every_fact import Alerts, Job, ScheduledJob, UsageExporter, Workload
from tiers.facts.names import BACKUP, RESTORE_TEST_JOB
from tiers.plan.plan import TenantPlan, facts_of
from tiers.tags import PREFIX
from tiers.vocabulary import CostDomain

Rule = dict[str, Any]
"""A rule with the field names of Prometheus."""

_CRITICAL: Final = "critical"
_WARNING: Final = "warning"
_NUMBERED: Final = "[0-9]+"
# The suffix of a Job is a hash of its content; a Deployment's pod has those of its ReplicaSet and its own.
_HASHED: Final = "[0-9a-f]{8}"
_POD: Final = "[0-9a-z]+-[0-9a-z]+"
_SECONDS_PER_MINUTE: Final = 60
_SECONDS_PER_DAY: Final = 24 * 60 * 60
_RESTARTS: Final = 3
# What a usage exporter measures (components/scripts/usage_exporter.py).
_MEASURED: Final = (
    "tenant_active_users",
    "tenant_database_bytes",
    "tenant_filestore_bytes",
    "tenant_backup_bytes",
)


def alert_rules(tenant: TenantPlan, fact: Alerts) -> list[Rule]:
    """All alerts of *tenant*, with its cost tags as labels; none for what its plan does not have."""
    runtime, resilience = (_labels(tenant, domain) for domain in _DOMAINS)
    return [
        *_labelled(_of_workloads(tenant), runtime),
        *_labelled(_of_jobs(tenant), runtime),
        *_labelled(_of_usage(tenant), runtime),
        *_labelled(_of_backups(tenant, fact), resilience),
    ]


_DOMAINS: Final = (CostDomain.TENANT_RUNTIME, CostDomain.RESILIENCE)


def _labels(tenant: TenantPlan, domain: CostDomain) -> Mapping[str, str]:
    """The cost tags as Prometheus labels: without the prefix, and with underscores.

    So `tenant`, `client` and `environment` have the same names as in the metrics of a statement.
    """
    tags = tenant.cost_tags(domain).as_tags()
    return {key.removeprefix(PREFIX).replace("-", "_"): value for key, value in tags.items()}


def _labelled(rules: Iterator[Rule], labels: Mapping[str, str]) -> Iterator[Rule]:
    for rule in rules:
        yield {**rule, "labels": {**labels, **rule["labels"]}}


def _of_workloads(tenant: TenantPlan) -> Iterator[Rule]:
    for workload in facts_of(tenant.facts, Workload):
        name = physical_name(tenant.tenant, workload.name)
        one = _selector(namespace=workload.namespace, deployment=name)
        serves = workload.odoo is not None and not workload.odoo.cron_threads
        yield _rule(
            "OdooDown" if serves else "OdooScheduledActionsDown",
            # A tenant that sleeps or is closed has no replicas, and must raise no alert.
            f"max by (namespace, deployment) (kube_deployment_status_replicas_available{one}) == 0\n"
            f"and on (namespace, deployment) kube_deployment_spec_replicas{one} > 0",
            lasts="5m",
            severity=_CRITICAL if serves else _WARNING,
            summary=f"{name} has had no available pod for 5 minutes: nobody can "
            + ("work" if serves else "rely on scheduled actions and outgoing mail"),
            do=f"kubectl -n {workload.namespace} describe pods of {name}, then their logs; "
            "if it began with an update, roll that back",
        )
    yield from _of_containers(tenant)


def _of_containers(tenant: TenantPlan) -> Iterator[Rule]:
    workloads = facts_of(tenant.facts, Workload)
    if not workloads:
        return
    (namespace,) = {each.namespace for each in workloads}
    own = f"{tenant.tenant}-({'|'.join(each.name for each in workloads)})-{_POD}"
    ours = f'{{namespace="{namespace}",pod=~"{own}"}}'
    killed = f'{{namespace="{namespace}",pod=~"{own}",reason="OOMKilled"}}'
    by = "(namespace, pod, container)"
    restarts = f"max by {by} (increase(kube_pod_container_status_restarts_total{ours}"
    yield _rule(
        "OdooOutOfMemory",
        f"{restarts}[15m])) > 0\nand on {by} kube_pod_container_status_last_terminated_reason{killed} == 1",
        severity=_WARNING,
        summary="{{ $labels.pod }} was killed at its memory limit",
        do="look for the report or import that took it; if it comes back, give the tenant a larger "
        "workload_class and see `costack preview` for what that costs",
    )
    yield _rule(
        "OdooRestarts",
        f"{restarts}[1h])) > {_RESTARTS}",
        severity=_WARNING,
        summary="{{ $labels.pod }} restarted {{ $value | humanize }} times within an hour",
        do=f"kubectl -n {namespace} logs --previous {{{{ $labels.pod }}}}",
    )


def _of_jobs(tenant: TenantPlan) -> Iterator[Rule]:
    """One-off jobs of a change, and the jobs of a sleep schedule."""
    done_once = facts_of(tenant.facts, Job)
    if done_once:
        names = "|".join(sorted(each.name for each in done_once))
        where = "|".join(sorted({each.namespace for each in done_once}))
        failed = (
            f'kube_job_failed{{namespace=~"{where}",'
            f'job_name=~"{tenant.tenant}-({names})-{_HASHED}",condition="true"}}'
        )
        yield _rule(
            "TenantJobFailed",
            f"max by (namespace, job_name) ({failed}) == 1",
            severity=_CRITICAL,
            summary="Job {{ $labels.job_name }} failed: the tenant is not what its file says",
            do="kubectl -n {{ $labels.namespace }} logs job/{{ $labels.job_name }}, mend the cause, "
            "delete the Job and run `pulumi up`",
        )
    for run in facts_of(tenant.facts, ScheduledJob):
        if run.name not in {BACKUP, RESTORE_TEST_JOB}:
            alert = f"Tenant{run.name.title()}Failed"
            yield _failed_run(tenant, run, alert, "its pods are not awake or asleep as agreed")


def _of_usage(tenant: TenantPlan) -> Iterator[Rule]:
    """What the tenant's usage exporter should tell and does not; a figure stands for days after a failure."""
    for fact in facts_of(tenant.facts, UsageExporter):
        mine = _selector(tenant=tenant.tenant)
        yield _rule(
            "TenantUsageUnmeasured",
            "\nor ".join(f"absent({metric}{mine})" for metric in _MEASURED),
            lasts="2h",
            severity=_WARNING,
            summary=f"users, database, files or backups of {tenant.tenant} are not measured",
            do=f"kubectl -n {fact.namespace} logs deployment/{physical_name(tenant.tenant, fact.name)}, and "
            "look whether Prometheus scrapes it; `costack usage prometheus` refuses the month if this lasts",
        )


def _of_backups(tenant: TenantPlan, fact: Alerts) -> Iterator[Rule]:
    for run in facts_of(tenant.facts, ScheduledJob):
        if run.name == BACKUP:
            yield _failed_run(
                tenant, run, "TenantBackupFailed", "the work since the dump before is in no dump"
            )
            if fact.backup_age_minutes is not None:
                yield _late_backup(tenant, run, fact.backup_age_minutes)
            yield from _of_restore_tests(tenant, run, fact.restore_test_age_days)


def _late_backup(tenant: TenantPlan, run: ScheduledJob, minutes: int) -> Rule:
    name = physical_name(tenant.tenant, run.name)
    return _rule(
        "TenantBackupLate",
        f"time() - {_last_success(run.namespace, name)} > {minutes * _SECONDS_PER_MINUTE}",
        lasts="15m",
        severity=_CRITICAL,
        summary=f"the last good dump of {tenant.tenant} is {{{{ $value | humanizeDuration }}}} old, "
        f"older than the {minutes} minutes it may be",
        do=f"kubectl -n {run.namespace} get jobs, and the log of the last {name}; then "
        f"kubectl -n {run.namespace} create job --from=cronjob/{name} {name}-now",
    )


def _of_restore_tests(tenant: TenantPlan, run: ScheduledJob, days: int | None) -> Iterator[Rule]:
    """Restore tests, which a CronJob, a person or a pipeline starts where backups run."""
    one = f'namespace="{run.namespace}",job_name=~"{tenant.tenant}-{RESTORE_TEST}-{_NUMBERED}"'
    again = f"`costack restore-test {tenant.tenant}`"
    yield _rule(
        "TenantRestoreTestFailed",
        # A later success ends the alert.
        f"{_newest_failure(one)}\n> (max by (namespace) (kube_job_status_completion_time{{{one}}}) or\n"
        f"max by (namespace) (kube_job_created{{{one}}} * 0))",
        severity=_CRITICAL,
        summary=f"a backup of {tenant.tenant} could not be restored",
        do=f"read its checks in the Job's log, mend the backup, and run {again} once more",
    )
    if days is not None:
        yield _rule(
            "TenantRestoreTestOverdue",
            f"absent_over_time((kube_job_status_succeeded{{{one}}} == 1)[{days}d:1h])\n"
            f"and on () time() - {_tested_since(tenant, run)} > {days * _SECONDS_PER_DAY}",
            lasts="1h",
            severity=_WARNING,
            summary=f"no backup of {tenant.tenant} was restored with success for {days} days",
            do=f"run {again}; the promise of this tenant takes a restore that was tried",
        )


def _tested_since(tenant: TenantPlan, run: ScheduledJob) -> str:
    """When the scheduled test last succeeded or was made; without one, since when there are backups.

    A tenant whose backups are younger than a test may be old cannot be late with one.
    """
    if any(job.name == RESTORE_TEST_JOB for job in facts_of(tenant.facts, ScheduledJob)):
        return _last_success(run.namespace, physical_name(tenant.tenant, RESTORE_TEST), by="namespace")
    made = _selector(namespace=run.namespace, cronjob=physical_name(tenant.tenant, run.name))
    return f"max(kube_cronjob_created{made})"


def _failed_run(tenant: TenantPlan, run: ScheduledJob, alert: str, so: str) -> Rule:
    """The newest run failed; a later success ends the alert, although the failed Job stays."""
    name = physical_name(tenant.tenant, run.name)
    runs = f'namespace="{run.namespace}",job_name=~"{name}-{_NUMBERED}"'
    return _rule(
        alert,
        f"{_newest_failure(runs)}\n> on (namespace) {_last_success(run.namespace, name, by='namespace')}",
        severity=_WARNING,
        summary=f"the last run of {name} failed: {so}",
        do=f"kubectl -n {run.namespace} get jobs, and the log of the last {name}",
    )


def _newest_failure(jobs: str) -> str:
    return (
        f"max by (namespace) (kube_job_status_start_time{{{jobs}}}\n"
        f'and on (namespace, job_name) kube_job_failed{{{jobs},condition="true"}} == 1)'
    )


def _last_success(namespace: str, cronjob: str, by: str = "namespace, cronjob") -> str:
    """When a CronJob last succeeded; if it never did, when it was created."""
    one = _selector(namespace=namespace, cronjob=cronjob)
    return f"max by ({by}) (kube_cronjob_status_last_successful_time{one} or kube_cronjob_created{one})"


def _selector(**labels: str) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def _rule(alert: str, expr: str, *, severity: str, summary: str, do: str, lasts: str | None = None) -> Rule:
    return {
        "alert": alert,
        "expr": expr,
        **({"for": lasts} if lasts else {}),
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "description": f"{do}."},
    }

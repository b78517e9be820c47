"""Stops and starts a non-production tenant on a schedule: its pods, and its own server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s
from pulumi_aws import iam, scheduler

from components.aws.iam import assume_role_policy_within, role_of
from components.kubernetes import jobs, pods
from components.kubernetes.network_policies import api_policy
from components.kubernetes.priority import scheduling
from components.naming import IAM_NAME_LIMIT, component_type, physical_name
from components.places import ServerPlace
from components.scripts import script
from tiers.facts.every_fact import ScheduledJob, SleepSchedule, Workload
from tiers.facts.names import FALL_ASLEEP, WAKE_UP
from tiers.plan.plan import TenantPlan, fact_named, facts_of

_ACCESS: Final = "/run/secrets/kubernetes"
_KEEP_FINISHED: Final = 1
# A run that is late by more than this is skipped.
_LATE_SECONDS: Final = 3600
_SCHEDULE_NAME_LIMIT: Final = 64
_STOP, _START = "stopDBInstance", "startDBInstance"


def put_to_sleep(
    tenant: TenantPlan,
    platform: str,
    server: ServerPlace,
    *,
    inside: pulumi.ResourceOptions,
    child: pulumi.ResourceOptions,
    after_job: str | None = None,
) -> list[pulumi.Resource]:
    """Declare what stops a tenant outside its hours, if its plan has a schedule.

    Args:
        tenant: The tenant.
        platform: The platform's name, the prefix of names in AWS.
        server: Its database server; only its own server is stopped.
        inside: Options of objects in the namespace, which wait for it.
        child: Options of AWS resources.
        after_job: A job that has stopped pods: as long as it runs, none wakes.

    Returns:
        What starts and stops pods.
    """
    made: list[pulumi.Resource] = []
    for schedule in facts_of(tenant.facts, SleepSchedule):
        runs = [fact_named(tenant.facts, ScheduledJob, name) for name in (FALL_ASLEEP, WAKE_UP)]
        workloads = facts_of(tenant.facts, Workload)
        made.append(TenantSleep(tenant.tenant, schedule, runs, workloads, after_job=after_job, opts=inside))
        if schedule.server is not None:
            ServerSleep(physical_name(platform, tenant.tenant), schedule, server, child)
    return made


class TenantSleep(pulumi.ComponentResource):
    """Two CronJobs that can only scale this tenant's Deployments.

    An autoscaler needs no change: it is inactive while there are no pods (Kubernetes, HPA).
    """

    def __init__(
        self,
        tenant: str,
        schedule: SleepSchedule,
        runs: Sequence[ScheduledJob],
        workloads: Sequence[Workload],
        *,
        after_job: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        name = physical_name(tenant, FALL_ASLEEP)
        super().__init__(component_type("TenantSleep"), name, schedule.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        replicas = {physical_name(tenant, each.name): each.replicas for each in workloads}
        account = pods.service_account(name, name, schedule.namespace, child)
        watched = [after_job] if after_job else []
        bound = may_scale(name, schedule.namespace, sorted(replicas), child, sees=watched)
        api_policy(
            physical_name(name, "to-api"),
            schedule.namespace,
            pods.identity(tenant, FALL_ASLEEP, name=FALL_ASLEEP),
            schedule.api_cidrs,
            child,
        )
        after = pulumi.ResourceOptions(parent=self, depends_on=[account, bound])
        for run in runs:
            wakes = run.name == WAKE_UP
            wanted = {each: count if wakes else 0 for each, count in replicas.items()}
            told = {"DEPLOYMENTS": " ".join(f"{each}={count}" for each, count in sorted(wanted.items()))}
            waits = {"AFTER_JOB": after_job} if wakes and after_job else {}
            _cron_job(tenant, run, name, {**told, **waits}, after)
        self.register_outputs({})


class ServerSleep(pulumi.ComponentResource):
    """Schedules that stop and start one RDS instance, and a role that may do only that.

    It is stopped once more on every day of its sleep, in case the server was busy at the first stop, and
    because RDS starts a server by itself after seven days, and bills it from then on.
    """

    def __init__(
        self,
        name: str,
        schedule: SleepSchedule,
        server: ServerPlace,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("ServerSleep"), name, schedule.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        role, policy = _stopper(name, server, child)
        identifier = pulumi.Output.from_input(server.arn).apply(lambda arn: arn.rpartition(":")[2])
        after = pulumi.ResourceOptions(parent=self, depends_on=[policy])
        for purpose, action, when in (
            ("sleep", _STOP, schedule.sleeps),
            ("sleep-again", _STOP, schedule.stops_again),
            ("wake", _START, schedule.wakes),
        ):
            scheduler.Schedule(
                physical_name(name, purpose),
                name=physical_name(name, purpose, limit=_SCHEDULE_NAME_LIMIT),
                description=f"{action} of {schedule.tenant}",
                schedule_expression=_in_eventbridge(when),
                schedule_expression_timezone=schedule.timezone,
                flexible_time_window={"mode": "OFF"},
                target=_target(action, role, identifier),
                opts=after,
            )
        self.register_outputs({})


def _in_eventbridge(cron: str) -> str:
    """A cron expression in the format of EventBridge: six fields, and `?` for the day that is not set.

    >>> _in_eventbridge("30 7 * * MON,TUE")
    'cron(30 7 ? * MON,TUE *)'
    """
    minute, hour, _, month, days = cron.split()
    return f"cron({minute} {hour} ? {month} {days} *)"


def _stopper(
    name: str, server: ServerPlace, child: pulumi.ResourceOptions
) -> tuple[iam.Role, iam.RolePolicy]:
    """A role for EventBridge that may stop and start one server."""
    # AWS's advice against a schedule of another account that names this role (EventBridge Scheduler User
    # Guide, "Confused deputy prevention").
    trust = assume_role_policy_within(server.arn, "scheduler.amazonaws.com")
    called = physical_name(name, FALL_ASLEEP, limit=IAM_NAME_LIMIT)
    role = role_of(physical_name(name, FALL_ASLEEP), called, trust, child)
    statement = {
        "Effect": "Allow",
        "Action": ["rds:StartDBInstance", "rds:StopDBInstance"],
        "Resource": server.arn,
    }
    policy = iam.RolePolicy(
        physical_name(name, FALL_ASLEEP, "policy"),
        role=role.name,
        policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]}),
        opts=child,
    )
    return role, policy


def _target(action: str, role: iam.Role, identifier: pulumi.Output[str]) -> dict[str, Any]:
    return {
        "arn": f"arn:aws:scheduler:::aws-sdk:rds:{action}",
        "role_arn": role.arn,
        "input": pulumi.Output.json_dumps({"DbInstanceIdentifier": identifier}),
        "retry_policy": {"maximum_event_age_in_seconds": _LATE_SECONDS},
    }


def may_scale(
    name: str,
    namespace: str,
    deployments: Sequence[str],
    child: pulumi.ResourceOptions,
    *verbs: str,
    sees: Sequence[str] = (),
) -> k8s.rbac.v1.RoleBinding:
    """A role of the account *name* that may scale *deployments* and read the Jobs in *sees*, no more."""
    metadata = {"name": name, "namespace": namespace}
    scale = {
        "apiGroups": ["apps"],
        "resources": ["deployments/scale"],
        "resourceNames": list(deployments),
        "verbs": list(verbs or ("patch",)),
    }
    see = {"apiGroups": ["batch"], "resources": ["jobs"], "resourceNames": list(sees), "verbs": ["get"]}
    rules = [scale, see] if sees else [scale]
    role = k8s.rbac.v1.Role(name, metadata=metadata, rules=rules, opts=child)
    return k8s.rbac.v1.RoleBinding(
        name,
        metadata=metadata,
        role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        subjects=[{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[role])),
    )


def _cron_job(
    tenant: str, run: ScheduledJob, account: str, told: Mapping[str, str], opts: pulumi.ResourceOptions
) -> None:
    name = physical_name(tenant, run.name)
    labels = pods.identity(tenant, FALL_ASLEEP, name=FALL_ASLEEP)
    container = jobs.operations_container(
        run,
        script("scale.sh"),
        {**told, "NAMESPACE": run.namespace, "ACCESS": _ACCESS},
        [{"name": "access", "mountPath": _ACCESS, "readOnly": True}],
    )
    spec = pods.pod(
        run.run_as_user,
        run.run_as_group,
        account,
        [container],
        [pods.api_access("access")],
        restartPolicy="Never",
        **scheduling(run),
    )
    job = {"backoffLimit": 3, "template": pods.pod_template(labels, spec)}
    how: dict[str, Any] = {"kept": _KEEP_FINISHED, "meanwhile": "Replace", "late_seconds": _LATE_SECONDS}
    jobs.cron_job(name, run, labels, job, opts, **how)

"""Facts about pods, and about the cluster they run on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from tiers.facts.record import FactId, FactRecord
from tiers.schedule import MINUTES_PER_WEEK
from tiers.vocabulary import Cidr, Count, Frozen, ImageByDigest, Positive

AwakeMinutes = Annotated[int, Field(gt=0, le=MINUTES_PER_WEEK)]
"""How many minutes of a week something runs and costs; all of them where nothing puts it to sleep."""


class ComputeRequest(Frozen):
    """What one pod asks the scheduler for, and the ceiling it is held to."""

    cpu_request_millicores: Positive
    """Reserved CPU of each pod."""
    memory_request_mib: Positive
    """Reserved memory of each pod."""
    cpu_limit_millicores: Positive
    """CPU limit of each pod."""
    memory_limit_mib: Positive
    """Memory limit of each pod."""

    def alone(self) -> ComputeRequest:
        """These four numbers without what a class of pods says besides."""
        return ComputeRequest(**{name: getattr(self, name) for name in ComputeRequest.model_fields})


class OdooProcess(Frozen):
    """How Odoo runs in a pod: `web_workers` preforked processes (0: threads), `cron_threads` of its own."""

    image: ImageByDigest
    version: str
    run_as_user: Positive
    run_as_group: Positive
    web_workers: Count
    cron_threads: Count
    neutralised: bool = False
    """Whether it may start only on a database that sends no mail and takes no payment."""


class Workload(FactRecord):
    """Pods that run all month: Odoo's web and cron processes, or a platform service.

    `max_replicas` is how far load may scale them out, 0 when nothing does; `replicas` is then the least.
    """

    kind: Literal["workload"] = "workload"
    namespace: str
    replicas: Count
    max_replicas: Count = 0
    compute: ComputeRequest
    odoo: OdooProcess | None = None
    nodes: FactId | None = None
    """The node group its pods are held to, and that is held to them; None for the nodes all share."""
    awake_minutes_per_week: AwakeMinutes = MINUTES_PER_WEEK
    starts_again: bool = False
    """Whether it was stopped and is started by this update, whoever else scales it."""


class Job(FactRecord):
    """A pod that runs once when its tenant is created or changed; too short to carry a cost."""

    kind: Literal["job"] = "job"
    neutralises: bool = False
    """Whether it makes the database harmless: every one that is not production's."""
    namespace: str
    image: ImageByDigest
    run_as_user: Positive
    run_as_group: Positive
    compute: ComputeRequest
    nodes: FactId | None = None


class ScheduledJob(FactRecord):
    """A CronJob: pods that run for minutes, so their requests are weighted by `minutes_per_month`."""

    kind: Literal["scheduled-job"] = "scheduled-job"
    namespace: str
    image: ImageByDigest
    run_as_user: Positive
    run_as_group: Positive
    schedule: str
    timezone: str = "Etc/UTC"
    compute: ComputeRequest
    minutes_per_month: Count
    nodes: FactId | None = None


class SleepSchedule(FactRecord):
    """When a tenant that is not production is awake; what it stops outside these hours costs nothing there.

    `wakes`, `sleeps` and `stops_again` are cron expressions in `timezone`. `server` is the server of its own
    that is stopped with its pods, `api_cidrs` where the pods that do it reach the Kubernetes API.
    """

    kind: Literal["sleep-schedule"] = "sleep-schedule"
    namespace: str
    awake: str
    timezone: str
    wakes: str
    sleeps: str
    stops_again: str
    awake_minutes_per_week: AwakeMinutes
    api_cidrs: tuple[Cidr, ...]
    server: FactId | None = None


class Namespace(FactRecord):
    """A Kubernetes namespace held to the Pod Security Standard `restricted` of one version of Kubernetes."""

    kind: Literal["namespace"] = "namespace"
    namespace: str
    pod_security_version: str


class NamespaceQuota(FactRecord):
    """What all pods of a tenant's own namespace together may ask for.

    It holds the worst moment of a rollout: every web pod and one more, the scheduled actions, the setup
    job and a backup at once. A smaller quota would block the next rollout.
    """

    kind: Literal["namespace-quota"] = "namespace-quota"
    namespace: str
    cpu_request_millicores: Positive
    memory_request_mib: Positive
    memory_limit_mib: Positive
    pods: Positive
    storage_gib: Positive
    largest_pod: ComputeRequest


class ClusterControlPlane(FactRecord):
    """An EKS control plane, billed by the hour whatever runs on it.

    `node_role_arn` and `node_subnet_ids` are an adopted cluster's, for the node groups that tenants have to
    themselves; what follows them is a created one's.
    """

    kind: Literal["cluster-control-plane"] = "cluster-control-plane"
    cluster: str
    version: str
    ingress_namespace: str
    node_role_arn: str | None = None
    node_subnet_ids: tuple[str, ...] = ()
    admin_cidrs: tuple[str, ...] = ()
    log_retention_days: Count = 0
    addons: Mapping[str, str] = {}


class NodeGroup(FactRecord):
    """Worker nodes: what they are, how many, and what is left on them for pods.

    A tenant's own run its pods and nobody else's.
    """

    kind: Literal["node-group"] = "node-group"
    instance_type: str
    nodes: Positive
    allocatable_cpu_millicores: Positive
    allocatable_memory_mib: Positive
    volume_gib: Positive

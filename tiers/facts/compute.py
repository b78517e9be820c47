"""Facts about pods, and about the cluster they run on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from tiers.facts.network import CLUSTER_DNS, DnsPeer
from tiers.facts.odoo_upgrade import OdooUpgrade
from tiers.facts.record import FactId, FactRecord
from tiers.schedule import MINUTES_PER_WEEK
from tiers.vocabulary import Cidr, Count, Frozen, ImageByDigest, Positive

AwakeMinutes = Annotated[int, Field(gt=0, le=MINUTES_PER_WEEK)]
"""How many minutes of a week something runs and costs; the whole week unless a schedule stops it."""


AddonsFolder = Annotated[str, Field(pattern=r"^/[^,\s]*[^,\s/]$")]
"""A folder of the Odoo image by its whole path; Odoo separates several by commas."""
OFFICIAL_ADDONS: Final = "/mnt/extra-addons"
"""Where the official image looks for addons that are not Odoo's own."""


class ComputeRequest(Frozen):
    """What one pod requests from the scheduler, and its limits."""

    cpu_request_millicores: Positive
    """Reserved CPU of each pod."""
    memory_request_mib: Positive
    """Reserved memory of each pod."""
    cpu_limit_millicores: Positive
    """CPU limit of each pod."""
    memory_limit_mib: Positive
    """Memory limit of each pod."""

    @model_validator(mode="after")
    def _fits_its_limits(self) -> Self:
        """Kubernetes refuses a pod that requests more than its limit, long after validation."""
        for request, limit in (
            ("cpu_request_millicores", "cpu_limit_millicores"),
            ("memory_request_mib", "memory_limit_mib"),
        ):
            if (wanted := getattr(self, request)) > (most := getattr(self, limit)):
                raise ValueError(f"{request}: {wanted} is more than {limit}, {most}; raise the limit")
        return self

    def alone(self) -> ComputeRequest:
        """These four numbers without the other fields of a class of pods."""
        return ComputeRequest(**{name: getattr(self, name) for name in ComputeRequest.model_fields})


ModuleName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""The technical name of a module of Odoo; `all` for all."""


class ModuleUpdate(Frozen):
    """An update of modules of a tenant's Odoo (`odoo --update`), once for each number.

    Its pods are stopped meanwhile, for `minutes` at most beside the backup; `api_cidrs` is where a job that
    stops them reaches the Kubernetes API. `replicas` are the pods by workload when Odoo runs: the same at
    every stage of a move or restore, so that no stage makes another job of it.
    """

    number: Positive
    modules: Annotated[tuple[ModuleName, ...], Field(min_length=1)]
    minutes: Positive
    api_cidrs: tuple[Cidr, ...]
    replicas: Mapping[str, Positive]


class OdooProcess(Frozen):
    """How Odoo runs in a pod: `web_workers` preforked processes (0: threads) and `cron_threads`."""

    image: ImageByDigest
    version: str
    run_as_user: Positive
    run_as_group: Positive
    web_workers: Count
    cron_threads: Count
    neutralised: bool = False
    """Whether Odoo may start only on a database that sends no mail and takes no payment."""
    addons_path: tuple[AddonsFolder, ...] = (OFFICIAL_ADDONS,)
    """Folders of the image with addons that are not Odoo's own."""
    update_number: Count = 0
    """The update of modules that its pods start after; a higher one starts them anew."""


class Spread(Frozen):
    """How pods are kept apart over zones and nodes.

    `zones` is in how many zones the tenant is promised to run: of two, a pod waits rather than start beside
    another in one zone; of one, apart is better than together. `by_rollout` counts the pods of one rollout
    only, on nodes that take them; Kubernetes 1.27 and newer do.
    """

    zones: Positive
    by_rollout: bool


class Workload(FactRecord):
    """Pods that run all month: Odoo's web and cron processes, or a platform service.

    `max_replicas` is how far load may scale them out, 0 when nothing scales them; `replicas` is the minimum.
    """

    kind: Literal["workload"] = "workload"
    namespace: str
    replicas: Count
    max_replicas: Count = 0
    compute: ComputeRequest
    odoo: OdooProcess | None = None
    nodes: FactId | None = None
    """The node group that runs only these pods; None for the shared nodes."""
    awake_minutes_per_week: AwakeMinutes = MINUTES_PER_WEEK
    starts_again: bool = False
    """Whether this update starts pods that were stopped before, whatever else scales them."""
    spread: Spread | None = None
    """How its pods are kept apart; None as for the next."""
    priority_class: str | None = None
    """The PriorityClass of its pods; None for platform services, and in inventories of older versions."""

    @property
    def most_replicas(self) -> int:
        """How many pods there may be beside each other, rollouts apart."""
        return max(self.replicas, self.max_replicas)

    @property
    def needs_zones(self) -> bool:
        """Whether a pod waits rather than start in a zone that has one more than another."""
        zones = 2 if self.spread is None else self.spread.zones  # as versions did without a promise of zones
        return self.replicas > 1 and zones > 1


class Job(FactRecord):
    """A pod that runs once when its tenant is created or changed; too short to have a cost."""

    kind: Literal["job"] = "job"
    neutralises: bool = False
    """Whether it neutralises the database, as it does in every environment but production."""
    update: ModuleUpdate | None = None
    """The update of modules that it makes, or starts the pods after."""
    upgrade: OdooUpgrade | None = None
    """The upgrade of a database that it makes."""
    asked_for: str | None = None
    """The mark of the backup that it makes for another tenant's refresh."""
    namespace: str
    image: ImageByDigest
    run_as_user: Positive
    run_as_group: Positive
    compute: ComputeRequest
    nodes: FactId | None = None
    priority_class: str | None = None


class RestoreRoom(Frozen):
    """What a scheduled restore test needs beside its pod: two volumes, and time.

    Without `storage_class` the volumes are on the node's own disk; with it they exist for
    `volume_minutes_per_month`. A test ends after `deadline_minutes`, and its pod is removed
    `kept_minutes` later; 0: when the next one has ended.
    """

    fetched_gib: Positive
    restored_gib: Positive
    storage_class: str | None = None
    volume_minutes_per_month: Count = 0
    deadline_minutes: Positive
    kept_minutes: Count = 0


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
    priority_class: str | None = None
    restore_test: RestoreRoom | None = None
    """Present when it restores a backup and checks it."""


class SleepSchedule(FactRecord):
    """When a non-production tenant is awake; what it stops outside these hours costs nothing meanwhile.

    `wakes`, `sleeps` and `stops_again` are cron expressions in `timezone`. `server` is the tenant's own one,
    which stops with its pods; `api_cidrs` is where the pods of the schedule reach the Kubernetes API.
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
    """A Kubernetes namespace held to a Pod Security Standard of one version of Kubernetes.

    It is `restricted`, but for the namespace of the log shipper, whose pods mount directories of the node.
    """

    kind: Literal["namespace"] = "namespace"
    namespace: str
    pod_security: Literal["restricted", "privileged"] = "restricted"
    pod_security_version: str
    dns_peers: tuple[DnsPeer, ...] = (CLUSTER_DNS,)
    """Where its pods may ask for names."""
    routed_from: str | None = None
    """The namespace of Costack's own ingress controller, which reads its routes; None without one."""
    middlewares: bool = False
    """Whether that controller reads Traefik's own kinds there, too."""


class PriorityClass(FactRecord):
    """Whose pods go first when nodes are full: a PriorityClass, an object of the whole cluster.

    `preempts` says whether its pods may end pods of a smaller `value` to have their place.
    """

    kind: Literal["priority-class"] = "priority-class"
    priority_class: str
    value: Annotated[int, Field(ge=-(2**31), le=10**9)]
    preempts: bool


class NamespaceQuota(FactRecord):
    """What all pods of a namespace together may request: of a tenant's own, or of one that tenants share.

    It fits the worst moment of a rollout: every web pod and one more, the scheduled actions, the setup
    job and a backup at once, of every tenant in it, and old pods of a larger class beside them. A smaller
    quota would block the next rollout. `tenants` is how many there are.
    """

    kind: Literal["namespace-quota"] = "namespace-quota"
    namespace: str
    cpu_request_millicores: Positive
    memory_request_mib: Positive
    memory_limit_mib: Positive
    pods: Positive
    storage_gib: Positive
    largest_pod: ComputeRequest
    tenants: Positive = 1


class ClusterControlPlane(FactRecord):
    """An EKS control plane, billed by the hour whether or not anything runs on it.

    `node_role_arn` and `node_subnet_ids` belong to an adopted cluster and serve tenants' own node groups, as
    does `security_group_id`, which its pods keep beside a group of their own; `admin_cidrs`,
    `log_retention_days` and `addons` belong to a created cluster.
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
    counted: bool = True
    """Whether this portfolio counts its cost; false where another that adopts it does."""
    pod_security_groups: bool = False
    """Whether pods can have security groups of their own."""
    security_group_id: str | None = None
    context: str | None = None
    """Of a cluster in a second region: its context in the kubeconfig of the first."""
    data_subnet_ids: tuple[str, ...] = ()
    data_subnet_cidrs: tuple[Cidr, ...] = ()
    data_group_id: str | None = None
    """There the subnets of databases, caches and files, and the security group that lets its pods in."""
    secret_store: str | None = None
    """The ClusterSecretStore that brings Secrets into it; None where they are written there themselves."""


class NodeGroup(FactRecord):
    """Worker nodes: their type, their number, and their capacity for pods.

    A tenant's own nodes run only its pods.
    """

    kind: Literal["node-group"] = "node-group"
    instance_type: str
    nodes: Positive
    allocatable_cpu_millicores: Positive
    allocatable_memory_mib: Positive
    volume_gib: Positive

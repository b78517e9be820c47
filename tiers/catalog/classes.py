"""The size menus of the service catalog: what a class of pods, servers, backups or measures is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from tiers.facts.compute import ComputeRequest
from tiers.retention import LeastLogDays
from tiers.schedule import Cadence
from tiers.vocabulary import Controls, Count, Environment, Frozen, Positive, ResilienceClass

ClassId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,40}$")]
Percent = Annotated[int, Field(ge=1, le=100)]

MIB_PER_WORKER: Final = 325
"""Resident memory of one Odoo worker on average: 0.8 x 150 MB + 0.2 x 1024 MB (Odoo deployment guide)."""


class PodClass(ComputeRequest):
    """One kind of pod of a workload class: how many, and what each asks for."""

    replicas: Count


class WebClass(PodClass):
    """Odoo's web pods. `workers: 0` means threads instead of preforked processes."""

    workers: Count
    max_replicas: Count = 0
    """The largest number of pods that load may scale out to; 0 when nothing scales them."""

    @model_validator(mode="after")
    def _scales_outwards(self) -> Self:
        if 0 < self.max_replicas < self.replicas:
            raise ValueError(f"max_replicas {self.max_replicas} is less than replicas {self.replicas}")
        return self

    @model_validator(mode="after")
    def _workers_fit_in_memory(self) -> Self:
        needed = (self.workers + 1) * MIB_PER_WORKER
        if needed > self.memory_limit_mib:
            raise ValueError(
                f"{self.workers} workers and the websocket process need about {needed} MiB, "
                f"more than memory_limit_mib {self.memory_limit_mib}"
            )
        return self


class CronClass(PodClass):
    """Odoo's scheduled actions, in pods of their own."""

    threads: Count


class WorkloadClass(Frozen):
    """A size of Odoo: web pods, cron pods, and the pod its one-off jobs run in."""

    web: WebClass
    cron: CronClass
    job: ComputeRequest


class BackupClass(Frozen):
    """How often a tenant is dumped and how long the dumps are kept.

    `dump_percent_of_database` is the assumed size of a compressed dump; `minutes_per_run` the assumed
    length of a run. Both are estimates until backups report what they really are.
    """

    schedule: str
    runs_per_month: Positive
    retention_days: Positive
    dump_percent_of_database: Annotated[int, Field(gt=0, le=100)]
    minutes_per_run: Positive


class ResilienceRequirements(Frozen):
    """What a resilience class promises, and what an offer needs to keep the promise.

    `rpo_minutes` is how much work may be lost, `rto_minutes` how long a recovery may take.
    `restore_test_schedule` is how often a backup is restored and checked without anybody asking, and
    `restore_test_age_days` how old the newest good test may be; without both, none is made by itself.
    `rehearsal_age_days` is how old the newest good rehearsal of a recovery in the second region may be.
    """

    rpo_minutes: Positive
    rto_minutes: Positive
    multi_az: bool
    web_replicas: Positive
    dumps_per_month: Positive
    dump_retention_days: Positive
    second_region: bool
    restore_test_schedule: Cadence | None = None
    restore_test_age_days: Positive | None = None
    rehearsal_age_days: Positive | None = None

    @model_validator(mode="after")
    def _rehearses_where_copies_are(self) -> Self:
        if self.rehearsal_age_days and not self.second_region:
            raise ValueError(
                "rehearsal_age_days is for a class with second_region: without copies in another region "
                "there is nothing to rehearse"
            )
        return self

    @model_validator(mode="after")
    def _tests_come_in_time(self) -> Self:
        often, age = self.restore_test_schedule, self.restore_test_age_days
        if (often is None) is not (age is None):
            raise ValueError("restore_test_schedule and restore_test_age_days go together")
        if often and age and age <= often.most_days:
            raise ValueError(
                f"restore_test_age_days {age} is no longer than it takes until the next {often} test, "
                f"up to {often.most_days} days; write more"
            )
        return self


class DedicatedNodes(Frozen):
    """Worker nodes that run one tenant's pods and no other pods."""

    node_class: ClassId
    nodes: Positive
    volume_gib: Positive


class ControlClass(Frozen):
    """The governance measures of one class of controls.

    `open_internet`: whether production may connect to any address, or only to those its file names.
    `region_pinned`: whether its file must say where its data may lie. The hours are people's work for one
    tenant: patches beyond what all get, and reviews of accesses and evidence.
    """

    audited: bool
    least_log_retention_days: LeastLogDays
    open_internet: bool
    region_pinned: bool
    dedicated_nodes: DedicatedNodes | None = None
    patching_hours_per_month: Count = 0
    review_hours_per_month: Count = 0


class MachineClass(Frozen):
    """What a machine has, as far as advice about sizes needs it; a class without memory gets none.

    `baseline_cpu_percent` is what each vCPU of a burstable class may use on average; more is billed, or
    throttled (EC2 User Guide, "Burstable performance instances"; ElastiCache User Guide, "Supported node
    types").
    """

    memory_mib: Positive | None = None
    vcpus: Positive = 2
    baseline_cpu_percent: Percent | None = None


class DatabaseClass(MachineClass):
    """A size of PostgreSQL server."""

    instance_class: str
    max_connections: Positive
    performance_insights: bool
    """Whether AWS offers Performance Insights for the class and its load is worth watching."""
    log_gib_per_month: Count
    """The expected log volume of a server of this size: slow statements and schema changes."""
    vcpus: Positive
    """AWS charges extended support of an old PostgreSQL version for each vCPU."""


class CacheClass(MachineClass):
    """A size of cache node."""

    node_type: str
    memory_mib: Positive


class NodeClass(Frozen):
    """The capacity of an EC2 instance type for pods, after kubelet and system reservations."""

    allocatable_cpu_millicores: Positive
    allocatable_memory_mib: Positive
    branch_interfaces: Count = 0
    """How many pods with a security group of their own a node takes (amazon-vpc-resource-controller-k8s,
    pkg/aws/vpc/limits.go); no type of the family `t` takes any."""


class TierChange(Frozen):
    """What a change of tier costs once.

    `double_running_days` is how long old and new resources run side by side when data moves; the hours are
    people's work: with data that moves, or in place, for a restore of a tenant to an earlier moment, for its
    upgrade to another major version of Odoo, rehearsal included, for an upgrade of a PostgreSQL server to a
    newer major version, or for a failover.
    """

    double_running_days: Count
    labour_hours_with_data: Count
    labour_hours_in_place: Count
    labour_hours_restore: Count = 2
    labour_hours_database_upgrade: Count = 3
    labour_hours_failover: Count = 4
    labour_hours_odoo_upgrade: Count = 16


class Expiry(Frozen):
    """How long an environment may last at a stretch; a longer life needs a stated reason."""

    most_days: Positive


class OffHours(Frozen):
    """How long a non-production tenant would be awake if it slept outside working hours."""

    awake_hours_per_week: Annotated[int, Field(ge=1, le=168)]


class Retention(Frozen):
    """How long resources of a decommissioned tenant are retained; 0 when none are."""

    keep_days: Count


class Signals(Frozen):
    """The limits beyond which a report raises a signal.

    Attributes:
        sustained_days: After how many days in a row a breach of fair use counts as lasting.
        noisy_neighbour_percent: The share of a pool from which on one tenant crowds out the others.
        idle_percent: The idle share of a pool from which on the pool is too large.
        unused_percent: The unused share of requested capacity from which on the request is too large.
        least_margin_percent: The share of the fees below which the margin of a tier is too small.
        declared_users_percent: By what share of the declared users Odoo's count may differ from it.
        least_promised_percent: The part of a fee below which what a promise costs is nearly nothing: security
            of enhanced controls, resilience of a class of recovery above the first.
        most_restore_test_age_days: The age from which on a restore test no longer proves anything, where
            the resilience class says none of its own.
    """

    sustained_days: Positive
    noisy_neighbour_percent: Annotated[int, Field(ge=1, le=100)]
    idle_percent: Annotated[int, Field(ge=1, le=100)]
    unused_percent: Annotated[int, Field(ge=1, le=100)]
    least_margin_percent: Annotated[int, Field(ge=0, le=100)]
    most_restore_test_age_days: Positive
    declared_users_percent: Annotated[int, Field(ge=1, le=100)] = 10
    least_promised_percent: Annotated[int, Field(ge=0, le=100)] = 1


class Rightsizing(Frozen):
    """How sizes that would do are chosen.

    Attributes:
        headroom_percent: How much more than what was measured a size has.
        least_measured_percent: The part of a month that must be measured before there is advice.
        cache_reserved_percent: The part of a cache node's memory that sessions do not get
            (`reserved-memory-percent`, ElastiCache User Guide, "Managing reserved memory").
    """

    headroom_percent: Annotated[int, Field(ge=0, le=400)] = 20
    least_measured_percent: Percent = 90
    cache_reserved_percent: Annotated[int, Field(ge=0, le=90)] = 25


class Classes(Frozen):
    """The size menus, by class id, and what a change from one to another costs."""

    workload_classes: Mapping[ClassId, WorkloadClass]
    resilience_classes: Mapping[ResilienceClass, ResilienceRequirements]
    control_classes: Mapping[Controls, ControlClass]
    backup_classes: Mapping[ClassId, BackupClass]
    database_classes: Mapping[ClassId, DatabaseClass]
    cache_classes: Mapping[ClassId, CacheClass]
    node_classes: Mapping[ClassId, NodeClass]
    tier_change: TierChange
    off_hours: OffHours
    signals: Signals
    rightsizing: Rightsizing = Rightsizing()
    endings: Mapping[Environment, Retention]
    environments: Mapping[Environment, Expiry] = Field(default_factory=dict)
    """The longest life of an environment; an environment that is not listed has no limit."""

    @model_validator(mode="after")
    def _every_promise_is_explained(self) -> Self:
        if missing := sorted(set(ResilienceClass) - set(self.resilience_classes)):
            raise ValueError(f"resilience_classes: '{missing[0]}' is missing")
        if open_ended := sorted(set(Environment) - set(self.endings)):
            raise ValueError(f"endings: '{open_ended[0]}' is missing")
        if without := sorted(set(Controls) - set(self.control_classes)):
            raise ValueError(f"control_classes: '{without[0]}' is missing")
        return self

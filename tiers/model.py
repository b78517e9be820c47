"""The service catalog: tiers, and the classes of size and protection their offers name."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from tiers.facts import ComputeRequest
from tiers.vocabulary import (
    Controls,
    Count,
    Environment,
    Frozen,
    Isolation,
    Positive,
    ResilienceClass,
    TagValue,
)

ClassId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,40}$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Fee = Annotated[Decimal, Field(ge=0, max_digits=16, decimal_places=2, allow_inf_nan=False)]

MIB_PER_WORKER: Final = 325
"""Resident memory of one Odoo worker on average: 0.8 x 150 MB + 0.2 x 1024 MB (Odoo deployment guide)."""


class PodClass(ComputeRequest):
    """One kind of pod of a workload class: how many, and what each asks for."""

    replicas: Count


class WebClass(PodClass):
    """Odoo's web pods. `workers: 0` means threads instead of preforked processes."""

    workers: Count
    max_replicas: Count = 0
    """How far load may scale the pods out; 0 when nothing does."""

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
    """What a resilience class promises, and what an offer must have to keep the promise.

    `rpo_minutes` is how much work may be lost, `rto_minutes` how long a recovery may take.
    """

    rpo_minutes: Positive
    rto_minutes: Positive
    multi_az: bool
    web_replicas: Positive
    dumps_per_month: Positive
    dump_retention_days: Positive
    second_region: bool


class DatabaseClass(Frozen):
    """A size of PostgreSQL server."""

    instance_class: str
    max_connections: Positive


class CacheClass(Frozen):
    """A size of cache node."""

    node_type: str
    memory_mib: Positive


class NodeClass(Frozen):
    """What an EC2 instance type leaves for pods after kubelet and system reservations."""

    allocatable_cpu_millicores: Positive
    allocatable_memory_mib: Positive


class Classes(Frozen):
    """The size menus, by class id."""

    workload_classes: Mapping[ClassId, WorkloadClass]
    resilience_classes: Mapping[ResilienceClass, ResilienceRequirements]
    backup_classes: Mapping[ClassId, BackupClass]
    database_classes: Mapping[ClassId, DatabaseClass]
    cache_classes: Mapping[ClassId, CacheClass]
    node_classes: Mapping[ClassId, NodeClass]

    @model_validator(mode="after")
    def _every_promise_is_explained(self) -> Self:
        if missing := sorted(set(ResilienceClass) - set(self.resilience_classes)):
            raise ValueError(f"resilience_classes: '{missing[0]}' is missing")
        return self


class SharedPlacement(Frozen):
    """On what the platform has for everybody."""

    placement: Literal["shared"]


class DatabaseSize(Frozen):
    """How large and how lasting a PostgreSQL server is; `multi_az` is an instance, never a cluster."""

    database_class: ClassId
    multi_az: bool
    storage_gib: Annotated[int, Field(ge=20, le=65536)]
    max_storage_gib: Positive
    backup_retention_days: Annotated[int, Field(ge=1, le=35)]

    @model_validator(mode="after")
    def _storage_can_grow(self) -> Self:
        if self.max_storage_gib < self.storage_gib:
            raise ValueError(
                f"max_storage_gib {self.max_storage_gib} is less than storage_gib {self.storage_gib}"
            )
        return self


class CacheSize(Frozen):
    """How large and how lasting a session cache is."""

    cache_class: ClassId
    nodes: Positive
    multi_az: bool
    snapshot_retention_days: Count

    @model_validator(mode="after")
    def _failover_has_a_target(self) -> Self:
        if self.multi_az and self.nodes < 2:  # noqa: PLR2004 - one to fail, one to take over
            raise ValueError("multi_az needs at least 2 nodes")
        return self


class OwnDatabase(DatabaseSize):
    """On a PostgreSQL server of the tenant's own."""

    placement: Literal["own"]


class OwnCache(CacheSize):
    """In a session cache of the tenant's own."""

    placement: Literal["own"]


DatabaseOffer = Annotated[SharedPlacement | OwnDatabase, Field(discriminator="placement")]
CacheOffer = Annotated[SharedPlacement | OwnCache, Field(discriminator="placement")]


class OwnFileSystem(Frozen):
    """On a file system of the tenant's own, with a nightly backup kept for `backup_retention_days`."""

    placement: Literal["own"]
    throughput_mode: Literal["elastic", "bursting"]
    backup_schedule: str
    backup_retention_days: Positive


FileSystemOffer = Annotated[SharedPlacement | OwnFileSystem, Field(discriminator="placement")]


class RegionCopies(Frozen):
    """What of a tenant lies in a second region as well, and how often a restore from it is tried."""

    database_retention_days: Annotated[int, Field(ge=1, le=35)]
    dump_retention_days: Positive
    file_retention_days: Positive
    restore_test_schedule: str
    restore_test_validation_hours: Annotated[int, Field(ge=1, le=168)]
    restore_test_labour_hours_per_month: Count


class FairUse(Frozen):
    """What the fee covers; beyond it a tenant belongs in a larger offer."""

    users: Positive
    database_gib: Positive
    filestore_gib: Positive


class Offer(Frozen):
    """What a tier gives a tenant in one environment, and what the client pays for it."""

    workload_class: ClassId
    backup_class: ClassId | None = None
    database: DatabaseOffer
    cache: CacheOffer
    file_system: FileSystemOffer
    region_copies: RegionCopies | None = None
    database_gib: Positive
    filestore_gib: Positive
    session_cache_mib: Positive
    log_gib_per_month: Count
    log_retention_days: Positive
    support_hours_per_month: Count
    fair_use: FairUse
    fee_per_month: Fee

    @model_validator(mode="after")
    def _copies_have_an_original(self) -> Self:
        if self.region_copies is None:
            return self
        shared = [
            name
            for name, placed in (("database", self.database), ("file_system", self.file_system))
            if isinstance(placed, SharedPlacement)
        ]
        if shared:
            raise ValueError(
                f"region_copies needs {' and '.join(shared)} with placement own: copying what tenants "
                "share would copy every neighbour's data too"
            )
        if self.backup_class is None:
            raise ValueError("region_copies needs a backup_class: without dumps there is nothing to copy")
        return self


class Tier(Frozen):
    """A named bundle of the service catalog: one YAML file, complete in itself."""

    tier: TagValue
    title: str
    version: TagValue
    currency: Currency
    isolation: Isolation
    resilience_class: ResilienceClass
    controls: Controls
    offers: Annotated[Mapping[Environment, Offer], Field(min_length=1)]


class Catalog(Frozen):
    """All tiers that can be sold, and the classes they name."""

    tiers: Mapping[str, Tier]
    classes: Classes

    @property
    def version(self) -> str:
        """The newest version among the tiers, recorded in every plan."""
        return max(tier.version for tier in self.tiers.values())

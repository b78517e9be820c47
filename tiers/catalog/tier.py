"""The service catalog: tiers, and what each offers in an environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from tiers.catalog.classes import Classes, ClassId
from tiers.catalog.fees import Currency, Fee
from tiers.catalog.overage import FairUse, OveragePrices
from tiers.catalog.services import Services
from tiers.cron import AwsCron
from tiers.retention import LogDays, ServerBackupDays, SnapshotDays
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

CLASSES: Final = "classes.yaml"


class SharedPlacement(Frozen):
    """On the platform's shared service."""

    placement: Literal["shared"]


class DatabaseSize(Frozen):
    """The size and durability of a PostgreSQL server; `multi_az` means an instance, never a cluster."""

    database_class: ClassId
    """Size: a row of `database_classes` in `classes.yaml` of the catalog."""
    multi_az: bool
    """Whether a second instance in another zone takes over."""
    storage_gib: Annotated[int, Field(ge=20, le=65536)]
    """Provisioned storage; it never shrinks."""
    max_storage_gib: Positive
    """Up to where storage grows by itself."""
    backup_retention_days: ServerBackupDays
    """How many days point-in-time recovery reaches back."""

    @model_validator(mode="after")
    def _storage_can_grow(self) -> Self:
        if self.max_storage_gib < self.storage_gib:
            raise ValueError(
                f"max_storage_gib {self.max_storage_gib} is less than storage_gib {self.storage_gib}"
            )
        return self


class CacheSize(Frozen):
    """The size and durability of a session cache."""

    cache_class: ClassId
    """Size: a row of `cache_classes` in `classes.yaml` of the catalog."""
    nodes: Positive
    """How many nodes."""
    multi_az: bool
    """Whether another node takes over; needs two nodes."""
    snapshot_retention_days: SnapshotDays
    """How many days snapshots are kept; 0 for none."""

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
    backup_schedule: AwsCron
    backup_retention_days: Positive


FileSystemOffer = Annotated[SharedPlacement | OwnFileSystem, Field(discriminator="placement")]


class RegionCopies(Frozen):
    """The copies of a tenant in a second region, and how often a restore from them is tested."""

    database_retention_days: ServerBackupDays
    dump_retention_days: Positive
    file_retention_days: Positive
    restore_test_schedule: AwsCron
    restore_tests_per_month: Positive
    restore_test_validation_hours: Annotated[int, Field(ge=1, le=168)]
    restore_test_labour_hours_per_month: Count
    rehearsal_labour_hours_per_month: Count = 0
    """What people work for rehearsals (`costack failover --rehearse`), spread over the months."""
    standby_database_class: ClassId | None = None
    """The size of a warm standby server in the second region; None when none is sold."""


class ExpectedUsage(Frozen):
    """The expected usage of a tenant before anything is measured: how much it transfers and changes.

    In a month `internet_gib` go to the internet, `inter_zone_gib` go from zone to zone,
    `filestore_read_gib` are read from its files and `filestore_write_gib` written to them. Each day
    `database_change_percent_per_day` of its database are rewritten. A usage file has better numbers.
    """

    internet_gib: Count
    inter_zone_gib: Count
    filestore_read_gib: Count
    filestore_write_gib: Count
    database_change_percent_per_day: Annotated[int, Field(ge=0, le=100)]


class Offer(Frozen):
    """What a tenant gets from a tier in one environment, and the fee the client pays for it."""

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
    log_retention_days: LogDays
    support_hours_per_month: Count
    expected_use: ExpectedUsage
    fair_use: FairUse
    overage_prices: OveragePrices | None = None
    """What a unit beyond `fair_use` costs a client who agreed to pay it; None when overage is not sold."""
    fee_per_month: Fee
    enhanced_fee_per_month: Fee | None = None
    """The additional fee for enhanced controls; None when the offer is not sold with them."""
    standby_fee_per_month: Fee | None = None
    """The additional fee for a warm standby."""
    cdn_fee_per_month: Fee | None = None
    """The additional fee for a CDN; None when the offer is not sold with one."""

    @model_validator(mode="after")
    def _overage_begins_somewhere(self) -> Self:
        prices = self.overage_prices
        if prices is not None and prices.core_hours is not None and self.fair_use.core_hours is None:
            raise ValueError(
                "overage_prices.core_hours needs fair_use.core_hours: beyond it they are charged"
            )
        return self

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
                f"region_copies needs {' and '.join(shared)} with placement own: a copy of a shared service "
                "would contain every other tenant's data too"
            )
        if self.backup_class is None:
            raise ValueError("region_copies needs a backup_class: without dumps there is nothing to copy")
        if (self.region_copies.standby_database_class is None) is not (self.standby_fee_per_month is None):
            raise ValueError("region_copies.standby_database_class and standby_fee_per_month go together")
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
    services: Services | None = None
    """What is sold beside tiers and of what it is made; None where the catalog has no such file."""
    is_own: bool = False
    """Whether it is a firm's own, and not the one that comes with Costack."""
    folder: Path = Path()
    """Where it was read."""
    files: Mapping[str, str] = Field(default_factory=dict)
    """The name of each tier's file in the folder."""
    unusable: frozenset[str] = frozenset()
    """Names of tiers whose files have mistakes; empty except while mistakes are collected."""

    @property
    def classes_file(self) -> str:
        """The file with the classes, as a sentence names it.

        >>> Catalog.model_construct(is_own=True, folder=Path("catalog")).classes_file
        'catalog/classes.yaml'
        """
        return str(self.folder / CLASSES) if self.is_own else f"Costack's {CLASSES}"

    @property
    def version(self) -> str:
        """The newest version among the tiers, recorded in every plan."""
        return max(tier.version for tier in self.tiers.values())

"""Facts about copies in a second region, and about restore tests from them.

A fact's region is that of the copy; `from_region` is the copy's origin, where its transfer is charged.
`transfer_gib_per_month` is the expected transfer after the first copy.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from tiers.facts.record import FactId, FactRecord
from tiers.vocabulary import Count, Positive, Region, UtcDatetime

# The write-ahead log and catalogs of an empty server; the filestore has 256 folders.
_SERVER_GIB: Final = 2
_FOLDERS: Final = 256
LEAST_DEADLINE_MINUTES: Final = 60
"""How long any restore test may take."""
KEPT_WITH_VOLUMES_MINUTES: Final = 4 * 60
"""So long the log of a test with volumes of its own can be read; they are billed, and take the room of the
next test in the namespace's quota, as long as its pod is there."""


class DatabaseBackupCopy(FactRecord):
    """Automated backups of a PostgreSQL server, replicated: any moment of `retention_days` can be restored.

    AWS Backup could copy snapshots only; point-in-time recovery crosses regions no other way (RDS User
    Guide, replicating automated backups).
    """

    kind: Literal["database-backup-copy"] = "database-backup-copy"
    server: FactId
    retention_days: Annotated[int, Field(ge=1, le=35)]
    storage_gib: Count
    from_region: Region | None = None
    transfer_gib_per_month: Count = 0


class DatabaseStandby(FactRecord):
    """A PostgreSQL server that follows another region's, minutes behind, until it is promoted.

    `promoted` says that it follows nobody any longer: it has data of its own, and leaves a final snapshot.
    """

    kind: Literal["database-standby"] = "database-standby"
    server: FactId
    instance_class: str
    engine_version: str
    storage_gib: Positive
    max_storage_gib: Positive
    subnet_ids: tuple[str, ...]
    security_group_id: str
    maintenance_window: str
    deletion_protection: bool
    performance_insights: bool
    audited: bool
    vcpus: Positive = 2
    from_region: Region | None = None
    transfer_gib_per_month: Count = 0
    promoted: bool = False
    number: Count = 0
    """How many there were before: of a promoted one AWS makes no standby again, the next is another."""
    takes_over: bool = False
    """Whether an update promotes it; else a person does. Then it backs up as what it followed did."""
    backup_retention_days: Annotated[int, Field(ge=0, le=35)] = 0
    backup_window: str | None = None
    kept_group_version: str | None = None
    """As of a `DatabaseInstance`, once it is promoted."""
    upgrade_is_asked: bool = False


class RestoredServer(FactRecord):
    """A PostgreSQL server as another one was at a moment, while a restore copies its data.

    Nobody works with it, and it has no data of its own: it leaves no snapshot and no backups.
    """

    kind: Literal["restored-server"] = "restored-server"
    server: FactId
    at: UtcDatetime
    instance_class: str
    engine_version: str
    storage_gib: Positive
    max_storage_gib: Positive
    vcpus: Positive = 2


class FileSystemReplica(FactRecord):
    """A read-only file system that follows another one, minutes behind.

    `writable` says that it follows nobody any longer: the replication was ended.
    """

    kind: Literal["file-system-replica"] = "file-system-replica"
    file_system: FactId
    storage_gib: Count
    from_region: Region | None = None
    transfer_gib_per_month: Count = 0
    writable: bool = False
    number: Count = 0
    """As of a `DatabaseStandby`."""


class BucketReplication(FactRecord):
    """The rule that copies every new object of one bucket into another.

    Deletions are not copied, so the copy outlives a mistake and needs its own lifecycle. The rule belongs
    to its source.
    """

    kind: Literal["bucket-replication"] = "bucket-replication"
    source: FactId
    destination: FactId
    transfer_gib_per_month: Count = 0


class VaultCopy(FactRecord):
    """A copy of every recovery point of a file system's backup, in a vault of its own."""

    kind: Literal["vault-copy"] = "vault-copy"
    backup: FactId
    retention_days: Positive
    storage_gib: Count
    from_region: Region | None = None
    transfer_gib_per_month: Count = 0


class RestoreTest(FactRecord):
    """AWS Backup restores the newest recovery point on a schedule, checks it and removes it.

    `restored_gib` is what one run restores.
    """

    kind: Literal["restore-test"] = "restore-test"
    backup: FactId
    schedule: str
    validation_hours: Positive
    runs_per_month: Count = 0
    restored_gib: Count = 0


class Rehearsal(FactRecord):
    """A recovery in the second region that can be tried out, in a scratch namespace that lives as long as it.

    `bucket` and `prefix` are where the copies lie. `rpo_minutes` and `rto_minutes` are what the tenant's
    resilience class promises, and `age_days` how old the newest good rehearsal may be. A node of
    `instance_type` is added for one, `node_minutes_per_month` how long it is there.
    """

    kind: Literal["rehearsal"] = "rehearsal"
    bucket: FactId
    prefix: str
    namespace: str
    service_account: str
    rpo_minutes: Positive
    rto_minutes: Positive
    age_days: Positive | None = None
    """None where the resilience class does not say: then no gate asks for one."""
    instance_type: str | None = None
    """None where no cluster is named there: then it is not known what a node costs."""
    node_minutes_per_month: Count = 0


def fetched_gib(database_gib: int, filestore_gib: int) -> int:
    """Room of a restore test for the dump, which is smaller than its database, and one folder of files."""
    return database_gib + -(-filestore_gib // _FOLDERS)


def restored_gib(database_gib: int) -> int:
    """Room of a restore test for a server, and the database with rebuilt indexes."""
    return _SERVER_GIB + database_gib + -(-database_gib // 4)

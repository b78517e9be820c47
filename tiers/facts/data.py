"""Facts about data stores: databases, caches, files, backups, keys."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from tiers.facts.archive import Archive
from tiers.facts.compute import AwakeMinutes
from tiers.facts.database_upgrade import ServerUpgrade
from tiers.facts.record import FactId, FactRecord
from tiers.schedule import MINUTES_PER_WEEK
from tiers.vocabulary import LARGEST, Count, Positive


class DatabaseInstance(FactRecord):
    """A PostgreSQL server on Amazon RDS.

    `backup_gib` is the expected size of its automated backups: its data once, and the changes of the
    days they are kept. `vcpus` counts one instance; a standby in another zone has as many again. No current
    class has fewer than two.
    """

    kind: Literal["database-instance"] = "database-instance"
    instance_class: str
    engine_version: str
    multi_az: bool
    storage_gib: Annotated[int, Field(ge=20, le=LARGEST)]
    max_storage_gib: Positive
    backup_retention_days: Annotated[int, Field(ge=0, le=35)]
    maintenance_window: str
    backup_window: str
    deletion_protection: bool
    performance_insights: bool = False
    audited: bool = False
    """Whether grants and schema changes are written to the log."""
    may_have_replica: bool = False
    """Whether a standby may follow it. RDS makes none of a server whose master password AWS manages."""
    kept_group_version: str | None = None
    """Another major version whose parameter group stays; the stack's state says so, and never a file.

    It is what runs while an upgrade waits for its window, or what was asked for and taken back.
    """
    upgrade_is_asked: bool = False
    """Whether AWS makes the waiting upgrade without another word: then its group is not sent alone."""
    upgrade: ServerUpgrade | None = None
    """Present while it is upgraded to a newer major version, stage by stage."""
    master_number: Count = 0
    """How often the master's password was renewed that Costack makes; every number has one of its own."""
    temp_file_limit_gib: Positive | None = None
    """How much a process may write to temporary files; None where no neighbour shares the disk."""
    vcpus: Positive = 2
    backup_gib: Count = 0
    awake_minutes_per_week: AwakeMinutes = MINUTES_PER_WEEK


class TenantDatabase(FactRecord):
    """One tenant's database and role on a server.

    `connection_limit` bounds the role: the pool is per process, so it is the sum over web workers, the
    websocket process, cron threads and the one LISTEN connection. `changed_mib_per_day` is how much data
    is expected to change each day. `reader_connections` bounds a second login that only reads, for reports;
    0: there is none.
    """

    kind: Literal["tenant-database"] = "tenant-database"
    server: FactId
    database: str
    role: str
    connection_limit: Positive
    connections_per_process: Positive
    connections_evented: Count = 0
    """Those of the process for websockets; 0: as many as any other."""
    storage_gib: Count
    changed_mib_per_day: Count = 0
    reader_connections: Count = 0


class CacheGroup(FactRecord):
    """A Valkey or Redis replication group on Amazon ElastiCache."""

    kind: Literal["cache-group"] = "cache-group"
    engine: Literal["valkey", "redis"]
    engine_version: str
    node_type: str
    nodes: Positive
    multi_az: bool
    snapshot_retention_days: Count
    maintenance_window: str
    memory_mib: Count = 0
    """The memory of one node, and so the largest size of a snapshot."""
    rotation_number: Count = 0
    """How often its token was rotated; every number has a token of its own."""
    replaced_number: Count | None = None
    """The number of the token that opens it too, while pods are replaced."""
    rotation_update: Literal["ROTATE", "SET"] | None = None
    """AWS's words: to take a token beside the one before, or alone; None before the first rotation."""
    users: bool = False
    """Whether each tenant logs in as a user of its own; else all who may log in have the token.

    With users, the token of `rotation_number` is one that nobody is given, and the token of
    `replaced_number` opens the cache too while pods are replaced that still have it.
    """


class CacheSpace(FactRecord):
    """One tenant's key prefix in a cache group: Odoo sessions, nothing else."""

    kind: Literal["cache-space"] = "cache-space"
    group: FactId
    prefix: str
    memory_mib: Positive
    rotation_number: Count = 0
    """The number of the group's token that its pods work with, or worked with before they had a user."""
    user: str | None = None
    """The user that its pods log in as, which reads and writes this prefix only; None: with the token."""


class FileSystem(FactRecord):
    """An Amazon EFS file system; `storage_gib` is the expected size of its tenants' files.

    `read_gib_per_month` and `write_gib_per_month` are their expected transfers.
    """

    kind: Literal["file-system"] = "file-system"
    storage_gib: Count
    throughput_mode: Literal["elastic", "bursting"]
    deletion_protection: bool
    read_gib_per_month: Count = 0
    write_gib_per_month: Count = 0


CLAIM_GIB: Final = 1
"""The nominal size of every claim on a file system.

EFS has no size, and a bound claim without a storage class cannot grow: a new number would replace it.
"""


class FileShare(FactRecord):
    """One tenant's directory on a file system, behind an access point.

    A share that is not `mounted` is the way back to files that were kept there before.
    """

    kind: Literal["file-share"] = "file-share"
    file_system: FactId
    namespace: str
    path: str
    owner_user: Count
    owner_group: Count
    storage_gib: Count
    volume: str = ""
    """Name of its volume, where portfolios share a cluster; else '': the tenant's and the share's."""
    mounted: bool = True
    read_gib_per_month: Count = 0
    write_gib_per_month: Count = 0


class Bucket(FactRecord):
    """An S3 bucket; `storage_gib` is the expected size of what is in S3 Standard.

    `put_requests_per_month` are the writes to it, replication included.
    """

    kind: Literal["bucket"] = "bucket"
    storage_gib: Count
    noncurrent_days: Positive
    expire_after_days: Positive
    deletion_protection: bool
    outlives_tenant: bool = False
    """Whether it is retained when its tenant is removed: its content is kept for a time."""
    put_requests_per_month: Count = 0
    archive: Archive | None = None
    """Where old dumps go; None where all stay in S3 Standard."""


class LogicalBackup(FactRecord):
    """One tenant's dumps and filestore copies in a bucket, kept for `retention_days`.

    `storage_gib` is all of it, in whichever storage class.
    """

    kind: Literal["logical-backup"] = "logical-backup"
    bucket: FactId
    prefix: str
    retention_days: Positive
    storage_gib: Count
    put_requests_per_month: Count = 0
    archive: Archive | None = None
    """Where its old dumps go; None where none is kept that long."""
    restore_test_age_days: Positive | None = None
    """How old the newest good restore test may be; None where the resilience class does not say."""


class FileSystemBackup(FactRecord):
    """AWS Backup of a file system into a vault: daily, kept for `retention_days`."""

    kind: Literal["file-system-backup"] = "file-system-backup"
    file_system: FactId
    schedule: str
    retention_days: Positive
    storage_gib: Count
    outlives_tenant: bool = False


KEY_DELETION_WINDOW_DAYS: Final = 30
"""The longest deletion window that AWS allows for a key; its last backup must expire first."""


class Key(FactRecord):
    """A customer-managed KMS key. It outlives every backup that is encrypted with it."""

    kind: Literal["key"] = "key"
    deletion_window_days: Annotated[int, Field(ge=7, le=30)]


class ManagedSecret(FactRecord):
    """A secret that AWS manages for a resource: RDS bills the one of its master user."""

    kind: Literal["managed-secret"] = "managed-secret"
    owner: FactId

"""Facts about what keeps data: databases, caches, files, backups, keys."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from tiers.fact import FactId, FactRecord
from tiers.vocabulary import Count, Positive


class DatabaseInstance(FactRecord):
    """A PostgreSQL server on Amazon RDS."""

    kind: Literal["database-instance"] = "database-instance"
    instance_class: str
    engine_version: str
    multi_az: bool
    storage_gib: Annotated[int, Field(ge=20)]
    max_storage_gib: Positive
    backup_retention_days: Annotated[int, Field(ge=0, le=35)]
    maintenance_window: str
    backup_window: str
    deletion_protection: bool
    performance_insights: bool = False
    audited: bool = False
    """Whether who was granted what, and every change of the schema, is written to the log."""


class TenantDatabase(FactRecord):
    """One tenant's database and role on a server.

    `connection_limit` bounds the role: the pool is per process, so it is the sum over web workers, the
    websocket process, cron threads and the one LISTEN connection.
    """

    kind: Literal["tenant-database"] = "tenant-database"
    server: FactId
    database: str
    role: str
    connection_limit: Positive
    connections_per_process: Positive
    storage_gib: Count


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


class CacheSpace(FactRecord):
    """One tenant's key prefix in a cache group: Odoo sessions, nothing else."""

    kind: Literal["cache-space"] = "cache-space"
    group: FactId
    prefix: str
    memory_mib: Positive


class FileSystem(FactRecord):
    """An Amazon EFS file system; `storage_gib` is what its tenants are expected to keep there."""

    kind: Literal["file-system"] = "file-system"
    storage_gib: Count
    throughput_mode: Literal["elastic", "bursting"]
    deletion_protection: bool


CLAIM_GIB: Final = 1
"""What a claim on a file system asks for, whatever will lie there.

EFS has no size, and a bound claim without a storage class cannot grow: another number would replace it.
"""


class FileShare(FactRecord):
    """One tenant's directory on a file system, behind an access point.

    One that is not `mounted` is the way back to files that were kept there before.
    """

    kind: Literal["file-share"] = "file-share"
    file_system: FactId
    namespace: str
    path: str
    owner_user: int
    owner_group: int
    storage_gib: Count
    mounted: bool = True


class Bucket(FactRecord):
    """An S3 bucket; `storage_gib` is what is expected to lie in it, all storage in S3 Standard."""

    kind: Literal["bucket"] = "bucket"
    storage_gib: Count
    noncurrent_days: Positive
    expire_after_days: Positive
    deletion_protection: bool


class LogicalBackup(FactRecord):
    """One tenant's dumps and filestore copies in a bucket, kept for `retention_days`."""

    kind: Literal["logical-backup"] = "logical-backup"
    bucket: FactId
    prefix: str
    retention_days: Positive
    storage_gib: Count


class FileSystemBackup(FactRecord):
    """AWS Backup of a file system into a vault: daily, kept for `retention_days`."""

    kind: Literal["file-system-backup"] = "file-system-backup"
    file_system: FactId
    schedule: str
    retention_days: Positive
    storage_gib: Count


class Key(FactRecord):
    """A customer-managed KMS key. It outlives every backup that is encrypted with it."""

    kind: Literal["key"] = "key"
    deletion_window_days: Annotated[int, Field(ge=7, le=30)]


class ManagedSecret(FactRecord):
    """A secret AWS keeps for a resource of ours: RDS bills the one for its master user."""

    kind: Literal["managed-secret"] = "managed-secret"
    owner: FactId

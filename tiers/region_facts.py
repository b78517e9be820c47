"""What of a tenant is kept for the day a region fails: files and dumps of its own, copied to a second one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tiers.classes import BackupClass
from tiers.copy_facts import (
    BucketReplication,
    DatabaseBackupCopy,
    FileSystemReplica,
    RestoreTest,
    VaultCopy,
)
from tiers.data_facts import Bucket, FileSystem, FileSystemBackup, Key
from tiers.dedicated_facts import KEY_DELETION_WINDOW_DAYS, about, is_ending, is_protected, own_server
from tiers.facts import Fact, FactId, Labour
from tiers.hosting import Platform
from tiers.model import Offer, OwnFileSystem, RegionCopies
from tiers.tenancy import Tenant
from tiers.use_facts import (
    automated_backups_gib,
    backup_requests_per_month,
    changed_gib_per_month,
    changed_mib_per_day,
    dumped_gib_per_month,
)
from tiers.vocabulary import CostCategory, CostDomain, Region

_DAYS_PER_MONTH: Final = 30

MOST_REPLICATIONS_PER_REGION: Final = 20
"""Replicated automated backups a destination region of an account may hold (RDS quotas)."""


def own_file_system(tenant: Tenant) -> FactId:
    """The id of a tenant's own file system."""
    return f"{tenant.tenant}/file-system"


def own_bucket(tenant: Tenant) -> FactId:
    """The id of a tenant's own bucket of logical backups."""
    return f"{tenant.tenant}/backup-bucket"


def dumps_gib(backup: BackupClass, database_gib: int, retention_days: int) -> int:
    """What the dumps of *retention_days* are expected to fill, in whole GiB."""
    dumps = backup.runs_per_month * retention_days * database_gib * backup.dump_percent_of_database
    return -(-dumps // (_DAYS_PER_MONTH * 100))


def there(tenant: Tenant, name: str, region: Region) -> dict[str, Any]:
    """The fields of a tenant's fact that lies in *region* for resilience."""
    return about(tenant, name, CostCategory.RESILIENCE, CostDomain.RESILIENCE) | {"region": region}


def own_files(platform: Platform, tenant: Tenant, offer: Offer, files: OwnFileSystem) -> Iterator[Fact]:
    """The file system and its nightly backup."""
    yield FileSystem(
        **about(tenant, "file-system", CostCategory.STORAGE),
        storage_gib=offer.filestore_gib,
        throughput_mode=files.throughput_mode,
        deletion_protection=is_protected(platform, tenant),
        read_gib_per_month=offer.expected_use.filestore_read_gib,
        write_gib_per_month=offer.expected_use.filestore_write_gib,
    )
    yield FileSystemBackup(
        **about(tenant, "file-system-backup", CostCategory.RESILIENCE, CostDomain.RESILIENCE),
        file_system=own_file_system(tenant),
        schedule=files.backup_schedule,
        retention_days=files.backup_retention_days,
        storage_gib=offer.filestore_gib,
        outlives_tenant=is_ending(tenant),
    )


def region_copies(
    platform: Platform, tenant: Tenant, offer: Offer, copies: RegionCopies, backup: BackupClass
) -> Iterator[Fact]:
    """Everything of *tenant* that lies in its second region, and what brings it there.

    A bucket of its own, because replication belongs to a bucket and neighbours did not ask for it.
    """
    region = tenant.options.dr_region
    if region is None:
        raise ValueError(f"tenant {tenant.tenant} has no dr_region; the loader lets none through")

    def bucket(name: str, where: Region, retention_days: int) -> Bucket:
        return Bucket(
            **there(tenant, name, where),
            storage_gib=dumps_gib(backup, offer.database_gib, retention_days) + offer.filestore_gib,
            noncurrent_days=platform.backup_bucket.noncurrent_days,
            expire_after_days=retention_days,
            deletion_protection=is_protected(platform, tenant),
            outlives_tenant=is_ending(tenant),
            put_requests_per_month=backup_requests_per_month(backup, offer),
        )

    new_files_gib = offer.expected_use.filestore_write_gib
    yield bucket("backup-bucket", tenant.region, backup.retention_days)
    yield Key(**there(tenant, "copy-key", region), deletion_window_days=KEY_DELETION_WINDOW_DAYS)
    yield bucket("backup-bucket-copy", region, copies.dump_retention_days)
    yield BucketReplication(
        **there(tenant, "backup-bucket-replication", tenant.region),
        source=own_bucket(tenant),
        destination=f"{tenant.tenant}/backup-bucket-copy",
        transfer_gib_per_month=dumped_gib_per_month(backup, offer.database_gib) + new_files_gib,
    )
    yield from _server_and_files(tenant, offer, copies, region)
    yield from _restore_tests(tenant, offer, copies, region)


def _server_and_files(tenant: Tenant, offer: Offer, copies: RegionCopies, region: Region) -> Iterator[Fact]:
    # Odoo names files by what is in them and rewrites none, so only what is new crosses: once to the replica,
    # once with the backup.
    new_files_gib = offer.expected_use.filestore_write_gib
    yield DatabaseBackupCopy(
        **there(tenant, "server-copy", region),
        server=own_server(tenant),
        retention_days=copies.database_retention_days,
        storage_gib=automated_backups_gib(
            offer.database_gib, changed_mib_per_day(offer), copies.database_retention_days
        ),
        from_region=tenant.region,
        transfer_gib_per_month=changed_gib_per_month(offer),
    )
    yield FileSystemReplica(
        **there(tenant, "file-system-copy", region),
        file_system=own_file_system(tenant),
        storage_gib=offer.filestore_gib,
        from_region=tenant.region,
        transfer_gib_per_month=new_files_gib,
    )
    yield VaultCopy(
        **there(tenant, "file-system-backup-copy", region),
        backup=_file_backup(tenant),
        retention_days=copies.file_retention_days,
        storage_gib=offer.filestore_gib,
        from_region=tenant.region,
        transfer_gib_per_month=new_files_gib,
    )


def _restore_tests(tenant: Tenant, offer: Offer, copies: RegionCopies, region: Region) -> Iterator[Fact]:
    yield RestoreTest(
        **there(tenant, "restore-test", region),
        backup=_file_backup(tenant),
        schedule=copies.restore_test_schedule,
        validation_hours=copies.restore_test_validation_hours,
        runs_per_month=copies.restore_tests_per_month,
        restored_gib=offer.filestore_gib,
    )
    if copies.restore_test_labour_hours_per_month:
        yield Labour(
            **about(tenant, "restore-test-labour", CostCategory.RESILIENCE, CostDomain.RESILIENCE),
            activity="restore-test",
            hours_per_month=copies.restore_test_labour_hours_per_month,
        )


def _file_backup(tenant: Tenant) -> FactId:
    return f"{tenant.tenant}/file-system-backup"

"""Protection against the loss of a region: a tenant's own files and dumps, copied to a second region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tiers.catalog.classes import BackupClass, Classes
from tiers.catalog.tier import Offer, OwnDatabase, OwnFileSystem, RegionCopies
from tiers.facts.archive import Archive
from tiers.facts.copies import (
    BucketReplication,
    DatabaseBackupCopy,
    FileSystemReplica,
    RestoreTest,
    VaultCopy,
)
from tiers.facts.data import KEY_DELETION_WINDOW_DAYS, Bucket, FileSystem, FileSystemBackup, Key
from tiers.facts.every_fact import DatabaseStandby, Fact, FactId, Labour, LogGroup
from tiers.plan.backups.archive import archived
from tiers.plan.expected_usage import (
    automated_backups_gib,
    backup_requests_per_month,
    changed_gib_per_month,
    changed_mib_per_day,
    dumped_gib_per_month,
    dumps_gib,
)
from tiers.plan.owner import about, is_decommissioning, is_protected, own_server
from tiers.portfolio.platform import Platform
from tiers.portfolio.postgresql.versions import own_version
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory, CostDomain, Region


def own_file_system(tenant: Tenant) -> FactId:
    """The id of a tenant's own file system."""
    return f"{tenant.tenant}/file-system"


def own_bucket(tenant: Tenant) -> FactId:
    """The id of a tenant's own bucket of logical backups."""
    return f"{tenant.tenant}/backup-bucket"


def copied_bucket(tenant: Tenant) -> FactId:
    """The id of the copy of that bucket in the second region."""
    return f"{tenant.tenant}/backup-bucket-copy"


def there(tenant: Tenant, name: str, region: Region) -> dict[str, Any]:
    """The common fields of a tenant's resilience facts in *region*."""
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
        outlives_tenant=is_decommissioning(tenant),
    )


def region_copies(
    platform: Platform, tenant: Tenant, offer: Offer, copies: RegionCopies, backup: BackupClass
) -> Iterator[Fact]:
    """The copies of *tenant* in its second region, and what replicates them.

    It has its own bucket, because replication applies to a whole bucket and other tenants did not buy it.
    """
    region = tenant.options.dr_region
    if region is None:
        raise ValueError(f"tenant {tenant.tenant} has no dr_region; the loader should have refused it")

    archive = archived(platform.backup_bucket, backup, offer.database_gib)

    def bucket(name: str, where: Region, retention_days: int, dumps: int, old: Archive | None) -> Bucket:
        return Bucket(
            **there(tenant, name, where),
            storage_gib=dumps + offer.filestore_gib,
            archive=old,
            noncurrent_days=platform.backup_bucket.noncurrent_days,
            expire_after_days=retention_days,
            deletion_protection=is_protected(platform, tenant),
            outlives_tenant=is_decommissioning(tenant),
            put_requests_per_month=backup_requests_per_month(backup, offer),
        )

    new_files_gib = offer.expected_use.filestore_write_gib
    kept = dumps_gib(backup, offer.database_gib, backup.retention_days)
    here = kept - (archive.stored_gib if archive else 0)
    yield bucket("backup-bucket", tenant.region, backup.retention_days, here, archive)
    yield Key(**there(tenant, "copy-key", region), deletion_window_days=KEY_DELETION_WINDOW_DAYS)
    # A region that is lost is not waited for: no copy needs to be asked for before it can be read.
    copied = dumps_gib(backup, offer.database_gib, copies.dump_retention_days)
    yield bucket("backup-bucket-copy", region, copies.dump_retention_days, copied, None)
    yield BucketReplication(
        **there(tenant, "backup-bucket-replication", tenant.region),
        source=own_bucket(tenant),
        destination=copied_bucket(tenant),
        transfer_gib_per_month=dumped_gib_per_month(backup, offer.database_gib) + new_files_gib,
    )
    yield from _server_and_files(tenant, offer, copies, region)
    yield from _restore_tests(tenant, offer, copies, region)


def _server_and_files(tenant: Tenant, offer: Offer, copies: RegionCopies, region: Region) -> Iterator[Fact]:
    # Odoo names files by their content and never rewrites one, so only new files cross: once to the replica,
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
        number=tenant.failovers,
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


def warm_standby(
    classes: Classes, platform: Platform, tenant: Tenant, offer: Offer, copies: RegionCopies, *, audited: bool
) -> Iterator[Fact]:
    """The server and its log, in the network that the platform has in the second region."""
    region, promoted = tenant.options.dr_region, tenant.options.warm_standby == "promoted"
    if region is None or copies.standby_database_class is None or not isinstance(offer.database, OwnDatabase):
        raise ValueError(f"tenant {tenant.tenant} cannot have a standby; the loader should have refused it")
    size, network = classes.database_classes[copies.standby_database_class], platform.dr_networks[region]

    yield DatabaseStandby(
        **there(tenant, "standby", region),
        server=own_server(tenant),
        instance_class=size.instance_class,
        engine_version=own_version(platform.database, tenant),
        storage_gib=offer.database.storage_gib,
        max_storage_gib=offer.database.max_storage_gib,
        subnet_ids=network.subnet_ids,
        security_group_id=network.security_group_id,
        maintenance_window=tenant.options.maintenance_window or platform.database.maintenance_window,
        deletion_protection=is_protected(platform, tenant),
        performance_insights=size.performance_insights,
        audited=audited,
        vcpus=size.vcpus,
        from_region=tenant.region,
        transfer_gib_per_month=0 if promoted else changed_gib_per_month(offer),
        promoted=promoted,
        number=tenant.failovers,
    )
    yield LogGroup(
        **there(tenant, "standby-logs", region),
        ingest_gib_per_month=size.log_gib_per_month,
        retention_days=offer.log_retention_days,
    )

"""What a change does to files, backups and copies: kept for fewer days, unprotected, or removed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.change.effect import EffectKind
from tiers.change.servers import Change
from tiers.facts.archive import LEAST_DAYS, MOST_HOURS, Archive
from tiers.facts.copies import DatabaseBackupCopy, DatabaseStandby, FileSystemReplica, VaultCopy
from tiers.facts.data import Bucket, DatabaseInstance, FileSystem, FileSystemBackup, LogicalBackup
from tiers.facts.every_fact import FactRecord, LogGroup

_HOLDERS: Final = (
    *(DatabaseInstance, DatabaseStandby, FileSystem, FileSystemReplica, Bucket, FileSystemBackup),
    *(DatabaseBackupCopy, VaultCopy),
)
"""What holds data by itself; what else a tenant has is made anew from it."""
_KEPT: Final = {
    "retention_days": "it keeps",
    "expire_after_days": "dumps are kept",
    "noncurrent_days": "replaced and deleted files are kept",
}


def data_changes(before: FactRecord, after: FactRecord) -> Iterator[Change]:
    """What happens to what holds data and was there before."""
    if before.region != after.region and isinstance(before, _HOLDERS):
        yield Change(EffectKind.DATA, f"a new, empty one in {after.region} would replace it")
        return
    if isinstance(
        before, LogGroup | Bucket | FileSystemBackup | LogicalBackup | DatabaseBackupCopy | VaultCopy
    ):
        for name, kept in _KEPT.items():
            old, new = getattr(before, name, None), getattr(after, name, None)
            if old is not None and new is not None and new < old:
                yield Change(EffectKind.DATA, f"{kept} {new} days, {old} before; what is older is deleted")
    if isinstance(before, Bucket):
        yield from _archive_changes(before.archive, getattr(after, "archive", None))
    if (
        isinstance(before, FileSystem | Bucket)
        and before.deletion_protection
        and not getattr(after, "deletion_protection", False)
    ):
        yield Change(EffectKind.DATA, "no longer refuses its deletion")


def _archive_changes(before: Archive | None, after: Archive | None) -> Iterator[Change]:
    """Where old dumps go from now on; S3 brings none back by itself, and charges early deletion."""
    old, new = ((each.storage_class, each.after_days) if each else None for each in (before, after))
    if new is None and old is not None:
        yield Change(EffectKind.NOTICE, f"old dumps stay in S3 Standard; what is in {old[0]} stays there")
    elif new is not None and new != old:
        storage_class, days = new
        hours = MOST_HOURS[storage_class]
        waits = f", of which a dump is asked for up to {hours} hours before it is restored" if hours else ""
        yield Change(
            EffectKind.NOTICE,
            f"dumps older than {days} days go to {storage_class}{waits}; each is charged for at least "
            f"{LEAST_DAYS[storage_class]} days there",
        )


def removal(before: FactRecord) -> Change | None:
    """What happens when something that holds data is no longer in the plan; None for what holds none."""
    if isinstance(before, LogicalBackup):
        return Change(
            EffectKind.DATA, "no further dumps are made; those in the bucket stay until they expire"
        )
    return Change(EffectKind.DATA, _fate(before)) if isinstance(before, _HOLDERS) else None


def _fate(before: FactRecord) -> str:
    if getattr(before, "outlives_tenant", False):
        return "is no longer looked after, and stays in AWS"
    if getattr(before, "deletion_protection", False):
        return "would be removed, and refuses it: the update fails"
    if isinstance(before, DatabaseInstance):
        return "is removed; RDS keeps a final snapshot"
    return (
        "is removed, which S3 refuses while it holds anything" if isinstance(before, Bucket) else "is removed"
    )

"""What of a tenant's dumps lies in an archive, and what of it is charged."""

from __future__ import annotations

from collections.abc import Iterable

from tiers.catalog.classes import BackupClass
from tiers.facts.archive import LEAST_DAYS, Archive
from tiers.plan.expected_usage import dumps_gib
from tiers.portfolio.backups.bucket import BackupBucketSpec


def archived(bucket: BackupBucketSpec, backup: BackupClass, database_gib: int) -> Archive | None:
    """Where dumps that are kept for as long as *backup* says go; None where none becomes that old."""
    spec = bucket.archive
    if spec is None or backup.retention_days <= spec.after_days:
        return None
    charged_days = max(backup.retention_days - spec.after_days, LEAST_DAYS[spec.storage_class])
    all_gib = dumps_gib(backup, database_gib, backup.retention_days)
    return Archive(
        storage_class=spec.storage_class,
        after_days=spec.after_days,
        stored_gib=all_gib - dumps_gib(backup, database_gib, spec.after_days),
        charged_gib=dumps_gib(backup, database_gib, charged_days),
    )


def together(archives: Iterable[Archive | None]) -> Archive | None:
    """What all that share a bucket have there, by its one rule; None where nobody has anything."""
    found = [each for each in archives if each]
    if not found:
        return None
    sums = {name: sum(getattr(each, name) for each in found) for name in ("stored_gib", "charged_gib")}
    return found[0].model_copy(update=sums)

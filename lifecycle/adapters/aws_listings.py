"""The listings of AWS that are searched by name for what is left of a tenant."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lifecycle.decommission.retained import Kind, RemainingResource

_GIB: Final = 2**30


@dataclass(frozen=True)
class Listing:
    """One AWS operation that lists resources of one kind: result key, name fields, size, scheduled end.

    `key` is the way to the list, with dots; `only_of` begins the types of those for whom it is asked at all.
    """

    what: Kind
    service: str
    operation: str
    key: str
    names: tuple[str, ...]
    gib: Callable[[Mapping[str, Any]], int | None] = lambda _: None
    ends: Callable[[Mapping[str, Any]], bool] = lambda _: False
    everywhere: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    only_of: str = ""

    def is_of(self, types: Collection[str]) -> bool:
        """Whether it is asked for who has resources of *types*: few may list what is not everybody's."""
        return any(each.startswith(self.only_of) for each in types) or not self.only_of

    def entries(self, page: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """The list in a page; CloudFront leaves out one that is empty."""
        *way, last = self.key.split(".")
        for name in way:
            page = page[name]
        found: Sequence[Mapping[str, Any]] = page.get(last) or () if way else page[last]
        return found

    def resource(self, each: Mapping[str, Any], region: str) -> RemainingResource:
        """The resource of one entry."""
        name = next(str(each[name]) for name in self.names if each.get(name))
        return RemainingResource(self.what, name, region, self.gib(each), self.ends(each))


def whole_gib(size: Any) -> int | None:
    """Bytes as whole GiB, rounded up."""
    return None if size is None else -(-int(size) // _GIB)


def _allocated(each: Mapping[str, Any]) -> int | None:
    size = each.get("AllocatedStorage")
    return None if size is None else int(size)


LISTINGS: Final = (
    Listing(
        Kind.DATABASE,
        "rds",
        "describe_db_instances",
        "DBInstances",
        ("DBInstanceIdentifier",),
        _allocated,
    ),
    Listing(
        Kind.SNAPSHOT,
        "rds",
        "describe_db_snapshots",
        "DBSnapshots",
        ("DBSnapshotIdentifier", "DBInstanceIdentifier"),
        _allocated,
    ),
    Listing(
        Kind.AUTOMATED_BACKUP,
        "rds",
        "describe_db_instance_automated_backups",
        "DBInstanceAutomatedBackups",
        ("DBInstanceIdentifier",),
        _allocated,
    ),
    Listing(
        Kind.CACHE,
        "elasticache",
        "describe_replication_groups",
        "ReplicationGroups",
        ("ReplicationGroupId",),
        ends=lambda each: each.get("Status") == "deleting",
    ),
    Listing(
        Kind.CACHE_SNAPSHOT,
        "elasticache",
        "describe_snapshots",
        "Snapshots",
        ("SnapshotName", "ReplicationGroupId"),
    ),
    Listing(Kind.CACHE_USER, "elasticache", "describe_users", "Users", ("UserId",)),
    Listing(
        Kind.FILE_SYSTEM,
        "efs",
        "describe_file_systems",
        "FileSystems",
        ("FileSystemId", "Name"),
        lambda each: whole_gib(each.get("SizeInBytes", {}).get("Value")),
        lambda each: each.get("LifeCycleState") in ("deleting", "deleted"),
    ),
    Listing(Kind.DIRECTORY, "efs", "describe_access_points", "AccessPoints", ("AccessPointId", "Name")),
    Listing(Kind.VAULT, "backup", "list_backup_vaults", "BackupVaultList", ("BackupVaultName",)),
    Listing(
        Kind.BACKUP_PLAN,
        "backup",
        "list_backup_plans",
        "BackupPlansList",
        ("BackupPlanName", "BackupPlanId"),
    ),
    Listing(
        Kind.SECRET,
        "secretsmanager",
        "list_secrets",
        "SecretList",
        ("Name", "ARN"),
        ends=lambda each: bool(each.get("DeletedDate")),
        parameters={"IncludePlannedDeletion": True},
    ),
    Listing(
        Kind.LOGS,
        "logs",
        "describe_log_groups",
        "logGroups",
        ("logGroupName",),
        lambda each: whole_gib(each.get("storedBytes")),
    ),
    Listing(Kind.SCHEDULE, "scheduler", "list_schedules", "Schedules", ("Name",)),
    Listing(
        Kind.DISTRIBUTION,
        "cloudfront",
        "list_distributions",
        "DistributionList.Items",
        ("Id",),
        everywhere=True,
        only_of="aws:cloudfront/",
    ),
    Listing(Kind.BUCKET, "s3", "list_buckets", "Buckets", ("Name",), everywhere=True),
    Listing(Kind.ROLE, "iam", "list_roles", "Roles", ("RoleName",), everywhere=True),
)
"""The listings searched by name, besides the tag search; keys have no name and are searched separately."""

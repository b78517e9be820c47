"""Which resources of an account a KMS key encrypts, in the listings that say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from lifecycle.adapters.purge.aws import Aws, is_going, last
from lifecycle.adapters.purge.buckets import bucket_of
from lifecycle.adapters.purge.vaults import points_of
from lifecycle.decommission.retained import Kind
from lifecycle.purge.resource import AccountResource, KeyUser


class _Encrypted(NamedTuple):
    """A listing whose entries name their key: the key of its list, the fields of an entry's name and key."""

    what: Kind
    service: str
    operation: str
    key: str
    name: str
    kms: str = "KmsKeyId"
    parameters: Mapping[str, Any] = {}


_PLANNED: Final = {"IncludePlannedDeletion": True}
_OWN: Final = {"OwnerIds": ["self"]}
_LISTINGS: Final = tuple(
    _Encrypted(*each)
    for each in (
        (Kind.DATABASE, "rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
        (Kind.DATABASE, "rds", "describe_db_clusters", "DBClusters", "DBClusterIdentifier"),
        (Kind.SNAPSHOT, "rds", "describe_db_snapshots", "DBSnapshots", "DBSnapshotIdentifier"),
        (
            Kind.AUTOMATED_BACKUP,
            "rds",
            "describe_db_instance_automated_backups",
            "DBInstanceAutomatedBackups",
            "DBInstanceIdentifier",
        ),
        # A snapshot of a cluster may have the name of one of a server, so it is no SNAPSHOT.
        (
            Kind.OTHER,
            "rds",
            "describe_db_cluster_snapshots",
            "DBClusterSnapshots",
            "DBClusterSnapshotIdentifier",
        ),
        (
            Kind.OTHER,
            "rds",
            "describe_db_cluster_automated_backups",
            "DBClusterAutomatedBackups",
            "DBClusterIdentifier",
        ),
        (
            Kind.CACHE,
            "elasticache",
            "describe_replication_groups",
            "ReplicationGroups",
            "ReplicationGroupId",
        ),
        (
            Kind.CACHE,
            "elasticache",
            "describe_serverless_caches",
            "ServerlessCaches",
            "ServerlessCacheName",
        ),
        (
            Kind.OTHER,
            "elasticache",
            "describe_serverless_cache_snapshots",
            "ServerlessCacheSnapshots",
            "ServerlessCacheSnapshotName",
        ),
        (Kind.CACHE_SNAPSHOT, "elasticache", "describe_snapshots", "Snapshots", "SnapshotName"),
        (Kind.FILE_SYSTEM, "efs", "describe_file_systems", "FileSystems", "FileSystemId"),
        (
            Kind.VAULT,
            "backup",
            "list_backup_vaults",
            "BackupVaultList",
            "BackupVaultName",
            "EncryptionKeyArn",
        ),
        (Kind.SECRET, "secretsmanager", "list_secrets", "SecretList", "Name", "KmsKeyId", _PLANNED),
        (Kind.LOGS, "logs", "describe_log_groups", "logGroups", "logGroupName", "kmsKeyId"),
        (Kind.VOLUME, "ec2", "describe_volumes", "Volumes", "VolumeId"),
        (Kind.OTHER, "ec2", "describe_snapshots", "Snapshots", "SnapshotId", "KmsKeyId", _OWN),
    )
)


def users_of_key(aws: Aws, key: AccountResource) -> Iterator[KeyUser]:
    """Every resource that *key* encrypts, in all regions that are looked at; aliases of it count."""
    aliases = aws.entries("kms", key.region, "list_aliases", "Aliases", KeyId=key.id)
    names = {key.id, key.handle, *(each["AliasName"] for each in aliases)}
    for region in aws.everywhere:
        for named, user in aws.once(_users, region):
            if names & _spelled(named):
                yield user
    for each in list(aws.entries("s3", aws.everywhere[0], "list_buckets", "Buckets")):
        name = str(each["Name"])
        if names & _spelled(aws.once(_bucket_key, name)):
            yield KeyUser(what=Kind.BUCKET, id=name, region="global")


def _bucket_key(aws: Aws, name: str) -> str:
    return bucket_of(aws, name).key()


def _users(aws: Aws, region: str) -> tuple[tuple[str, KeyUser], ...]:
    """What is encrypted in a region, each with the key as its listing spells it."""
    return tuple(_encrypted(aws, region))


def _encrypted(aws: Aws, region: str) -> Iterator[tuple[str, KeyUser]]:
    for listing in _LISTINGS:
        listed = aws.entries(listing.service, region, listing.operation, listing.key, **listing.parameters)
        for each in listed:
            if is_going(each):
                continue
            if each.get("SnapshotType") == "automated":
                continue  # a part of its server's automated backup, which is listed too, and gone with it
            if key := each.get(listing.kms):
                yield str(key), KeyUser(what=listing.what, id=str(each[listing.name]), region=region)
    for each in points_of(aws, region):
        if not is_going(each) and (key := each.get("EncryptionKeyArn")):
            point = last(each["RecoveryPointArn"])
            yield str(key), KeyUser(what=Kind.RECOVERY_POINT, id=point, region=region)


def _spelled(key: str) -> set[str]:
    """A key as an ARN, an id or an alias."""
    return {key, last(key), last(key).removeprefix("key/")} - {""}

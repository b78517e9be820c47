"""Copies of file systems, log groups, secrets and keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from lifecycle.adapters.aws_account import key_ends, pairs
from lifecycle.adapters.aws_listings import whole_gib
from lifecycle.adapters.purge.aws import Aws, Handling, entry, is_going, resource, utc
from lifecycle.adapters.purge.grants import used_by_grant
from lifecycle.decommission.retained import Kind
from lifecycle.purge.ledger import LedgerLine
from lifecycle.purge.resource import AccountResource

_WRITTEN: Final = ("lastIngestionTime", "lastEventTimestamp")
_LAST_WORDS: Final = timedelta(days=1)


def _file_system(aws: Aws, line: LedgerLine) -> AccountResource | None:
    listed = aws.entries("efs", line.region, "describe_file_systems", "FileSystems")
    each = entry(listed, "FileSystemId", line.id)
    if each is None or each.get("LifeCycleState") == "deleted":
        return None
    protection = (each.get("FileSystemProtection") or {}).get("ReplicationOverwriteProtection")
    busy = ""
    if each.get("NumberOfMountTargets"):
        busy = f"it has {each['NumberOfMountTargets']} mount targets"
    elif protection == "REPLICATING":
        busy = "a replication still fills it"
    return resource(
        line,
        line.id,
        each.get("CreationTime"),
        tags=pairs(each.get("Tags")),
        key=each.get("KmsKeyId"),
        gib=whole_gib((each.get("SizeInBytes") or {}).get("Value")),
        ends=is_going(each),
        busy=busy,
    )


def _delete_file_system(aws: Aws, there: AccountResource, _: int) -> str:
    aws.ask("efs", there.region, "delete_file_system", FileSystemId=there.handle)
    return "deleted"


def _logs(aws: Aws, line: LedgerLine) -> AccountResource | None:
    listed = aws.entries("logs", line.region, "describe_log_groups", "logGroups", logGroupNamePrefix=line.id)
    each = entry(listed, "logGroupName", line.id)
    if each is None:
        return None
    arn = str(each["arn"]).removesuffix(":*")
    return resource(
        line,
        line.id,
        each.get("creationTime"),
        tags=aws.ask("logs", line.region, "list_tags_for_resource", resourceArn=arn).get("tags") or None,
        key=each.get("kmsKeyId"),
        gib=whole_gib(each.get("storedBytes")),
        busy="it is protected from deletion" if each.get("deletionProtectionEnabled") else _filled(aws, line),
    )


def _filled(aws: Aws, line: LedgerLine) -> str:
    """Who still writes to a log group: its last words may arrive for a day after the tenant's end."""
    newest = {"orderBy": "LastEventTime", "descending": True, "limit": 1}
    said = aws.ask("logs", line.region, "describe_log_streams", logGroupName=line.id, **newest)
    told = (utc(each.get(name)) for each in said["logStreams"] for name in _WRITTEN)
    written = max((each for each in told if each), default=None)
    if written is None or written <= line.recorded_at + _LAST_WORDS:
        return ""
    return f"it was written to at {written:%Y-%m-%d %H:%M} UTC, after the evidence: look who uses it"


def _delete_logs(aws: Aws, there: AccountResource, _: int) -> str:
    aws.ask("logs", there.region, "delete_log_group", logGroupName=there.handle)
    return "deleted"


def _secret(aws: Aws, line: LedgerLine) -> AccountResource | None:
    listed = aws.entries(
        "secretsmanager", line.region, "list_secrets", "SecretList", IncludePlannedDeletion=True
    )
    each = next((one for one in listed if line.id in {one.get("Name"), one.get("ARN")}), None)
    if each is None:
        return None
    owner = each.get("OwningService")
    return resource(
        line,
        str(each["ARN"]),
        each.get("CreatedDate"),
        tags=pairs(each.get("Tags")),
        key=each.get("KmsKeyId"),
        ends=bool(each.get("DeletedDate")),
        busy=f"{owner} owns it, and deletes it" if owner else "",
    )


def _delete_secret(aws: Aws, there: AccountResource, days: int) -> str:
    aws.ask("secretsmanager", there.region, "delete_secret", SecretId=there.handle, RecoveryWindowInDays=days)
    undo = f"aws secretsmanager restore-secret --region {there.region} --secret-id {there.handle}"
    return f"its deletion is scheduled in {days} days; `{undo}` cancels it"


def _key(aws: Aws, line: LedgerLine) -> AccountResource | None:
    if line.id not in {each["KeyId"] for each in aws.entries("kms", line.region, "list_keys", "Keys")}:
        return None
    each = aws.ask("kms", line.region, "describe_key", KeyId=line.id)["KeyMetadata"]
    listed = aws.entries("kms", line.region, "list_resource_tags", "Tags", KeyId=line.id)
    replicas = (each.get("MultiRegionConfiguration") or {}).get("ReplicaKeys") or ()
    busy = "AWS manages it" if each.get("KeyManager") == "AWS" else ""
    if replicas and each["MultiRegionConfiguration"].get("MultiRegionKeyType") == "PRIMARY":
        busy = f"it has replicas in {', '.join(sorted(one['Region'] for one in replicas))}"
    ends = key_ends(each)
    if not busy and not ends:
        busy = used_by_grant(aws, str(each["Arn"]), line.region)
    return resource(
        line,
        str(each["Arn"]),
        each.get("CreationDate"),
        tags={str(one["TagKey"]): str(one["TagValue"]) for one in listed} or None,
        ends=ends,
        busy=busy,
    )


def _delete_key(aws: Aws, there: AccountResource, days: int) -> str:
    aws.ask("kms", there.region, "schedule_key_deletion", KeyId=there.id, PendingWindowInDays=days)
    undo = f"aws kms cancel-key-deletion --region {there.region} --key-id {there.id}"
    return f"its deletion is scheduled in {days} days; `{undo}` cancels it"


HANDLINGS = {
    Kind.FILE_SYSTEM: Handling(_file_system, _delete_file_system),
    Kind.LOGS: Handling(_logs, _delete_logs),
    Kind.SECRET: Handling(_secret, _delete_secret),
    Kind.KEY: Handling(_key, _delete_key),
}

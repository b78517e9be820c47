"""Snapshots and automated backups of servers that are gone, and snapshots of caches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lifecycle.adapters.aws_account import pairs
from lifecycle.adapters.purge.aws import Aws, Entry, Handling, entry, is_going, last, resource
from lifecycle.decommission.retained import Kind
from lifecycle.purge.ledger import LedgerLine
from lifecycle.purge.resource import AccountResource

_COPIED: Final = ("creating", "copying", "pending")
_EXPORTED: Final = ("starting", "in_progress")
_GONE: Final = ("DBSnapshotNotFound", "DBSnapshotNotFoundFault")
_SNAPSHOTS: Final = ("describe_db_snapshots", "DBSnapshots")
_BACKUPS: Final = ("describe_db_instance_automated_backups", "DBInstanceAutomatedBackups")


def _snapshot(aws: Aws, line: LedgerLine) -> AccountResource | None:
    each = entry(aws.entries("rds", line.region, *_SNAPSHOTS), "DBSnapshotIdentifier", line.id)
    return None if each is None else _snapshot_of(aws, line, each)


def _snapshot_again(aws: Aws, line: LedgerLine, _: AccountResource) -> AccountResource | None:
    said = aws.seek("rds", line.region, _SNAPSHOTS[0], _GONE, DBSnapshotIdentifier=line.id)
    each = entry(iter((said or {}).get("DBSnapshots", ())), "DBSnapshotIdentifier", line.id)
    if each is None:
        return None
    # A copy names the server of its source, in whatever region it is made (AWS CLI, copy-db-snapshot).
    return _snapshot_of(aws, line, each, DBInstanceIdentifier=str(each.get("DBInstanceIdentifier")))


def _snapshot_of(aws: Aws, line: LedgerLine, each: Entry, **of_server: str) -> AccountResource:
    busy, inside = _read_by(aws, str(each.get("DBSnapshotArn")), line.region, of_server), ""
    if is_going(each):
        busy = ""
    elif each.get("Status") != "available":
        busy = f"its status is {each.get('Status')}"
    elif each.get("SnapshotType") == "automated":
        server = line.model_copy(update={"id": str(each.get("DBInstanceIdentifier"))})
        backup = _backup(aws, server)
        inside = backup.handle if backup and not backup.busy else ""
        busy = "" if inside else "its server made it, and deletes it"
    return resource(
        line,
        line.id,
        each.get("SnapshotCreateTime"),
        tags=pairs(each.get("TagList")),
        key=each.get("KmsKeyId"),
        gib=each.get("AllocatedStorage"),
        inside=inside,
        ends=is_going(each),
        busy=busy,
    )


def _read_by(aws: Aws, arn: str, region: str, of_server: Mapping[str, str]) -> str:
    """Whether a copy or an export reads a snapshot now; copies are those *of_server*, where that is given."""
    for where in aws.everywhere:
        for each in aws.entries("rds", where, *_SNAPSHOTS, **of_server):
            if each.get("SourceDBSnapshotIdentifier") == arn and each.get("Status") in _COPIED:
                return f"it is being copied to {each['DBSnapshotIdentifier']} in {where}"
    for each in aws.entries("rds", region, "describe_export_tasks", "ExportTasks"):
        if each.get("SourceArn") == arn and str(each.get("Status")).lower() in _EXPORTED:
            return f"it is being exported by {each['ExportTaskIdentifier']}"
    return ""


def _delete_snapshot(aws: Aws, there: AccountResource, _: int) -> str:
    aws.ask("rds", there.region, "delete_db_snapshot", DBSnapshotIdentifier=there.handle)
    return "deleted"


def _backup(aws: Aws, line: LedgerLine) -> AccountResource | None:
    """A backup that was retained; that of a server which runs is the server's own."""
    listed = aws.entries("rds", line.region, *_BACKUPS)
    mine = [
        each
        for each in listed
        if line.id in {each.get("DBInstanceIdentifier"), last(each.get("DBInstanceAutomatedBackupsArn"))}
    ]
    if not mine:
        return None
    each = next((one for one in mine if one.get("Status") == "retained"), mine[0])
    status = each.get("Status")
    return resource(
        line,
        str(each.get("DBInstanceAutomatedBackupsArn") or each.get("DbiResourceId") or line.id),
        each.get("InstanceCreateTime"),
        tags=pairs(each.get("TagList")),
        key=each.get("KmsKeyId"),
        gib=each.get("AllocatedStorage"),
        ends=is_going(each),
        busy=""
        if status == "retained" or is_going(each)
        else f"its status is {status}: a server still fills it",
    )


def _delete_backup(aws: Aws, there: AccountResource, _: int) -> str:
    name = "DBInstanceAutomatedBackupsArn" if there.handle.startswith("arn:") else "DbiResourceId"
    aws.ask("rds", there.region, "delete_db_instance_automated_backup", **{name: there.handle})
    return "deleted"


def _cache_snapshot(aws: Aws, line: LedgerLine) -> AccountResource | None:
    listed = aws.entries("elasticache", line.region, "describe_snapshots", "Snapshots")
    each = entry(listed, "SnapshotName", line.id)
    if each is None:
        return None
    moments = [
        part["SnapshotCreateTime"]
        for part in each.get("NodeSnapshots") or ()
        if part.get("SnapshotCreateTime")
    ]
    status = each.get("SnapshotStatus")
    return resource(
        line,
        line.id,
        min(moments, default=None),
        tags=aws.tags(str(each.get("ARN") or ""), line.region),
        key=each.get("KmsKeyId"),
        ends=is_going(each),
        busy="" if status == "available" or is_going(each) else f"its status is {status}",
    )


def _delete_cache_snapshot(aws: Aws, there: AccountResource, _: int) -> str:
    aws.ask("elasticache", there.region, "delete_snapshot", SnapshotName=there.handle)
    return "deleted"


HANDLINGS = {
    Kind.SNAPSHOT: Handling(_snapshot, _delete_snapshot, _snapshot_again),
    Kind.AUTOMATED_BACKUP: Handling(_backup, _delete_backup),
    Kind.CACHE_SNAPSHOT: Handling(_cache_snapshot, _delete_cache_snapshot),
}

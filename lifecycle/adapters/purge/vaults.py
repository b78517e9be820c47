"""Backup vaults and their recovery points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lifecycle.adapters.aws_listings import whole_gib
from lifecycle.adapters.purge.aws import Aws, Entry, Handling, entry, is_going, last, resource, utc
from lifecycle.decommission.retained import Kind
from lifecycle.purge.ledger import LedgerLine
from lifecycle.purge.resource import AccountResource

_VAULTS: Final = ("list_backup_vaults", "BackupVaultList")
_POINTS: Final = ("list_recovery_points_by_backup_vault", "RecoveryPoints")
_GONE: Final = ("ResourceNotFoundException",)
_DELETABLE: Final = ("COMPLETED", "EXPIRED", "PARTIAL", "AVAILABLE")


def points_of(aws: Aws, region: str) -> Iterator[Entry]:
    """Every recovery point of a region, with its vault and the lock of that."""
    for vault in list(aws.entries("backup", region, *_VAULTS)):
        name = vault["BackupVaultName"]
        for each in aws.entries("backup", region, *_POINTS, BackupVaultName=name):
            yield {**each, "vault": name, "locked": bool(vault.get("Locked"))}


def lines_within(aws: Aws, line: LedgerLine) -> Iterator[LedgerLine]:
    """The recovery points of a vault, as lines with its day."""
    for each in points_of(aws, line.region):
        if each["vault"] == line.id:
            yield line.point(last(each["RecoveryPointArn"]), whole_gib(each.get("BackupSizeInBytes")))


def _point(aws: Aws, line: LedgerLine) -> AccountResource | None:
    found = (each for each in points_of(aws, line.region) if last(each["RecoveryPointArn"]) == line.id)
    each = next(found, None)
    return None if each is None else _point_of(aws, line, each)


def _point_again(aws: Aws, line: LedgerLine, before: AccountResource) -> AccountResource | None:
    named = {"BackupVaultName": before.inside, "RecoveryPointArn": before.handle}
    each = aws.seek("backup", line.region, "describe_recovery_point", _GONE, **named)
    if each is None:
        return None
    vault = aws.ask("backup", line.region, "describe_backup_vault", BackupVaultName=before.inside)
    there = {**each, "vault": before.inside, "locked": bool(vault.get("Locked"))}
    return _point_of(aws, line, there)


def _point_of(aws: Aws, line: LedgerLine, each: Entry) -> AccountResource:
    arn, status = str(each["RecoveryPointArn"]), each.get("Status")
    return resource(
        line,
        arn,
        each.get("CreationDate"),
        tags=_tags(aws, arn, line.region),
        key=each.get("EncryptionKeyArn"),
        inside=str(each["vault"]),
        gib=whole_gib(each.get("BackupSizeInBytes")),
        held=_held(aws, each, line.region),
        ends=is_going(each),
        busy="" if status in _DELETABLE or is_going(each) else f"its status is {status}",
    )


def _held(aws: Aws, point: Entry, region: str) -> str:
    """What AWS Backup keeps it by: the lock of its vault, or a legal hold."""
    if point["locked"]:
        until = utc((point.get("CalculatedLifecycle") or {}).get("DeleteAt"))
        day = f"until {until:%Y-%m-%d}" if until else "for ever"
        return f"the lock of vault {point['vault']} keeps it {day}"
    for hold in list(aws.entries("backup", region, "list_legal_holds", "LegalHolds")):
        if hold.get("Status") not in {"ACTIVE", "CREATING"}:
            continue
        kept = aws.entries(
            "backup",
            region,
            "list_recovery_points_by_legal_hold",
            "RecoveryPoints",
            LegalHoldId=hold["LegalHoldId"],
        )
        if any(each["RecoveryPointArn"] == point["RecoveryPointArn"] for each in kept):
            return f"a legal hold of AWS Backup is on it: {hold.get('Title')}"
    return ""


def _delete_point(aws: Aws, there: AccountResource, _: int) -> str:
    aws.ask(
        "backup",
        there.region,
        "delete_recovery_point",
        BackupVaultName=there.inside,
        RecoveryPointArn=there.handle,
    )
    return "deleted"


def _vault(aws: Aws, line: LedgerLine) -> AccountResource | None:
    each = entry(aws.entries("backup", line.region, *_VAULTS), "BackupVaultName", line.id)
    if each is None:
        return None
    held = list(aws.entries("backup", line.region, *_POINTS, BackupVaultName=line.id))
    return resource(
        line,
        line.id,
        each.get("CreationDate"),
        tags=_tags(aws, str(each["BackupVaultArn"]), line.region),
        key=each.get("EncryptionKeyArn"),
        contents=len(held),
    )


def _tags(aws: Aws, arn: str, region: str) -> dict[str, str] | None:
    return dict(aws.ask("backup", region, "list_tags", ResourceArn=arn).get("Tags") or {}) or None


def _delete_vault(aws: Aws, there: AccountResource, _: int) -> str:
    aws.ask("backup", there.region, "delete_backup_vault", BackupVaultName=there.handle)
    return "deleted"


HANDLINGS = {
    Kind.RECOVERY_POINT: Handling(_point, _delete_point, _point_again),
    Kind.VAULT: Handling(_vault, _delete_vault),
}

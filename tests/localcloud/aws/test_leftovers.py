"""What outlives a stack is deleted only as AWS lets it be deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

REGION = "eu-central-1"


def refused(code: str) -> Any:
    return pytest.raises(ClientError, match=code)


def point(backup: Any, vault: str, **more: Any) -> str:
    source = "arn:aws:elasticfilesystem:eu-central-1:123456789012:file-system/fs-1"
    role = "arn:aws:iam::123456789012:role/backup"
    made = backup.start_backup_job(BackupVaultName=vault, ResourceArn=source, IamRoleArn=role, **more)
    return str(made["RecoveryPointArn"])


def points(backup: Any, vault: str) -> list[str]:
    listed = backup.list_recovery_points_by_backup_vault(BackupVaultName=vault)["RecoveryPoints"]
    return [each["RecoveryPointArn"] for each in listed]


def test_a_vault_goes_after_its_recovery_points(aws: Callable[[str], Any]) -> None:
    backup = aws("backup")
    backup.create_backup_vault(BackupVaultName="first")
    arn = point(backup, "first", RecoveryPointTags={"cost/tenant": "acme"})
    assert points(backup, "first") == [arn]
    assert backup.list_tags(ResourceArn=arn)["Tags"] == {"cost/tenant": "acme"}
    with refused("InvalidRequestException"):
        backup.delete_backup_vault(BackupVaultName="first")
    backup.delete_recovery_point(BackupVaultName="first", RecoveryPointArn=arn)
    with refused("ResourceNotFoundException"):
        backup.delete_recovery_point(BackupVaultName="first", RecoveryPointArn=arn)
    backup.delete_backup_vault(BackupVaultName="first")
    with refused("ResourceNotFoundException"):
        backup.delete_backup_vault(BackupVaultName="first")


def test_a_lock_and_a_legal_hold_keep_recovery_points(aws: Callable[[str], Any]) -> None:
    backup = aws("backup")
    backup.create_backup_vault(BackupVaultName="locked")
    backup.create_backup_vault(BackupVaultName="held")
    locked, held = point(backup, "locked", Lifecycle={"DeleteAfterDays": 35}), point(backup, "held")
    backup.put_backup_vault_lock_configuration(BackupVaultName="locked", MinRetentionDays=7)
    with refused("vault lock"):
        backup.delete_recovery_point(BackupVaultName="locked", RecoveryPointArn=locked)
    hold = backup.create_legal_hold(
        Title="case 4", Description="-", RecoveryPointSelection={"VaultNames": ["held"]}
    )["LegalHoldId"]
    kept = backup.list_recovery_points_by_legal_hold(LegalHoldId=hold)["RecoveryPoints"]
    assert [each["RecoveryPointArn"] for each in kept] == [held]
    with refused("legal hold"):
        backup.delete_recovery_point(BackupVaultName="held", RecoveryPointArn=held)
    backup.cancel_legal_hold(LegalHoldId=hold, CancelDescription="over")
    assert {each["Status"] for each in backup.list_legal_holds()["LegalHolds"]} == {"CANCELED"}
    backup.delete_recovery_point(BackupVaultName="held", RecoveryPointArn=held)
    assert points(backup, "held") == []


def server(rds: Any, name: str) -> None:
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        Engine="postgres",
        DBInstanceClass="db.t4g.medium",
        AllocatedStorage=20,
        MasterUsername="u",
        MasterUserPassword="password1",
        BackupRetentionPeriod=7,
    )


def backups(rds: Any, name: str) -> list[dict[str, Any]]:
    listed = rds.describe_db_instance_automated_backups(DBInstanceIdentifier=name)
    return list(listed["DBInstanceAutomatedBackups"])


def test_an_automated_backup_goes_by_its_id_once_its_server_is_gone(aws: Callable[[str], Any]) -> None:
    rds = aws("rds")
    server(rds, "mine")
    server(rds, "other")
    (mine,), (other,) = backups(rds, "mine"), backups(rds, "other")
    assert mine["DbiResourceId"] != other["DbiResourceId"]
    with refused("InvalidDBInstanceAutomatedBackupState"):
        rds.delete_db_instance_automated_backup(DbiResourceId=mine["DbiResourceId"])
    with refused("DBInstanceAutomatedBackupNotFound"):
        rds.delete_db_instance_automated_backup(DbiResourceId="mine")
    automated = rds.describe_db_snapshots(DBInstanceIdentifier="mine")["DBSnapshots"][0]
    with refused("InvalidDBSnapshotState"):
        rds.delete_db_snapshot(DBSnapshotIdentifier=automated["DBSnapshotIdentifier"])
    rds.delete_db_instance(
        DBInstanceIdentifier="mine", FinalDBSnapshotIdentifier="mine-final", DeleteAutomatedBackups=False
    )
    (kept,) = backups(rds, "mine")
    assert (kept["Status"], kept["InstanceCreateTime"]) == ("retained", mine["InstanceCreateTime"])
    rds.delete_db_instance_automated_backup(
        DBInstanceAutomatedBackupsArn=kept["DBInstanceAutomatedBackupsArn"]
    )
    assert backups(rds, "mine") == []
    assert len(backups(rds, "other")) == 1
    rds.delete_db_snapshot(DBSnapshotIdentifier="mine-final")
    with refused("DBSnapshotNotFound"):
        rds.delete_db_snapshot(DBSnapshotIdentifier="mine-final")


def test_a_key_waits_for_a_week_to_a_month_and_only_once(aws: Callable[[str], Any]) -> None:
    kms = aws("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    for days in (6, 31):
        with refused("ValidationException"):
            kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=days)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    with refused("KMSInvalidStateException"):
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"


def test_a_bucket_goes_after_its_versions_and_a_legal_hold_keeps_one(aws: Callable[[str], Any]) -> None:
    s3, where = aws("s3"), {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="kept", CreateBucketConfiguration=where, ObjectLockEnabledForBucket=True)
    first = s3.put_object(Bucket="kept", Key="a", Body=b"1", ObjectLockLegalHoldStatus="ON")["VersionId"]
    marker = s3.delete_object(Bucket="kept", Key="a")["VersionId"]
    assert s3.list_objects_v2(Bucket="kept").get("Contents", []) == []
    with refused("BucketNotEmpty"):
        s3.delete_bucket(Bucket="kept")
    one = {"Objects": [{"Key": "a", "VersionId": first}]}
    assert [each["Key"] for each in s3.delete_objects(Bucket="kept", Delete=one)["Errors"]] == ["a"]
    s3.put_object_legal_hold(Bucket="kept", Key="a", VersionId=first, LegalHold={"Status": "OFF"})
    s3.delete_object(Bucket="kept", Key="a", VersionId=first)
    with refused("BucketNotEmpty"):
        s3.delete_bucket(Bucket="kept")
    s3.delete_object(Bucket="kept", Key="a", VersionId=marker)
    s3.delete_bucket(Bucket="kept")


def test_a_grant_says_who_gave_it_and_none_is_given_by_a_key_that_goes(aws: Callable[[str], Any]) -> None:
    kms = aws("kms")
    key = kms.create_key()["KeyMetadata"]
    role = "arn:aws:iam::999999999999:role/reader"
    for wrong, code in (
        ({"GranteePrincipal": "somebody", "Operations": ["Decrypt"]}, "InvalidArnException"),
        ({"GranteePrincipal": role, "Operations": ["Read"]}, "ValidationException"),
    ):
        with refused(code):
            kms.create_grant(KeyId=key["KeyId"], **wrong)
    made = kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=role, Operations=["Decrypt"])["GrantId"]
    (grant,) = kms.list_grants(KeyId=key["Arn"])["Grants"]
    assert (grant["GrantId"], grant["GranteePrincipal"], grant["KeyId"]) == (made, role, key["Arn"])
    assert grant["IssuingAccount"] == f"arn:aws:iam::{key['AWSAccountId']}:root"
    assert grant["CreationDate"]
    kms.revoke_grant(KeyId=key["KeyId"], GrantId=made)
    assert kms.list_grants(KeyId=key["KeyId"])["Grants"] == []
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    with refused("KMSInvalidStateException"):
        kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=role, Operations=["Decrypt"])
    with refused("NotFoundException"):
        kms.list_grants(KeyId="0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a")


def test_a_recovery_point_is_described_in_its_vault_alone(aws: Callable[[str], Any]) -> None:
    backup = aws("backup")
    for name in ("here", "there"):
        backup.create_backup_vault(BackupVaultName=name)
    arn = point(backup, "here")
    said = backup.describe_recovery_point(BackupVaultName="here", RecoveryPointArn=arn)
    assert (said["RecoveryPointArn"], said["Status"]) == (arn, "COMPLETED")
    with refused("ResourceNotFoundException"):
        backup.describe_recovery_point(BackupVaultName="there", RecoveryPointArn=arn)

"""Knows what copies data into another region: automated backups of databases, and file systems."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud.aws.errors import refuse
from localcloud.aws.remembered import remembered
from localcloud.aws.rules import key_exists

if TYPE_CHECKING:
    from localcloud.aws.row import Call


def _source_has_backups(call: Call) -> None:
    """AWS replicates from another region, and only what has automated backups."""
    arn = str(call.new["sourceDbInstanceArn"])
    region, name = arn.split(":")[3], arn.rpartition(":")[2]
    if region == call.region:
        refuse(
            "InvalidParameterValue", f"the source {name} lies in {region} itself; replicate from elsewhere"
        )
    found = call.clients.get("rds", region).describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    if not found["BackupRetentionPeriod"]:
        refuse("InvalidDBInstanceState", f"the source {name} has no automated backups to replicate")
    if found.get("StorageEncrypted") and not call.new.get("kmsKeyId"):
        refuse(
            "InvalidParameterCombination", f"the source {name} is encrypted; name a KMS key in {call.region}"
        )


def _key_is_there(call: Call) -> None:
    destination = call.new["destination"]
    key, region = destination.get("kmsKeyId"), destination.get("region", call.region)
    known = {each["KeyArn"] for each in call.clients.get("kms", region).list_keys()["Keys"]}
    if key and key not in known:
        refuse("ValidationException", f"destination.kmsKeyId {key} does not exist in {region}")


def _replica(call: Call, _made: str) -> dict[str, Any]:
    """EFS makes the destination itself; it stays when the replication ends, and so does its cost."""
    destination, source = dict(call.new["destination"]), str(call.new["sourceFileSystemId"])
    region = str(destination.get("region") or call.region)
    key = {"KmsKeyId": destination["kmsKeyId"]} if destination.get("kmsKeyId") else {}
    made = call.clients.get("efs", region).create_file_system(
        CreationToken=str(uuid.uuid4()), Encrypted=True, **key
    )
    arn = call.arn(f"file-system/{source}", service="elasticfilesystem")
    return {
        "destination": {**destination, "fileSystemId": made["FileSystemId"], "status": "ENABLED"},
        "creationTime": datetime.now(UTC).isoformat(),
        "originalSourceFileSystemArn": arn,
        "sourceFileSystemArn": arn,
        "sourceFileSystemRegion": call.region,
    }


def _source_answers(call: Call) -> None:
    """A replication ends where its source is: while that region is lost, it does not."""
    call.clients.get("efs", call.region).describe_file_systems(MaxItems=1)


ROWS = (
    remembered(
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        service="rds",
        inputs="sourceDbInstanceArn retentionPeriod kmsKeyId preSignedUrl",
        replaces="sourceDbInstanceArn retentionPeriod kmsKeyId preSignedUrl",
        identify=lambda call: call.arn(f"auto-backup:ab-{uuid.uuid4().hex}"),
        before=(_source_has_backups, key_exists("kmsKeyId")),
    ),
    remembered(
        "aws:efs/replicationConfiguration:ReplicationConfiguration",
        service="efs",
        inputs="sourceFileSystemId destination",
        replaces="sourceFileSystemId destination",
        identify=lambda call: str(call.new["sourceFileSystemId"]),
        facts=_replica,
        outputs="creationTime originalSourceFileSystemArn sourceFileSystemArn sourceFileSystemRegion",
        taken="ReplicationAlreadyExists",
        completed="destination",
        before=(_key_is_there,),
        before_end=_source_answers,
    ),
)

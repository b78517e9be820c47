"""A tenant's copies in a second region: the vault and bucket, and their replication."""

from __future__ import annotations

from typing import Any, Final

import pulumi
from pulumi_aws import backup, efs, iam, rds, s3

from components.aws.bucket import BackupBucket
from components.aws.iam import assume_role_policy, role_of
from components.aws.keys import encryption_key
from components.naming import IAM_NAME_LIMIT, component_type, physical_name
from components.places import FileSystemPlace, KeyPlace, ServerPlace
from tiers.facts.every_fact import (
    Bucket,
    BucketReplication,
    DatabaseBackupCopy,
    FileSystemReplica,
    Key,
    RestoreTest,
    VaultCopy,
)

_S3: Final = "s3.amazonaws.com"
# Restore testing allows names of letters, digits and underscores, 50 at most (AWS Backup API).
_TESTING_NAME_LIMIT: Final = 50
# A nightly copy must not be older than a week: then the test must fail, not find an old copy.
_SELECTION_WINDOW_DAYS: Final = 7


class SecondRegion(pulumi.ComponentResource):
    """The place of copies: a key, a bucket with its own lifecycle, a vault.

    It is declared with `in_region`, so all of it is there. The key is the region's own, because a copy
    that needs the first region's key is lost with it.
    """

    def __init__(
        self, name: str, key: Key, bucket: Bucket, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(component_type("SecondRegion"), name, {"region": key.region}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.region = key.region
        self.key = encryption_key(f"{name}-key", f"Copies of {name}", key, child)
        self.bucket = BackupBucket(f"{name}-backups", bucket, self.key, child)
        kept = pulumi.ResourceOptions(parent=self, retain_on_delete=bucket.outlives_tenant or None)
        self.vault = backup.Vault(
            f"{name}-vault", name=physical_name(name), kms_key_arn=self.key.arn, opts=kept
        )
        self.register_outputs({})


class DatabaseCopy(pulumi.ComponentResource):
    """Replication of a server's automated backups; it belongs to the region that receives them."""

    def __init__(
        self,
        name: str,
        fact: DatabaseBackupCopy,
        server: ServerPlace,
        key: KeyPlace,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("DatabaseCopy"), name, fact.model_dump(mode="json"), opts)
        self.replication = rds.InstanceAutomatedBackupsReplication(
            name,
            source_db_instance_arn=server.arn,
            retention_period=fact.retention_days,
            kms_key_id=key.arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # Its id is the ARN of the replicated backups: they have no tags, so the bill is matched by it.
        self.arn = self.replication.id
        self.register_outputs({})


class FileSystemCopy(pulumi.ComponentResource):
    """A replica of a file system, created and kept up to date by EFS.

    EFS creates the replica without the cost tags: its bill lines are recognised by `arn` only. It
    stays when the replication ends, and is writable then. Pulumi's state keeps its id beyond that.
    """

    def __init__(
        self,
        name: str,
        fact: FileSystemReplica,
        file_system: FileSystemPlace,
        key: KeyPlace,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("FileSystemCopy"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        made: pulumi.Input[str] = ""
        if not fact.writable:
            replication = efs.ReplicationConfiguration(
                name,
                source_file_system_id=file_system.id,
                destination={"region": fact.region, "kms_key_id": key.arn},
                opts=child,
            )
            made = replication.destination.apply(lambda known: known.file_system_id or "")
        # A `Stash` keeps the first value that it had: beyond the replication, and no longer than that lasts.
        # Another replication has another replica, and files would be looked for in one that grows old.
        follows = pulumi.ResourceOptions(parent=self, replace_on_changes=None if fact.writable else ["input"])
        self.id: pulumi.Output[str] = pulumi.Stash(f"{name}-id", input=made, opts=follows).output
        self.arn = _replica_arn(file_system, fact.region, self.id)
        self.place = FileSystemPlace(self.id, self.arn)
        self.register_outputs({})


class BucketCopy(pulumi.ComponentResource):
    """Replication of every new object, encrypted with the second region's key; deletions are not copied."""

    def __init__(
        self,
        name: str,
        fact: BucketReplication,
        source: tuple[BackupBucket, KeyPlace],
        destination: SecondRegion,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("BucketCopy"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket, key = source
        trust = assume_role_policy(_S3, "sts:AssumeRole")
        role = role_of(f"{name}-role", physical_name(name, limit=IAM_NAME_LIMIT), trust, child)
        policy = iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=pulumi.Output.json_dumps(
                {"Version": "2012-10-17", "Statement": _may_replicate(bucket, key, destination)}
            ),
            opts=child,
        )
        s3.BucketReplicationConfig(
            name,
            bucket=bucket.bucket.bucket,
            role=role.arn,
            rules=[_everything(destination)],
            # Both buckets must be versioned first, and the role must have its permissions.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[bucket, destination.bucket, policy]),
        )
        self.register_outputs({})


class RestoreTests(pulumi.ComponentResource):
    """AWS Backup restores the newest copy of the files on a schedule, in the region of the copy.

    It proves that the copy can be restored. Whether Odoo starts from it is proven by the restore test of the
    dump.
    """

    def __init__(
        self,
        name: str,
        fact: RestoreTest,
        there: SecondRegion,
        role: iam.Role,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("RestoreTests"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        words = physical_name(name, limit=_TESTING_NAME_LIMIT).replace("-", "_")
        plan = backup.RestoreTestingPlan(
            f"{name}-plan",
            name=words,
            schedule_expression=fact.schedule,
            recovery_point_selection={
                "algorithm": "LATEST_WITHIN_WINDOW",
                "include_vaults": [there.vault.arn],
                "recovery_point_types": ["SNAPSHOT"],
                "selection_window_days": _SELECTION_WINDOW_DAYS,
            },
            opts=child,
        )
        backup.RestoreTestingSelection(
            f"{name}-selection",
            name=words,
            restore_testing_plan_name=plan.name,
            protected_resource_type="EFS",
            protected_resource_arns=["*"],
            iam_role_arn=role.arn,
            validation_window_hours=fact.validation_hours,
            opts=child,
        )
        self.register_outputs({})


def _replica_arn(source: FileSystemPlace, region: str, made: pulumi.Output[str]) -> pulumi.Output[str]:
    account = pulumi.Output.from_input(source.arn).apply(lambda arn: arn.split(":")[4])
    return pulumi.Output.concat("arn:aws:elasticfilesystem:", region, ":", account, ":file-system/", made)


def copy_action(fact: VaultCopy, there: SecondRegion) -> dict[str, Any]:
    """The copy action of a backup plan's rule, into the second region."""
    return {
        "destination_vault_arn": there.vault.arn,
        "lifecycle": {"delete_after": fact.retention_days},
    }


def _everything(there: SecondRegion) -> dict[str, Any]:
    return {
        "id": "everything",
        "status": "Enabled",
        "priority": 1,
        "filter": {"prefix": ""},
        "delete_marker_replication": {"status": "Disabled"},
        "source_selection_criteria": {"sse_kms_encrypted_objects": {"status": "Enabled"}},
        "destination": {
            "bucket": there.bucket.bucket.arn,
            "encryption_configuration": {"replica_kms_key_id": there.key.arn},
        },
    }


def _may_replicate(source: BackupBucket, key: KeyPlace, there: SecondRegion) -> list[dict[str, Any]]:
    here, copy = source.bucket.arn, there.bucket.bucket.arn
    return [
        {
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": here,
        },
        {
            "Effect": "Allow",
            "Action": ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"],
            "Resource": pulumi.Output.concat(here, "/*"),
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateTags"],
            "Resource": pulumi.Output.concat(copy, "/*"),
        },
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key.arn},
        {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": there.key.arn},
    ]

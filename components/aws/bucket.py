"""The bucket of logical backups."""

from __future__ import annotations

from typing import Any, Final

import pulumi
from pulumi_aws import s3

from components.naming import component_type
from components.places import BucketPlace, KeyPlace
from tiers.facts.every_fact import Bucket

DUMPS: Final = "dumps"


class BackupBucket(pulumi.ComponentResource):
    """A private, versioned, encrypted bucket with a lifecycle.

    Backups expire by lifecycle, not by hand. Pulumi chooses the name: bucket names are global.
    """

    def __init__(
        self, name: str, fact: Bucket, key: KeyPlace, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(component_type("BackupBucket"), name, fact.model_dump(mode="json"), opts)
        # With its policy, encryption and lifecycle, without which the bucket would be unprotected.
        child = pulumi.ResourceOptions(parent=self, retain_on_delete=fact.outlives_tenant or None)
        self.bucket = s3.Bucket(
            name,
            force_destroy=False,
            opts=pulumi.ResourceOptions.merge(
                child, pulumi.ResourceOptions(protect=fact.deletion_protection)
            ),
        )
        where: dict[str, Any] = {"bucket": self.bucket.bucket, "opts": child}
        s3.BucketPublicAccessBlock(
            f"{name}-private",
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            **where,
        )
        s3.BucketOwnershipControls(
            f"{name}-ownership", rule={"object_ownership": "BucketOwnerEnforced"}, **where
        )
        s3.BucketServerSideEncryptionConfiguration(f"{name}-encryption", rules=[_encryption(key)], **where)
        s3.BucketVersioning(f"{name}-versioning", versioning_configuration={"status": "Enabled"}, **where)
        s3.BucketLifecycleConfiguration(f"{name}-lifecycle", rules=_lifecycle(fact), **where)
        s3.BucketPolicy(f"{name}-tls", policy=_tls_only(self.bucket), **where)
        self.place = BucketPlace(self.bucket.bucket, self.bucket.arn, key.arn)
        self.register_outputs({"bucket": self.bucket.bucket})


def _encryption(key: KeyPlace) -> dict[str, Any]:
    return {
        "apply_server_side_encryption_by_default": {
            "sse_algorithm": "aws:kms",
            "kms_master_key_id": key.arn,
        },
        "bucket_key_enabled": True,
    }


def _lifecycle(fact: Bucket) -> list[dict[str, Any]]:
    # Only dumps expire by age: a filestore copy that has not changed for a year is still the only copy.
    return [
        {
            "id": "expire-dumps",
            "status": "Enabled",
            "filter": {"prefix": f"{DUMPS}/"},
            **_archive(fact),
            "expiration": {"days": fact.expire_after_days},
        },
        {
            "id": "forget-old-versions",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrent_version_expiration": {"noncurrent_days": fact.noncurrent_days},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        },
    ]


def _archive(fact: Bucket) -> dict[str, Any]:
    """Old dumps change their class. Copies of files do not: any of them may be needed with a new dump."""
    old = fact.archive
    return {"transitions": [{"days": old.after_days, "storage_class": old.storage_class}]} if old else {}


def _tls_only(bucket: s3.Bucket) -> pulumi.Output[str]:
    return pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "TlsOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [bucket.arn, pulumi.Output.concat(bucket.arn, "/*")],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        }
    )

"""Knows the settings of a bucket that are types of their own; the id of each is the bucket's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.aws.errors import refuse
from localcloud.aws.row import Call, Change, Row, fields, names
from localcloud.aws.spelling import pascal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SPELLED = {
    "id": "ID",
    "sseAlgorithm": "SSEAlgorithm",
    "kmsMasterKeyId": "KMSMasterKeyID",
    "rules": "Rules",
    "mfaDelete": "MFADelete",
    "replicaKmsKeyId": "ReplicaKmsKeyID",
}


def _setting(
    kind: str,
    *,
    operation: str,
    inputs: str,
    live: str,
    body: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    undo: Callable[[Call], object] | None = None,
    before: tuple[Callable[[Call], None], ...] = (),
) -> Row:
    """A setting that is put, got and deleted whole.

    Args:
        kind: the type token.
        operation: what follows `put_`, `get_` and `delete_` in the names of its operations.
        inputs: its inputs beside `bucket`.
        live: where they are in the answer of `get_`.
        body: parameters of `put_` from the inputs.
        undo: how it goes, where there is no `delete_`.
        before: what AWS refuses.
    """

    def put(call: Call) -> str:
        bucket = str(call.new["bucket"])
        call.ask(f"put_{operation}", Bucket=bucket, **body(call.new))
        return bucket

    return Row(
        kind=kind,
        service="s3",
        inputs=fields(f"bucket= {inputs}"),
        live=fields(live),
        create=put,
        find=_gets(f"get_{operation}"),
        changes=(Change(names(inputs.replace("=", "")), put),),
        delete=undo or (lambda call: call.ask(f"delete_{operation}", Bucket=call.id)),
        replaces=names("bucket"),
        parse=lambda bucket: {"bucket": bucket},
        before_create=before,
        before_update=before,
        spelled=_SPELLED,
    )


def _gets(operation: str) -> Callable[[Call], Mapping[str, Any] | None]:
    return lambda call: call.seek(operation, Bucket=call.id)


def _lifecycle(inputs: Mapping[str, Any]) -> dict[str, Any]:
    rules = pascal(inputs["rules"], _SPELLED)
    for rule in rules:
        # S3 wants a filter or the older prefix; Terraform sends an empty filter for a rule without one.
        rule.setdefault("Filter", {"Prefix": rule.pop("Prefix", "")})
    return {"LifecycleConfiguration": {"Rules": rules}}


def _encryption(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {"ServerSideEncryptionConfiguration": {"Rules": pascal(inputs["rules"], _SPELLED)}}


def _suspend(call: Call) -> None:
    # A bucket that was versioned once can only be suspended.
    call.ask("put_bucket_versioning", Bucket=call.id, VersioningConfiguration={"Status": "Suspended"})


_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _blocks(inputs: Mapping[str, Any]) -> dict[str, Any]:
    spelled = {name[0].upper() + name[1:]: bool(inputs.get(name)) for name in _BLOCKS}
    return {"PublicAccessBlockConfiguration": spelled}


def _is_versioned(call: Call, bucket: str) -> bool:
    return call.ask("get_bucket_versioning", Bucket=bucket).get("Status") == "Enabled"


def _both_versioned(call: Call) -> None:
    targets = [rule["destination"]["bucket"].rsplit(":", 1)[-1] for rule in call.new["rules"]]
    for bucket in [str(call.new["bucket"]), *targets]:
        if not _is_versioned(call, bucket):
            refuse("InvalidRequest", f"versioning must be Enabled on the bucket {bucket} before replication")


def _replication(inputs: Mapping[str, Any]) -> dict[str, Any]:
    rules = pascal(inputs["rules"], _SPELLED)
    return {"ReplicationConfiguration": {"Role": inputs["role"], "Rules": rules}}


ROWS = (
    _setting(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        operation="bucket_lifecycle_configuration",
        inputs="rules= transitionDefaultMinimumObjectSize=",
        live="rules",
        body=_lifecycle,
        undo=lambda call: call.ask("delete_bucket_lifecycle", Bucket=call.id),
    ),
    _setting(
        "aws:s3/bucketVersioning:BucketVersioning",
        operation="bucket_versioning",
        inputs="versioningConfiguration= mfa=",
        live="versioningConfiguration={status:Status}",
        body=lambda inputs: {"VersioningConfiguration": pascal(inputs["versioningConfiguration"], _SPELLED)},
        undo=_suspend,
    ),
    _setting(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        operation="bucket_encryption",
        inputs="rules=",
        live="rules=ServerSideEncryptionConfiguration.Rules",
        body=_encryption,
    ),
    _setting(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        operation="public_access_block",
        inputs=" ".join(f"{name}=" for name in (*_BLOCKS, "skipDestroy")),
        live=" ".join(
            f"{name}=PublicAccessBlockConfiguration.{name[0].upper()}{name[1:]}" for name in _BLOCKS
        ),
        body=_blocks,
    ),
    _setting(
        "aws:s3/bucketPolicy:BucketPolicy",
        operation="bucket_policy",
        inputs="policy=",
        live="policy",
        body=lambda inputs: {"Policy": inputs["policy"]},
    ),
    _setting(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        operation="bucket_ownership_controls",
        inputs="rule=",
        live="rule=OwnershipControls.Rules[0]",
        body=lambda inputs: {"OwnershipControls": {"Rules": [pascal(inputs["rule"], _SPELLED)]}},
    ),
    _setting(
        "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        operation="bucket_replication",
        inputs="role= rules=",
        # moto returns rules with parts of its own making, so only the role can show drift.
        live="role=ReplicationConfiguration.Role",
        body=_replication,
        before=(_both_versioned,),
    ),
)

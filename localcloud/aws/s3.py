"""Knows buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.aws.errors import refuse
from localcloud.aws.operations import from_key_values, key_values
from localcloud.aws.row import Call, Name, Row, Tags, fields, names

if TYPE_CHECKING:
    from collections.abc import Mapping

_US_EAST_1 = "us-east-1"
_HOSTED_ZONES = {  # https://docs.aws.amazon.com/general/latest/gr/s3.html, website endpoints
    "us-east-1": "Z3AQBSTGFYJSTF",
    "us-east-2": "Z2O1EMRO9K5GLX",
    "us-west-1": "Z2F56UZL2M1ACD",
    "us-west-2": "Z3BJ6K6RIION7M",
    "eu-west-1": "Z1BKCTXD74EZPE",
    "eu-west-2": "Z3GKZC51ZF0DB4",
    "eu-west-3": "Z3R1K369G5AVDG",
    "eu-central-1": "Z21DNDUVLTQW6Q",
    "eu-north-1": "Z3BAZG2TWCNX0D",
}


def _create(call: Call) -> str:
    name = str(call.new["bucket"])
    if _exists(call, name):
        refuse("BucketAlreadyOwnedByYou", f"the bucket {name} exists already; bucket names are unique")
    where = None if call.region == _US_EAST_1 else {"LocationConstraint": call.region}
    call.ask(
        "create_bucket",
        Bucket=name,
        CreateBucketConfiguration=where,
        ObjectLockEnabledForBucket=call.new.get("objectLockEnabled"),
    )
    return name


def _exists(call: Call, name: str) -> bool:
    return call.seek("head_bucket", Bucket=name) is not None


def _find(call: Call) -> Mapping[str, Any] | None:
    return {"Name": call.id} if _exists(call, call.id) else None


def _facts(call: Call, _found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "arn": f"arn:aws:s3:::{call.id}",
        "bucketDomainName": f"{call.id}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{call.id}.s3.{call.region}.amazonaws.com",
        "bucketRegion": call.region,
        "hostedZoneId": _HOSTED_ZONES.get(call.region),
    }


def _delete(call: Call) -> None:
    if call.old.get("forceDestroy"):
        _empty(call)
    call.ask("delete_bucket", Bucket=call.id)


def _empty(call: Call) -> None:
    pages = call.client().get_paginator("list_object_versions").paginate(Bucket=call.id)
    for page in pages:
        held = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if held:
            keys = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in held]
            call.ask("delete_objects", Bucket=call.id, Delete={"Objects": keys, "Quiet": True})


def _read_tags(call: Call, bucket: str, _found: Mapping[str, Any]) -> dict[str, str]:
    tagging = call.seek("get_bucket_tagging", Bucket=bucket)
    return {} if tagging is None else from_key_values(tagging["TagSet"])


def _put_tags(call: Call, bucket: str) -> None:
    # S3 knows a bucket's whole tag set only, not single tags.
    wanted = dict(call.new.get("tags") or {})
    if wanted:
        call.ask("put_bucket_tagging", Bucket=bucket, Tagging={"TagSet": key_values(wanted)})
    else:
        call.ask("delete_bucket_tagging", Bucket=bucket)


ROWS = (
    Row(
        kind="aws:s3/bucket:Bucket",
        service="s3",
        inputs=fields("bucket= forceDestroy= objectLockEnabled="),
        live=fields("bucket=Name"),
        derive=_facts,
        derived=names("arn bucketDomainName bucketRegionalDomainName bucketRegion hostedZoneId"),
        create=_create,
        find=_find,
        delete=_delete,
        replaces=names("bucket bucketPrefix objectLockEnabled"),
        name=Name("bucket", "bucketPrefix", lower=True),
        tags=Tags(
            at_create=lambda _call, _tags: {},
            read=_read_tags,
            add=lambda call, bucket, _: _put_tags(call, bucket),
            remove=lambda call, bucket, _: _put_tags(call, bucket),
            target="id",
            late=True,
        ),
        defaults={"forceDestroy": False, "objectLockEnabled": False},
    ),
)

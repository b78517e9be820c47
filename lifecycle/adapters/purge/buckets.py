"""Buckets, and what lies under a tenant's prefix of the platform's bucket."""

from __future__ import annotations

from lifecycle.adapters.purge.aws import Aws, Handling, resource
from lifecycle.adapters.purge.objects import Bucket
from lifecycle.decommission.retained import Kind
from lifecycle.purge.ledger import LedgerLine
from lifecycle.purge.resource import STORED, AccountResource

_GLOBAL = "global"


def bucket_of(aws: Aws, name: str) -> Bucket:
    """A bucket by its name."""
    return Bucket(aws.client("s3", aws.everywhere[0]), name)


def _stored(aws: Aws, line: LedgerLine) -> AccountResource | None:
    name, _, prefix = line.id.removeprefix("s3://").partition("/")
    if name not in _made(aws):
        return None
    bucket = bucket_of(aws, name)
    found = bucket.looked(prefix)
    if not found.count and not found.markers:
        return None
    return resource(
        line,
        f"{name}/{prefix}",
        None,
        tags=bucket.tags(),
        size_bytes=found.size_bytes,
        contents=found.count,
        newest=found.newest,
        held=found.held,
    )


def _delete_stored(aws: Aws, there: AccountResource, _: int) -> str:
    name, _slash, prefix = there.handle.partition("/")
    return f"deleted {bucket_of(aws, name).empty(prefix)} object versions"


def _bucket(aws: Aws, line: LedgerLine) -> AccountResource | None:
    made = _made(aws).get(line.id)
    if made is None:
        return None
    bucket = bucket_of(aws, line.id)
    found = bucket.looked()
    return resource(
        line.model_copy(update={"region": aws.everywhere[0]}) if line.region == _GLOBAL else line,
        line.id,
        made,
        tags=bucket.tags(),
        key=bucket.key(),
        size_bytes=found.size_bytes,
        contents=found.count,
        newest=found.newest,
        held=found.held,
    )


def _delete_bucket(aws: Aws, there: AccountResource, _: int) -> str:
    bucket = bucket_of(aws, there.handle)
    bucket.abort_uploads()
    count = bucket.empty()
    bucket.delete()
    return f"deleted, with {count} object versions"


def _made(aws: Aws) -> dict[str, object]:
    """When each bucket was made."""
    listed = aws.entries("s3", aws.everywhere[0], "list_buckets", "Buckets")
    return {str(each["Name"]): each.get("CreationDate") for each in listed}


HANDLINGS = {
    **{kind: Handling(_stored, _delete_stored) for kind in STORED},
    Kind.BUCKET: Handling(_bucket, _delete_bucket),
}

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lifecycle.decommission.final_backup import FinalBackups
from lifecycle.errors import LifecycleError
from tests.portfolios import plan_of, tenant
from tiers.inventory import Inventory


class Bucket:
    """As much of S3 as reading dumps takes: objects by key."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def get_paginator(self, _: str) -> Bucket:
        return self

    def paginate(self, *, Prefix: str, **_: Any) -> Iterator[Mapping[str, Any]]:  # noqa: N803 - boto's name
        for key in sorted(self.objects):
            if key.startswith(Prefix):
                yield {"Contents": [{"Key": key}]}  # a page each
        yield {}

    def get_object(self, *, Key: str, **_: Any) -> Mapping[str, Any]:  # noqa: N803 - boto's name
        return {"Body": io.BytesIO(self._object(Key))}

    def head_object(self, *, Key: str, **_: Any) -> Mapping[str, Any]:  # noqa: N803 - boto's name
        return {"ContentLength": len(self._object(Key))}

    def copy(self, source: Mapping[str, str], _: str, key: str) -> None:
        self.objects[key] = self._object(source["Key"])

    def _object(self, key: str) -> bytes:
        if key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": key}}, "GetObject")
        return self.objects[key]

    def dump(self, at: str, last: str = "", size: int = 8, **changes: Any) -> None:
        key = f"dumps/acme/{at}.dump"
        self.objects[key] = b"x" * size
        said = {"dump": f"s3://b/{key}", "dump_bytes": size, "sha256": "ab", "started": at, "last": last}
        self.objects[f"manifests/acme/{at}.json"] = json.dumps({**said, **changes}).encode()


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


def dumps(bucket: Bucket) -> FinalBackups:
    return FinalBackups(bucket, "b", "acme")


def test_the_last_dump_is_the_one_that_bears_the_mark(bucket: Bucket) -> None:
    bucket.dump("2026-11-24T01:00:00Z", "m")
    bucket.dump("2026-11-25T01:00:00Z", "m", 9)
    bucket.dump("2026-11-26T01:00:00Z")
    found = dumps(bucket).last("m")
    assert found is not None
    assert (found.started_at, found.size_bytes) == (datetime(2026, 11, 25, 1, tzinfo=UTC), 9)
    assert dumps(bucket).last("another") is None


def test_results_of_restore_tests_are_no_manifests(bucket: Bucket) -> None:
    bucket.objects["manifests/acme/restore-tests/2026-11-27T01:00:00Z.json"] = b"{}"
    assert dumps(bucket).last("m") is None


def test_a_dump_that_is_not_whole_is_reported(bucket: Bucket) -> None:
    bucket.dump("2026-11-24T01:00:00Z", "m", dump_bytes=9)
    with pytest.raises(LifecycleError, match="has 8 bytes, its manifest says 9: it is incomplete"):
        dumps(bucket).last("m")
    del bucket.objects["dumps/acme/2026-11-24T01:00:00Z.dump"]
    with pytest.raises(LifecycleError, match="s3://b: "):
        dumps(bucket).last("m")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"last": "m"}'])
def test_what_is_no_manifest_is_reported(bucket: Bucket, body: bytes) -> None:
    bucket.objects["manifests/acme/2026-11-24T01:00:00Z.json"] = body
    with pytest.raises(LifecycleError, match="is not a manifest of a backup"):
        dumps(bucket).last("m")


def test_the_export_is_a_copy_of_both(bucket: Bucket) -> None:
    bucket.dump("2026-11-24T01:00:00Z", "m")
    found = dumps(bucket).last("m")
    assert found is not None
    keys = dumps(bucket).export(found, "acme-1")
    assert [bucket.objects[key] for key in keys] == [
        bucket.objects[found.key],
        bucket.objects["manifests/acme/2026-11-24T01:00:00Z.json"],
    ]
    assert all(key.startswith("exports/acme/acme-1/") for key in keys)


def test_where_the_dumps_of_a_tenant_are(bucket: Bucket) -> None:
    plan = plan_of(tenant("acme"))
    inventory = Inventory(plan=plan, cloud_ids={"platform/backup-bucket": "arn:aws:s3:::some-bucket"})
    found = FinalBackups.of(inventory, "acme", bucket)
    assert found is not None
    assert (found.bucket, found.prefix) == ("some-bucket", "acme")
    assert FinalBackups.of(inventory, "nobody", bucket) is None
    with pytest.raises(LifecycleError, match="the inventory has no ARN for it"):
        FinalBackups.of(Inventory(plan=plan, cloud_ids={}), "acme", bucket)

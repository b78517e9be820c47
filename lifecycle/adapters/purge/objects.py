"""Looks at and deletes every version of the objects of a bucket, or under one prefix of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from lifecycle.errors import LifecycleError

_AT_ONCE: Final = 1000
"""How many versions DeleteObjects takes (S3 API Reference)."""


@dataclass(frozen=True)
class StoredObjects:
    """The versions under a prefix; an empty *prefix* is the whole bucket.

    Attributes:
        count: Object versions; delete markers hold nothing and are not counted.
        size_bytes: Their bytes.
        newest: When the newest was written, in UTC; None when there is none.
        markers: Delete markers, which a rule of the bucket may make at any time.
        held: Which of them Object Lock keeps, as a sentence; '' for none.
    """

    count: int = 0
    size_bytes: int = 0
    newest: datetime | None = None
    markers: int = 0
    held: str = ""


@dataclass
class Bucket:
    """One bucket.

    Attributes:
        client: Of S3.
    """

    client: Any
    name: str
    _locked: bool | None = field(default=None)

    def looked(self, prefix: str = "") -> StoredObjects:
        """What is under *prefix*.

        Raises:
            LifecycleError: When S3 does not answer.
        """
        count = size = markers = 0
        newest: datetime | None = None
        held = ""
        for page in self._pages(prefix):
            markers += len(page.get("DeleteMarkers", ()))
            for each in page.get("Versions", ()):
                count, size = count + 1, size + int(each["Size"])
                written = each["LastModified"].astimezone(UTC)
                newest = written if newest is None else max(newest, written)
                held = held or self._held(each)
        return StoredObjects(count, size, newest, markers, held)

    def folders(self, prefix: str) -> Iterator[str]:
        """The names between *prefix* and the next slash, also where only old versions are left."""
        for page in self._pages(prefix, Delimiter="/"):
            for each in page.get("CommonPrefixes", ()):
                yield str(each["Prefix"]).removeprefix(prefix).rstrip("/")

    def empty(self, prefix: str = "") -> int:
        """Delete every version under *prefix*, and every delete marker; how many.

        Raises:
            LifecycleError: When S3 refuses one; those before it are gone.
        """
        deleted = 0
        every = (
            {"Key": each["Key"], "VersionId": each["VersionId"]}
            for page in self._pages(prefix)
            for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        )
        while batch := list(islice(every, _AT_ONCE)):
            answer = self._ask("delete_objects", Delete={"Objects": batch, "Quiet": True})
            if errors := answer.get("Errors"):
                first = errors[0]
                raise LifecycleError(
                    f"s3://{self.name}/{first.get('Key')}: was not deleted: "
                    f"{first.get('Message') or first.get('Code')}"
                )
            deleted += len(batch)
        return deleted

    def abort_uploads(self) -> None:
        """End uploads that were begun and not finished: their parts bill."""
        for each in self._ask("list_multipart_uploads").get("Uploads", ()):
            self._ask("abort_multipart_upload", Key=each["Key"], UploadId=each["UploadId"])

    def tags(self) -> dict[str, str]:
        """The tags of the bucket."""
        found = self._seek("get_bucket_tagging", "NoSuchTagSet")
        return {str(each["Key"]): str(each["Value"]) for each in (found or {}).get("TagSet", ())}

    def key(self) -> str:
        """The KMS key that encrypts new objects; '' for none."""
        missing = "ServerSideEncryptionConfigurationNotFoundError"
        found = self._seek("get_bucket_encryption", missing) or {}
        for rule in found.get("ServerSideEncryptionConfiguration", {}).get("Rules", ()):
            if key := rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID"):
                return str(key)
        return ""

    def delete(self) -> None:
        """Delete the bucket, which must be empty."""
        self._ask("delete_bucket")

    def _held(self, version: Mapping[str, Any]) -> str:
        """Whether Object Lock keeps a version: a legal hold, or a day that has not come."""
        if not self._has_lock():
            return ""
        said = self._ask("head_object", Key=version["Key"], VersionId=version["VersionId"])
        where = f"s3://{self.name}/{version['Key']}"
        if said.get("ObjectLockLegalHoldStatus") == "ON":
            return f"a legal hold of S3 Object Lock is on {where}"
        until = said.get("ObjectLockRetainUntilDate")
        now = parsedate_to_datetime(said["ResponseMetadata"]["HTTPHeaders"]["date"])  # by the clock of S3
        if until is not None and until > now:
            return f"S3 Object Lock keeps {where} until {until:%Y-%m-%d}"
        return ""

    def _has_lock(self) -> bool:
        if self._locked is None:
            missing = "ObjectLockConfigurationNotFoundError"
            found = self._seek("get_object_lock_configuration", missing) or {}
            configured = found.get("ObjectLockConfiguration", {})
            self._locked = configured.get("ObjectLockEnabled") == "Enabled"
        return self._locked

    def _pages(self, prefix: str, **more: str) -> Iterator[Mapping[str, Any]]:
        try:
            pages = self.client.get_paginator("list_object_versions")
            yield from pages.paginate(Bucket=self.name, Prefix=prefix, **more)
        except (ClientError, BotoCoreError) as error:
            raise self._failure(error) from None

    def _seek(self, operation: str, missing: str) -> Any:
        """The answer; None where S3 says that there is no such setting."""
        try:
            return getattr(self.client, operation)(Bucket=self.name)
        except ClientError as error:
            if error.response["Error"].get("Code") == missing:
                return None
            raise self._failure(error) from None
        except BotoCoreError as error:
            raise self._failure(error) from None

    def _ask(self, operation: str, **parameters: Any) -> Any:
        try:
            return getattr(self.client, operation)(Bucket=self.name, **parameters)
        except (ClientError, BotoCoreError) as error:
            raise self._failure(error) from None

    def _failure(self, error: Exception) -> LifecycleError:
        return LifecycleError(f"s3://{self.name}: {' '.join(str(error).split())}")

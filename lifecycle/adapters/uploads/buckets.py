"""Buckets of S3 that an upload is read from and put into.

Read with ranges, so that the list of a zip is read without the zip, and as the version that was opened.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, BinaryIO, Final

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from allocation.adapters.deliveries.bucket import bucket_and_key, told
from lifecycle.errors import LifecycleError

_READ_BYTES: Final = 8 << 20
_MOST_DELETED: Final = 1000
_SUM: Final = "costack-sha256"
_CONNECTIONS: Final = 32


def client_of(region: str | None = None) -> Any:
    """A client of S3 in *region*, else in that of the environment."""
    make: Any = boto3.client
    config = Config(retries={"mode": "standard", "max_attempts": 8}, max_pool_connections=_CONNECTIONS)
    return make("s3", region_name=region, config=config)


@dataclass(frozen=True)
class RemoteFile:
    """An object of S3 as a file that is uploaded; a `lifecycle.uploads.source.Source`."""

    client: Any
    bucket: str
    key: str
    name: str
    size: int
    modified: datetime
    tag: str

    @classmethod
    def of(cls, address: str) -> RemoteFile:
        """The object at `s3://bucket/key`.

        Raises:
            AllocationError: When it cannot be read.
        """
        bucket, key = bucket_and_key(address)
        with told(address):
            client = client_of()
            found = client.head_object(Bucket=bucket, Key=key)
        modified = found["LastModified"].replace(microsecond=0)
        return cls(client, bucket, key, address, found["ContentLength"], modified, found["ETag"])

    def reader(self) -> BinaryIO:
        """It, to be read at any place."""
        return io.BufferedReader(_Ranges(self), _READ_BYTES)


class _Ranges(io.RawIOBase):
    def __init__(self, file: RemoteFile) -> None:
        self._file, self._at = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, into: Any, /) -> int:
        file = self._file
        last = min(self._at + len(into), file.size) - 1
        if last < self._at:
            return 0
        with told(file.name):
            asked = f"bytes={self._at}-{last}"
            found = file.client.get_object(Bucket=file.bucket, Key=file.key, Range=asked, IfMatch=file.tag)
            part = found["Body"].read()
        into[: len(part)] = part
        self._at += len(part)
        return len(part)


@dataclass(frozen=True)
class UploadBucket:
    """The bucket that uploads are put into; a `lifecycle.uploads.placing.Bucket`.

    Raises:
        LifecycleError: From every method, when AWS refuses or cannot be asked.
    """

    region: str
    bucket: str

    @cached_property
    def _client(self) -> Any:
        return client_of(self.region)

    def sizes(self, prefix: str) -> Mapping[str, int]:
        """Key -> bytes of what lies below *prefix*."""
        with self._told(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return {each["Key"]: each["Size"] for page in pages for each in page.get("Contents", ())}

    def sum_of(self, key: str) -> str | None:
        """The SHA-256 that an object was put with; None where there is none."""
        with self._told(key):
            if key not in self.sizes(key):
                return None  # who may not list would be told 403 in place of 404
            found = self._client.head_object(Bucket=self.bucket, Key=key)["Metadata"].get(_SUM)
        return None if found is None else str(found)

    def put(self, key: str, contents: BinaryIO | bytes, sha256: str = "") -> None:
        """Put an object; a file in parts, side by side."""
        with self._told(key):
            if isinstance(contents, bytes):
                self._client.put_object(Bucket=self.bucket, Key=key, Body=contents)
            else:
                more = {"Metadata": {_SUM: sha256}} if sha256 else {}
                self._client.upload_fileobj(contents, self.bucket, key, ExtraArgs=more)

    def delete(self, keys: list[str]) -> None:
        """Delete objects; older versions go as the bucket's lifecycle says."""
        for at in range(0, len(keys), _MOST_DELETED):
            listed = [{"Key": key} for key in keys[at : at + _MOST_DELETED]]
            with self._told(listed[0]["Key"]):
                done = self._client.delete_objects(
                    Bucket=self.bucket, Delete={"Objects": listed, "Quiet": True}
                )
            for error in done.get("Errors", ()):
                raise LifecycleError(f"s3://{self.bucket}/{error['Key']}: not deleted: {error['Code']}")

    @contextmanager
    def _told(self, key: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "no reason")
            raise LifecycleError(
                f"s3://{self.bucket}/{key}: AWS refuses: {code}. The credentials in use need s3:ListBucket, "
                "s3:PutObject, s3:GetObject and s3:DeleteObject there, and kms:GenerateDataKey and "
                "kms:Decrypt of the bucket's key; the same command goes on"
            ) from None
        except (Boto3Error, BotoCoreError) as error:
            raise LifecycleError(
                f"s3://{self.bucket}/{key}: S3 cannot be asked ({type(error).__name__}): check credentials "
                "and network; the same command goes on"
            ) from None

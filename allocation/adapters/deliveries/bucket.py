"""A bucket of S3 as a place, and its failures in one sentence each.

Read with boto3, as all that asks AWS here is: the credentials are found as by every other command
(environment, profile, role), nothing has to be installed first, and each object is fetched once, as the
version that was listed. DuckDB's httpfs has to be downloaded before its first use, and would read an object
again in every pass, so that it could change in between; pyarrow would be a second reader of Parquet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from allocation.adapters.deliveries.place import BEGIN_BYTES, MAX_MANIFEST_BYTES, Entry
from allocation.errors import AllocationError, InputError

SCHEME: Final = "s3://"
_CHUNK: Final = 1 << 20
_CONNECTIONS: Final = 16
# Error code, or HTTP status, of S3 -> what it means for whoever runs the command. The message that S3 sends
# is not shown: it may name keys and users of another account.
_SENTENCES: Final = (
    (
        ("NoSuchBucket",),
        "there is no such bucket",
    ),
    (
        ("AccessDenied", "AllAccessDisabled", "AccountProblem", "403"),
        (
            "access is denied: the credentials in use need s3:ListBucket on the bucket, s3:GetObject on what "
            "is in it, and kms:Decrypt where it is encrypted with a key"
        ),
    ),
    (
        (
            "ExpiredToken",
            "ExpiredTokenException",
            "InvalidAccessKeyId",
            "InvalidToken",
            "RequestTimeTooSkewed",
            "SignatureDoesNotMatch",
            "TokenRefreshRequired",
        ),
        "AWS does not take the credentials in use: sign in again, or set AWS_PROFILE",
    ),
    (
        ("PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "301", "307"),
        "the bucket lies in another region: set AWS_REGION to that of the bucket",
    ),
    (
        ("PreconditionFailed", "412"),
        "it changed while it was read: run the command again when the delivery is complete",
    ),
    (
        ("NoSuchKey", "404"),
        "it is not there any more: run the command again when the delivery is complete",
    ),
    (
        ("InvalidObjectState",),
        "it is archived: restore it first",
    ),
)
_CONNECTION: Final = "check the network, AWS_REGION and AWS_ENDPOINT_URL"
_NO_CREDENTIALS: Final = frozenset(
    {
        "NoCredentialsError",
        "PartialCredentialsError",
        "ProfileNotFound",
        "CredentialRetrievalError",
        "SSOTokenLoadError",
        "TokenRetrievalError",
        "UnauthorizedSSOTokenError",
        "NoAuthTokenError",
        "InvalidConfigError",
        "ConfigParseError",
    }
)


def bucket_and_key(address: str) -> tuple[str, str]:
    """The bucket of `s3://bucket/key`, and the key, which may be empty.

    Raises:
        AllocationError: When *address* names no bucket.

    >>> bucket_and_key("s3://bills/exports/acme/")
    ('bills', 'exports/acme/')
    """
    bucket, _, key = address.removeprefix(SCHEME).partition("/")
    if not bucket:
        raise InputError(f"{address}: expected s3://bucket/prefix, found no bucket")
    return bucket, key


@dataclass(frozen=True)
class Bucket:
    """What lies in *bucket* below *prefix*."""

    bucket: str
    prefix: str = ""
    _asked: dict[str, Entry | None] = field(default_factory=dict, repr=False)

    @cached_property
    def _folder(self) -> str:
        """The prefix as a folder: `bills` is not to find `bills-old`."""
        return f"{self.prefix.rstrip('/')}/" if self.prefix.strip("/") else ""

    @cached_property
    def _client(self) -> Any:
        import boto3  # noqa: PLC0415 - a third of a second, which a local bill does not wait for
        from botocore.config import Config  # noqa: PLC0415

        with told(self.shown("")):
            make: Any = boto3.Session().client
            return make("s3", config=Config(retries={"mode": "standard"}, max_pool_connections=_CONNECTIONS))

    @cached_property
    def _entries(self) -> dict[str, Entry]:
        found = {}
        with told(self.shown("")):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self._folder
            )
            for page in pages:
                for each in page.get("Contents", ()):
                    path = _plain(each["Key"].removeprefix(self._folder))
                    hidden = path.rpartition("/")[2].startswith(".")
                    if path and not hidden and not each["Key"].endswith("/"):
                        found[path] = Entry(path, each["Size"], each["Key"], each["ETag"])
        return dict(sorted(found.items()))

    def entries(self) -> Sequence[Entry]:
        """All objects below the prefix that are not hidden.

        Raises:
            AllocationError: When they cannot be listed.
        """
        return list(self._entries.values())

    def entry(self, path: str) -> Entry | None:
        """The object at *path*; None when there is none.

        Raises:
            AllocationError: When S3 does not say.
        """
        if "_entries" in vars(self):
            return self._entries.get(path)
        if path not in self._asked:
            self._asked[path] = self._head(path)
        return self._asked[path]

    def shown(self, path: str) -> str:
        """The address of *path*."""
        return f"{SCHEME}{self.bucket}/{self._folder}{path}"

    def address(self, entry: Entry) -> str:
        """Its address as Hadoop has it."""
        return f"s3a://{self.bucket}/{entry.key}"

    def begin(self, entry: Entry) -> bytes:
        """Its first bytes; none of an empty object.

        Raises:
            AllocationError: When it cannot be read.
        """
        if not entry.size:
            return b""
        with told(self.shown(entry.path)):
            return bytes(self._get(entry, Range=f"bytes=0-{BEGIN_BYTES - 1}").read(BEGIN_BYTES))

    def text(self, entry: Entry) -> str:
        """The text of a manifest.

        Raises:
            AllocationError: When it cannot be read, or is too large.
        """
        if entry.size > MAX_MANIFEST_BYTES:
            raise InputError(f"{self.shown(entry.path)}: is larger than {MAX_MANIFEST_BYTES:,} bytes")
        with told(self.shown(entry.path)):
            data = self._get(entry).read(MAX_MANIFEST_BYTES + 1)
        try:
            return str(data, "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{self.shown(entry.path)}: is not UTF-8 text (byte {error.start})") from None

    def fetched(self, entry: Entry, at: Path) -> Path:
        """The object as the file *at*, as it was when it was listed.

        Raises:
            AllocationError: When it cannot be read, has changed, or ends early.
        """
        name = self.shown(entry.path)
        written = 0
        try:
            with told(name), at.open("xb") as target:
                for chunk in self._get(entry).iter_chunks(_CHUNK):
                    written += target.write(chunk)
        except OSError as error:
            raise AllocationError(f"{name}: cannot be stored: {error.strerror}") from None
        if written != entry.size:
            raise AllocationError(
                f"{name}: expected {entry.size} bytes, found {written}: run the command again"
            )
        return at

    def _get(self, entry: Entry, **more: str) -> Any:
        return self._client.get_object(Bucket=self.bucket, Key=entry.key, IfMatch=entry.tag, **more)["Body"]

    def _head(self, path: str) -> Entry | None:
        key = f"{self._folder}{path}"
        with told(self.shown(path)):
            try:
                found = self._client.head_object(Bucket=self.bucket, Key=key)
            except self._client.exceptions.ClientError as error:
                if _code(error) not in {"404", "NoSuchKey"}:
                    raise
                return None
        return Entry(path, found["ContentLength"], key, found["ETag"])


@contextmanager
def told(name: str) -> Iterator[None]:
    """Turn what boto3 raises about *name* into a sentence.

    Raises:
        AllocationError: In place of any of boto3's exceptions.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        raise AllocationError(f"{name}: {_meaning(_code(error))}") from None
    except BotoCoreError as error:
        kind = type(error).__name__
        if kind in _NO_CREDENTIALS:
            raise AllocationError(
                f"{name}: no AWS credentials are found: sign in, or set AWS_PROFILE or AWS_ACCESS_KEY_ID"
            ) from None
        if kind == "ParamValidationError":
            raise InputError(f"{name}: expected s3://bucket/prefix, found no name of a bucket") from None
        raise AllocationError(f"{name}: S3 cannot be asked ({kind}): {_CONNECTION}") from None
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise AllocationError(f"{name}: S3 cannot be asked ({reason}): {_CONNECTION}") from None


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _meaning(code: str) -> str:
    for codes, meaning in _SENTENCES:
        if code in codes:
            return meaning
    return f"S3 refuses: {code or 'it gives no reason'}"


def _plain(path: str) -> str:
    """*path* without the empty names that a prefix ending in '/' leaves."""
    return "/".join(part for part in path.split("/") if part)

"""The final backup of a tenant: whether it exists, is complete, and is newer than the last change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from lifecycle.errors import LifecycleError
from lifecycle.restore_test.result import RestoreResult, restore_result
from tiers.facts.every_fact import Bucket, FactId, LogicalBackup
from tiers.inventory import Inventory
from tiers.plan.plan import Plan, facts_of
from tiers.vocabulary import TenantId

_LOOKED_AT: Final = 200
"""How many of the newest manifests are read: more than a month of six-hourly dumps."""


_READ_BYTES: Final = 1 << 20
KINDS: Final = ("dumps", "filestores", "exports", "manifests")
"""What the prefix of a tenant holds in the bucket of backups, by kind."""


@dataclass(frozen=True)
class FinalBackup:
    """A dump as its manifest describes it and the bucket has it.

    Attributes:
        empty: Whether there is no dump, because the job found no table, no large object and no file.
        bucket: The bucket, where it is not the tenant's own; else ''.
        prefix: The tenant's prefix in it.
        kept_days: For how many days S3 keeps a dump in it, older versions included.
    """

    started_at: datetime
    key: str
    sha256: str
    size_bytes: int
    empty: bool = False
    bucket: str = ""
    prefix: str = ""
    kept_days: int = 0


def bucket_name(inventory: Inventory, bucket: FactId) -> str:
    """What S3 calls the bucket of a fact.

    Raises:
        LifecycleError: When the inventory does not name it.
    """
    arn = inventory.cloud_ids.get(bucket)
    if arn is None:
        raise LifecycleError(f"{bucket}: the inventory has no ARN for it; run `pulumi up`, then try again")
    return arn.rpartition(":")[2]


@dataclass(frozen=True)
class FinalBackups:
    """One tenant's part of a bucket of logical backups."""

    client: Any
    bucket: str
    prefix: str
    shared_days: int = 0
    """For how many days the platform's bucket keeps a dump; 0 for a bucket of the tenant's own."""

    @classmethod
    def of(cls, inventory: Inventory, tenant: TenantId, client: Any) -> FinalBackups | None:
        """The backups of *tenant*; None when its offer has none.

        Raises:
            LifecycleError: When the inventory does not name the bucket.
        """
        planned = inventory.plan.tenant(tenant)
        for fact in facts_of(planned.facts if planned else (), LogicalBackup):
            name = bucket_name(inventory, fact.bucket)
            return cls(client, name, fact.prefix, kept_days(inventory.plan, fact.bucket))
        return None

    def last(self, mark: str) -> FinalBackup | None:
        """The newest dump whose manifest has *mark*; None when none of the newest has.

        Raises:
            LifecycleError: When the bucket cannot be read, or the dump does not match its manifest.
        """
        with self._told():
            for key in self._written()[: -_LOOKED_AT - 1 : -1]:
                said = self._manifest(key)
                if said.get("last") == mark:
                    return self._empty(said) if said.get("empty") is True else self._dump(said)
        return None

    def newest(self) -> Mapping[str, Any] | None:
        """The manifest of the newest complete backup; None without one.

        Raises:
            LifecycleError: When the bucket cannot be read, or it is no manifest.
        """
        with self._told():
            written = self._written()
            return self._manifest(written[-1]) if written else None

    def kept(self) -> Mapping[str, Any] | None:
        """How many complete backups the bucket has, and when the oldest and newest began; None of none.

        Raises:
            LifecycleError: When the bucket cannot be read.
        """
        with self._told():
            began = [key.rpartition("/")[2].removesuffix(".json") for key in self._written()]
        return {"oldest": began[0], "newest": began[-1], "count": len(began)} if began else None

    def _written(self) -> list[str]:
        """The keys of manifests, the oldest first; results of tests lie in folders."""
        keys = sorted(self._keys(f"manifests/{self.prefix}/"))
        return [key for key in keys if key.count("/") == 2 and key.endswith(".json")]  # noqa: PLR2004 - so deep

    def reread(self, dump: FinalBackup) -> None:
        """Read all of *dump* and compare it with its manifest.

        Raises:
            LifecycleError: When it cannot be read, or its bytes are others.
        """
        if dump.empty:
            return
        found = hashlib.sha256()
        with self._told(f"/{dump.key}"):
            body = self.client.get_object(Bucket=self.bucket, Key=dump.key)["Body"]
            while part := body.read(_READ_BYTES):
                found.update(part)
        if found.hexdigest() != dump.sha256:
            raise LifecycleError(
                f"s3://{self.bucket}/{dump.key}: its sha256 is {found.hexdigest()}, its manifest says "
                f"{dump.sha256}: it is not the dump that was made"
            )

    def sizes(self) -> Mapping[str, int]:
        """The bytes under the prefix, by kind; kinds without any are left out.

        Raises:
            LifecycleError: When the bucket cannot be read.
        """
        with self._told():
            found = {
                kind: sum(int(each["Size"]) for each in self._objects(f"{kind}/{self.prefix}/"))
                for kind in KINDS
            }
        return {kind: size for kind, size in found.items() if size}

    def export(self, dump: FinalBackup, name: str) -> Sequence[str]:
        """Copy *dump* and its manifest to the client's export folder; the keys.

        Raises:
            LifecycleError: When it cannot be copied.
        """
        made = []
        for key in (dump.key, self._manifest_of(dump)):
            target = f"exports/{self.prefix}/{name}/{key.rpartition('/')[2]}"
            with self._told(f"/{key}"):
                self.client.copy({"Bucket": self.bucket, "Key": key}, self.bucket, target)
            made.append(target)
        return made

    def has(self, keys: Sequence[str]) -> bool:
        """Whether the bucket has all *keys*.

        Raises:
            LifecycleError: When the bucket cannot be read.
        """
        with self._told():
            known = {each for key in keys for each in self._keys(key)}
        return bool(keys) and set(keys) <= known

    def restored_at(self, tenant: TenantId, tried: frozenset[str] | None) -> datetime | None:
        """When a restore test of *tenant* last succeeded; None when none of the newest did.

        Args:
            tenant: Whose results they must be.
            tried: The beginnings of the tests that count; None when all do.

        Raises:
            LifecycleError: When the bucket cannot be read, or holds no result where one should be.
        """
        for result in self.restore_tests(tenant):
            if result.passed and (tried is None or result.started_at in tried):
                return datetime.fromisoformat(result.finished_at)
        return None

    def restore_tests(self, tenant: TenantId) -> Iterator[RestoreResult]:
        """The newest results of restore tests of *tenant*, the newest first.

        Raises:
            LifecycleError: When the bucket cannot be read, or holds no result where one should be.
        """
        return (restore_result(said, tenant) for said in self.results("restore-tests"))

    def results(self, folder: str) -> Iterator[str]:
        """The newest results in *folder* of what was tried with these backups, the newest first.

        Raises:
            LifecycleError: When the bucket cannot be read.
        """
        with self._told():
            for key in sorted(self._keys(f"manifests/{self.prefix}/{folder}/"))[: -_LOOKED_AT - 1 : -1]:
                body = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
                yield body.decode("utf-8", "replace")

    @contextmanager
    def _told(self, path: str = "") -> Iterator[None]:
        """What AWS refuses becomes a sentence that names the bucket, and the object if *path* does."""
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise LifecycleError(f"s3://{self.bucket}{path}: {' '.join(str(error).split())}") from None

    def _keys(self, prefix: str) -> list[str]:
        return [str(each["Key"]) for each in self._objects(prefix)]

    def _objects(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return (each for page in pages for each in page.get("Contents", ()))

    def _manifest(self, key: str) -> Mapping[str, Any]:
        body = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return _manifest(body, f"s3://{self.bucket}/{key}")

    def _dump(self, said: Mapping[str, Any]) -> FinalBackup:
        key = urlsplit(str(said["dump"])).path.lstrip("/")
        size = int(self.client.head_object(Bucket=self.bucket, Key=key)["ContentLength"])
        if size != int(said["dump_bytes"]):
            raise LifecycleError(
                f"s3://{self.bucket}/{key}: has {size} bytes, its manifest says {said['dump_bytes']}: "
                "it is incomplete"
            )
        started, shared = (
            datetime.fromisoformat(str(said["started"])),
            self.bucket if self.shared_days else "",
        )
        where: Any = {"bucket": shared, "prefix": self.prefix, "kept_days": self.shared_days}
        return FinalBackup(started, key, str(said["sha256"]), size, **where)

    @staticmethod
    def _empty(said: Mapping[str, Any]) -> FinalBackup:
        return FinalBackup(datetime.fromisoformat(str(said["started"])), "", "", 0, empty=True)

    def _manifest_of(self, dump: FinalBackup) -> str:
        return f"manifests/{self.prefix}/{dump.key.rpartition('/')[2].removesuffix('.dump')}.json"


def kept_days(plan: Plan, bucket: FactId) -> int:
    """For how many days a bucket of the platform keeps a dump, until its last version is gone; else 0."""
    for fact in facts_of(plan.platform, Bucket):
        if fact.id == bucket:
            return fact.expire_after_days + fact.noncurrent_days
    return 0


def _manifest(body: bytes, where: str) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    wanted = {"dump", "dump_bytes", "sha256", "started"}
    if isinstance(said, dict) and said.get("empty") is True:
        wanted = {"last", "started"}
    if not isinstance(said, dict) or not wanted <= said.keys():
        raise LifecycleError(f"{where}: is not a manifest of a backup")
    return said

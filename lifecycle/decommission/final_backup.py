"""The final backup of a tenant: whether it exists, is complete, and is newer than the last change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from lifecycle.errors import LifecycleError
from lifecycle.restore_test.result import restore_result
from tiers.facts.every_fact import LogicalBackup
from tiers.inventory import Inventory
from tiers.plan.plan import facts_of
from tiers.vocabulary import TenantId

_LOOKED_AT: Final = 200
"""How many of the newest manifests are read: more than a month of six-hourly dumps."""


@dataclass(frozen=True)
class FinalBackup:
    """A dump as its manifest describes it and the bucket has it."""

    started_at: datetime
    key: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class FinalBackups:
    """One tenant's part of a bucket of logical backups."""

    client: Any
    bucket: str
    prefix: str

    @classmethod
    def of(cls, inventory: Inventory, tenant: TenantId, client: Any) -> FinalBackups | None:
        """The backups of *tenant*; None when its offer has none.

        Raises:
            LifecycleError: When the inventory does not name the bucket.
        """
        planned = inventory.plan.tenant(tenant)
        for fact in facts_of(planned.facts if planned else (), LogicalBackup):
            arn = inventory.cloud_ids.get(fact.bucket)
            if arn is None:
                raise LifecycleError(
                    f"{fact.bucket}: the inventory has no ARN for it; run `pulumi up`, then try again"
                )
            return cls(client, arn.rpartition(":")[2], fact.prefix)
        return None

    def last(self, mark: str) -> FinalBackup | None:
        """The newest dump whose manifest has *mark*; None when none of the newest has.

        Raises:
            LifecycleError: When the bucket cannot be read, or the dump does not match its manifest.
        """
        with self._told():
            keys = sorted(self._keys(f"manifests/{self.prefix}/"))
            written = [key for key in keys if key.count("/") == 2 and key.endswith(".json")]  # noqa: PLR2004 - not the tests below
            for key in written[: -_LOOKED_AT - 1 : -1]:
                said = self._manifest(key)
                if said.get("last") == mark:
                    return self._dump(said)
        return None

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
        with self._told():
            for key in sorted(self._keys(f"manifests/{self.prefix}/restore-tests/"))[: -_LOOKED_AT - 1 : -1]:
                body = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
                result = restore_result(body.decode("utf-8", "replace"), tenant)
                if result.passed and (tried is None or result.started_at in tried):
                    return datetime.fromisoformat(result.finished_at)
        return None

    @contextmanager
    def _told(self, path: str = "") -> Iterator[None]:
        """What AWS refuses becomes a sentence that names the bucket, and the object if *path* does."""
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise LifecycleError(f"s3://{self.bucket}{path}: {' '.join(str(error).split())}") from None

    def _keys(self, prefix: str) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [str(each["Key"]) for page in pages for each in page.get("Contents", ())]

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
        return FinalBackup(datetime.fromisoformat(str(said["started"])), key, str(said["sha256"]), size)

    def _manifest_of(self, dump: FinalBackup) -> str:
        return f"manifests/{self.prefix}/{dump.key.rpartition('/')[2].removesuffix('.dump')}.json"


def _manifest(body: bytes, where: str) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict) or not {"dump", "dump_bytes", "sha256", "started"} <= said.keys():
        raise LifecycleError(f"{where}: is not a manifest of a backup")
    return said

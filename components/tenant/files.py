"""A tenant's own file system and bucket, and their copies in a second region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

import pulumi

from components.aws.bucket import BackupBucket
from components.aws.file_system import FileSystemVault, SharedFileSystem
from components.aws.region import in_region
from components.aws.second_region import (
    BucketCopy,
    DatabaseCopy,
    FileSystemCopy,
    RestoreTests,
    SecondRegion,
    copy_action,
)
from components.aws.standby import StandbyServer
from components.naming import numbered, physical_name
from components.places import Administered, BucketPlace, FileSystemPlace, KeyPlace, PlatformPlace
from components.tags.cost_tags import cost_tagged
from components.tenant.backups.rehearsals import rehearsal_role
from tiers.facts.every_fact import (
    Bucket,
    BucketReplication,
    DatabaseBackupCopy,
    DatabaseStandby,
    FactId,
    FactRecord,
    FileSystem,
    FileSystemBackup,
    FileSystemReplica,
    Key,
    LogGroup,
    Rehearsal,
    RestoreTest,
    VaultCopy,
)
from tiers.facts.names import BACKUP_BUCKET, FILE_SYSTEM, FILES_COPY
from tiers.plan.plan import TenantPlan, fact_named, facts_of
from tiers.vocabulary import CostDomain

Kind = TypeVar("Kind", bound=FactRecord)


class Files(NamedTuple):
    """The file systems and buckets for a tenant's files and dumps: the platform's, and its own."""

    file_systems: Mapping[FactId, FileSystemPlace]
    buckets: Mapping[FactId, BucketPlace]
    cloud_ids: dict[FactId, pulumi.Input[str]]
    there: CopiesThere | None = None


class CopiesThere(NamedTuple):
    """What a tenant can start on in its second region: a standby, and a replica of its files."""

    key: KeyPlace
    standby: StandbyServer
    standby_of: FactId
    files: FileSystemPlace
    bucket: BucketPlace


def files_of(
    tenant: TenantPlan,
    platform: PlatformPlace,
    key: KeyPlace,
    servers: Mapping[FactId, Administered],
    child: pulumi.ResourceOptions,
) -> Files:
    """Declare the own file system and bucket of *tenant* under its own *key*, and their copies."""
    return _Declaration(tenant, platform, key, child).files(servers)


class _Declaration:
    """The declaration for one tenant."""

    def __init__(
        self, tenant: TenantPlan, platform: PlatformPlace, key: KeyPlace, child: pulumi.ResourceOptions
    ) -> None:
        self._tenant, self._platform, self._key, self._child = tenant, platform, key, child
        self._tags = tenant.cost_tags(CostDomain.RESILIENCE)
        self._resilient = cost_tagged(self._tags, child)
        self._ids: dict[FactId, pulumi.Input[str]] = {}
        self._second = self._second_region()
        self._standby: StandbyServer | None = None
        self._replica: FileSystemPlace | None = None

    def files(self, servers: Mapping[FactId, Administered]) -> Files:
        file_systems, buckets = (
            {FILE_SYSTEM: self._platform.file_system},
            {BACKUP_BUCKET: self._platform.bucket},
        )
        for own in self._facts(FileSystem):
            name, network = self._named("filestores"), self._platform.network
            made = SharedFileSystem(name, own, network, self._key, self._child).place
            file_systems[own.id], self._ids[own.id] = made, made.arn
            self._back_up(made)
        for fact in self._facts(Bucket):
            if fact.region == self._tenant.region:
                own_bucket = BackupBucket(self._named("backups"), fact, self._key, self._resilient)
                buckets[fact.id], self._ids[fact.id] = own_bucket.place, own_bucket.place.arn
                self._copy_bucket(own_bucket)
        if self._second is not None:
            self._copy(self._second, servers, file_systems)
        there = None
        for standby in self._facts(DatabaseStandby):
            if self._second and self._standby and self._replica:
                there = CopiesThere(
                    self._second.key, self._standby, standby.server, self._replica, self._second.bucket.place
                )
        return Files(file_systems, buckets, self._ids, there)

    def _facts(self, kind: type[Kind]) -> list[Kind]:
        return facts_of(self._tenant.facts, kind)

    def _named(self, part: str) -> str:
        return physical_name(self._platform.name, self._tenant.tenant, part)

    def _there(self, region: str) -> pulumi.ResourceOptions:
        tags = self._tags.model_copy(update={"region": region})
        return in_region(region, cost_tagged(tags, self._child))

    def _second_region(self) -> SecondRegion | None:
        for key in self._facts(Key):
            if key.region == self._tenant.region:
                continue
            (bucket,) = (fact for fact in self._facts(Bucket) if fact.region == key.region)
            made = SecondRegion(self._named("copy"), key, bucket, self._there(key.region))
            self._ids |= {key.id: made.key.arn, bucket.id: made.bucket.place.arn}
            for fact in self._facts(Rehearsal):
                self._rehearse(fact, made.bucket.place)
            return made
        return None

    def _rehearse(self, fact: Rehearsal, copies: BucketPlace) -> None:
        """In the region's own cluster, or in the only one."""
        there = self._platform.second_clusters.get(fact.region)
        cluster = there.cluster if there else self._platform.cluster
        opts = self._there(fact.region) if there else self._resilient
        rehearsal_role(self._named("rehearsal"), fact, cluster, copies, opts)

    def _back_up(self, file_system: FileSystemPlace) -> None:
        for fact in self._facts(FileSystemBackup):
            vault = FileSystemVault(
                self._named("filestores"),
                fact,
                file_system,
                self._key,
                copies=[copy_action(copy, self._second) for copy in self._facts(VaultCopy) if self._second],
                opts=self._resilient,
            )
            self._ids[fact.id] = vault.vault.arn
            for test in self._facts(RestoreTest):
                if self._second is not None:
                    where = self._there(self._second.region)
                    RestoreTests(self._named("restore-test"), test, self._second, vault.role, where)

    def _copy_bucket(self, bucket: BackupBucket) -> None:
        for replication in self._facts(BucketReplication):
            if self._second is not None:
                source = (bucket, self._key)
                BucketCopy(self._named("backups-copy"), replication, source, self._second, self._resilient)

    def _copy(
        self,
        second: SecondRegion,
        servers: Mapping[FactId, Administered],
        file_systems: Mapping[FactId, FileSystemPlace],
    ) -> None:
        for database in self._facts(DatabaseBackupCopy):
            name, server = self._named("postgresql-copy"), servers[database.server].server
            made = DatabaseCopy(name, database, server, second.key, self._there(second.region))
            self._ids[database.id] = made.arn
        for standby in self._facts(DatabaseStandby):
            self._standby = StandbyServer(
                self._named(numbered("postgresql-standby", standby.number)),
                standby,
                logs=fact_named(self._tenant.facts, LogGroup, "standby-logs"),
                source=servers[standby.server].server,
                key=second.key,
                opts=self._there(second.region),
            )
            self._ids[standby.id] = self._standby.instance.arn
        for replica in self._facts(FileSystemReplica):
            name = self._named(numbered(FILES_COPY, replica.number))
            copied = file_systems[replica.file_system]
            copy = FileSystemCopy(name, replica, copied, second.key, self._resilient)
            self._ids[replica.id], self._replica = copy.arn, copy.place
        self._ids |= {copy.id: second.vault.arn for copy in self._facts(VaultCopy)}

"""The physical names that a plan makes in AWS, and which of them AWS would refuse.

A component test compares this list with every name that components really declare.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from tiers.facts.compute import ClusterControlPlane, NodeGroup
from tiers.facts.copies import BucketReplication, DatabaseStandby, RestoreTest
from tiers.facts.data import (
    Bucket,
    CacheGroup,
    CacheSpace,
    DatabaseInstance,
    FileSystem,
    FileSystemBackup,
    Key,
    LogicalBackup,
    TenantDatabase,
)
from tiers.facts.every_fact import (
    FactId,
    FactRecord,
    LogGroup,
    LogShipper,
    RedisExporter,
    Rehearsal,
    RestoredServer,
    UsageExporter,
)
from tiers.facts.names import FILL_SIDE, RESTORED_SERVER, log_group
from tiers.facts.record import Origin
from tiers.naming import CACHE_NAME_LIMIT, IAM_NAME_LIMIT, numbered, physical_name
from tiers.plan.plan import Plan, TenantPlan
from tiers.vocabulary import TenantId

_RANDOM: Final = 8
"""Pulumi ends a name that it chooses in a dash and seven digits (pulumi-terraform-bridge, autonaming)."""
_TESTING_NAME_LIMIT: Final = 50
_EVERYWHERE: Final = "all regions"

SERVER: Final = "RDS instance"
CACHE: Final = "ElastiCache replication group"
CACHE_USERS: Final = "ElastiCache user group"
CACHE_USER: Final = "ElastiCache user"
CREATION: Final = "EFS creation token"
VAULT: Final = "AWS Backup vault"
BACKUP_PLAN: Final = "AWS Backup plan"
SELECTION: Final = "AWS Backup selection"
TESTING: Final = "AWS Backup restore testing plan"
ROLE: Final = "IAM role"
ALIAS: Final = "KMS alias"
LOGS: Final = "CloudWatch log group"
CLUSTER: Final = "EKS cluster"
NODES: Final = "EKS node group"
BUCKET: Final = "S3 bucket"

LIMITS: Final = {
    SERVER: 63,  # RDS API reference, CreateDBInstance
    CACHE: 40,  # ElastiCache API reference, CreateReplicationGroup
    CACHE_USERS: 40,  # as the console and CloudFormation (AWS::ElastiCache::UserGroup) take them
    CACHE_USER: 40,  # the same (AWS::ElastiCache::User)
    CREATION: 64,  # EFS API reference, CreateFileSystem
    VAULT: 50,  # AWS Backup API reference, CreateBackupVault
    BACKUP_PLAN: 50,  # AWS Backup API reference, BackupPlanInput
    SELECTION: 50,  # AWS Backup API reference, BackupSelection
    TESTING: 50,  # AWS Backup API reference, RestoreTestingPlanForCreate
    ROLE: 64,  # IAM API reference, CreateRole
    ALIAS: 256,  # KMS API reference, CreateAlias
    LOGS: 512,  # CloudWatch Logs API reference, CreateLogGroup
    CLUSTER: 100,  # EKS API reference, CreateCluster
    NODES: 63,  # EKS API reference, CreateNodegroup
    BUCKET: 63,  # S3 User Guide, bucket naming rules
}
"""The most characters of each kind of name."""


class Made(NamedTuple):
    """A name that is made in AWS for a fact; one with `random` gets eight more characters, and is unique."""

    kind: str
    name: str
    where: str
    fact: FactId
    tenant: TenantId | None
    random: bool = False

    @property
    def length(self) -> int:
        """How many characters it has in AWS."""
        return len(self.name) + (_RANDOM if self.random else 0)


def names_of(plan: Plan) -> Iterator[Made]:
    """Every name that the plan makes in AWS and that AWS limits."""
    for fact in plan.all_facts():
        if fact.origin is Origin.CREATED:
            base = (plan.portfolio,) if fact.tenant is None else (plan.portfolio, fact.tenant)
            made = _of_part(base, fact) if fact.is_part else _names(base, fact, plan.region)
            for kind, name, where in made:
                yield Made(kind, name, where, fact.id, fact.tenant, kind in (BUCKET, NODES))
    for tenant in plan.tenants:
        if tenant.reads_another or (tenant.failover and tenant.restore):
            kind, name, where = _role(plan.portfolio, tenant.tenant, "refresh")
            yield Made(kind, name, where, f"{tenant.tenant}/{FILL_SIDE}", tenant.tenant)


def too_long(plan: Plan) -> Iterator[Made]:
    """The names that AWS would refuse for their length."""
    return (made for made in names_of(plan) if made.length > LIMITS[made.kind])


def tight(plan: Plan) -> Iterator[str]:
    """A warning for each tenant whose name fits now, and would not on a tier with copies of its own."""
    longest = {tenant.tenant: _longest_with_copies(plan, tenant) for tenant in plan.tenants}
    concerned = {name: made for name, made in longest.items() if made.length > LIMITS[made.kind]}
    refused = {made.tenant for made in too_long(plan)} if concerned else set()
    for name, made in concerned.items():
        if name not in refused:
            yield (
                f"{name}: its name is {made.length - LIMITS[made.kind]} too long for tiers with files of its "
                f"own, where its {made.kind} would have {made.length} characters of {LIMITS[made.kind]}; a "
                "name cannot change later"
            )


def _longest_with_copies(plan: Plan, tenant: TenantPlan) -> Made:
    base = (plan.portfolio, tenant.tenant)
    vault, bucket = physical_name(*base, "filestores"), f"{physical_name(*base, 'copy')}-backups"
    later = (
        Made(VAULT, vault, tenant.region, "", tenant.tenant),
        Made(BUCKET, bucket, tenant.region, "", tenant.tenant, random=True),
    )
    return max(later, key=lambda made: made.length - LIMITS[made.kind])


_Name = tuple[str, str, str]


def _names(base: tuple[str, ...], fact: FactRecord, home: str) -> Iterator[_Name]:
    here = fact.region
    if isinstance(fact, DatabaseInstance):
        yield from _server(physical_name(*base, "postgresql"), here)
        yield _role(*base, "database-admin")
    elif isinstance(fact, RestoredServer):
        yield SERVER, physical_name(physical_name(*base, "postgresql"), RESTORED_SERVER), here
        yield _role(*base, RESTORED_SERVER)
    elif isinstance(fact, DatabaseStandby):
        yield from _server(physical_name(*base, numbered("postgresql-standby", fact.number)), here)
    elif isinstance(fact, CacheGroup | CacheSpace):
        yield from _cache(physical_name(*base, "sessions"), fact)
    elif isinstance(fact, NodeGroup):
        part = fact.name if len(base) == 1 else "nodes"
        yield NODES, physical_name(*base, part), here
    elif isinstance(fact, ClusterControlPlane):
        yield from _cluster(base, fact)
    elif isinstance(fact, Key | Bucket):
        yield _of_region(base, fact, home)
    else:
        yield from _others(base, fact)


def _of_part(base: tuple[str, ...], fact: FactRecord) -> Iterator[_Name]:
    """Roles belong to no region, so those of what a tenant has in its second one say it."""
    roles: dict[type[FactRecord], str] = {TenantDatabase: "database-admin", LogicalBackup: "backup"}
    if type(fact) in roles:
        yield _role(*base, fact.region, roles[type(fact)])
    else:
        yield from _names(base, fact, fact.region)


def _server(name: str, here: str) -> Iterator[_Name]:
    yield SERVER, name, here
    for log in ("postgresql", "upgrade"):
        yield LOGS, f"/aws/rds/instance/{name}/{log}", here


def _cache(name: str, fact: CacheGroup | CacheSpace) -> Iterator[_Name]:
    if isinstance(fact, CacheSpace):
        if fact.user is not None:
            yield CACHE_USER, fact.user, fact.region
        return
    group = physical_name(name, limit=CACHE_NAME_LIMIT)
    yield CACHE, group, fact.region
    if fact.users:
        yield CACHE_USERS, group, fact.region
        yield CACHE_USER, physical_name(name, "default", limit=CACHE_NAME_LIMIT), fact.region


def _cluster(base: tuple[str, ...], fact: ClusterControlPlane) -> Iterator[_Name]:
    yield CLUSTER, fact.cluster, fact.region
    yield LOGS, f"/aws/eks/{fact.cluster}/cluster", fact.region
    for purpose in ("control-plane", "nodes", "efs-driver"):
        yield _role(*base, "cluster", purpose)


def _of_region(base: tuple[str, ...], fact: Key | Bucket, home: str) -> _Name:
    """A key with its alias, or a bucket; in a second region they belong to the place of copies."""
    copy = physical_name(*base, "copy")
    if isinstance(fact, Bucket):
        name = physical_name(*base, "backups") if fact.region == home else f"{copy}-backups"
        return BUCKET, name, fact.region
    if fact.region == home:
        return ALIAS, f"alias/{physical_name(physical_name(*base), 'data')}", fact.region
    return VAULT, copy, fact.region


def _others(base: tuple[str, ...], fact: FactRecord) -> Iterator[_Name]:
    here, files = fact.region, physical_name(*base, "filestores")
    if isinstance(fact, FileSystem):
        yield CREATION, files, here
    elif isinstance(fact, FileSystemBackup):
        for kind in (VAULT, BACKUP_PLAN, SELECTION):
            yield kind, files, here
        yield _role(files)
    elif isinstance(fact, LogGroup) and fact.name == "logs":
        yield LOGS, log_group(*base), here
    elif isinstance(fact, RestoreTest):
        words = physical_name(physical_name(*base, "restore-test"), limit=_TESTING_NAME_LIMIT)
        yield TESTING, words.replace("-", "_"), here
    elif isinstance(fact, RedisExporter):
        yield CACHE_USER, fact.user, here
    elif who := _acts_as(fact):
        yield _role(*base, who)


def _acts_as(fact: FactRecord) -> str:
    """What the role is called by which a fact reads or writes a bucket; '' for one without."""
    if isinstance(fact, LogicalBackup):
        return "backup"
    if isinstance(fact, BucketReplication):
        return "backups-copy"
    if isinstance(fact, Rehearsal):
        return "rehearsal"
    if isinstance(fact, LogShipper):
        return fact.name
    return "usage" if isinstance(fact, UsageExporter) and fact.bucket else ""


def _role(*parts: str) -> _Name:
    return ROLE, physical_name(physical_name(*parts), limit=IAM_NAME_LIMIT), _EVERYWHERE

"""Looks into an AWS account: whose it is, and what it holds of a tenant, by tag and by name.

A tag search finds what was tagged; what AWS makes itself (log groups of a server, final snapshots, retained
backups) or what lost its tags is found by the names that the plan knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lifecycle.decommission.plan import EndingPlan
from lifecycle.decommission.retained import Holding, What
from lifecycle.errors import LifecycleError
from tiers.tags import KEYS

_RETRIES: Final = Config(retries={"max_attempts": 8, "mode": "standard"})
_GIB: Final = 2**30
_BY_SERVICE: Final[Mapping[tuple[str, str], What]] = {
    ("rds", "db"): What.DATABASE,
    ("rds", "snapshot"): What.SNAPSHOT,
    ("rds", "auto-backup"): What.AUTOMATED_BACKUP,
    ("elasticache", "replicationgroup"): What.CACHE,
    ("elasticache", "cluster"): What.CACHE,
    ("elasticache", "snapshot"): What.CACHE_SNAPSHOT,
    ("elasticfilesystem", "file-system"): What.FILE_SYSTEM,
    ("elasticfilesystem", "access-point"): What.DIRECTORY,
    ("s3", ""): What.BUCKET,
    ("kms", "key"): What.KEY,
    ("secretsmanager", "secret"): What.SECRET,
    ("logs", "log-group"): What.LOGS,
    ("iam", "role"): What.ROLE,
    ("backup", "backup-vault"): What.VAULT,
    ("backup", "recovery-point"): What.RECOVERY_POINT,
    ("backup", "backup-plan"): What.BACKUP_PLAN,
    ("scheduler", "schedule"): What.SCHEDULE,
    ("ec2", "volume"): What.VOLUME,
}


@dataclass(frozen=True)
class Listing:
    """One operation that lists things of one kind: under which key, named by what, how large, ending when."""

    what: What
    service: str
    operation: str
    key: str
    names: tuple[str, ...]
    gib: Callable[[Mapping[str, Any]], int | None] = lambda _: None
    ends: Callable[[Mapping[str, Any]], bool] = lambda _: False
    everywhere: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def holding(self, each: Mapping[str, Any], region: str) -> Holding:
        """What is there."""
        name = next(str(each[name]) for name in self.names if each.get(name))
        return Holding(self.what, name, region, self.gib(each), self.ends(each))


def _allocated(each: Mapping[str, Any]) -> int | None:
    size = each.get("AllocatedStorage")
    return None if size is None else int(size)


LISTINGS: Final = (
    Listing(
        What.DATABASE, "rds", "describe_db_instances", "DBInstances", ("DBInstanceIdentifier",), _allocated
    ),
    Listing(
        What.SNAPSHOT,
        "rds",
        "describe_db_snapshots",
        "DBSnapshots",
        ("DBSnapshotIdentifier", "DBInstanceIdentifier"),
        _allocated,
    ),
    Listing(
        What.AUTOMATED_BACKUP,
        "rds",
        "describe_db_instance_automated_backups",
        "DBInstanceAutomatedBackups",
        ("DBInstanceIdentifier",),
        _allocated,
    ),
    Listing(
        What.CACHE,
        "elasticache",
        "describe_replication_groups",
        "ReplicationGroups",
        ("ReplicationGroupId",),
        ends=lambda each: each.get("Status") == "deleting",
    ),
    Listing(
        What.CACHE_SNAPSHOT,
        "elasticache",
        "describe_snapshots",
        "Snapshots",
        ("SnapshotName", "ReplicationGroupId"),
    ),
    Listing(
        What.FILE_SYSTEM,
        "efs",
        "describe_file_systems",
        "FileSystems",
        ("FileSystemId", "Name"),
        lambda each: _gib(each.get("SizeInBytes", {}).get("Value")),
        lambda each: each.get("LifeCycleState") in ("deleting", "deleted"),
    ),
    Listing(What.DIRECTORY, "efs", "describe_access_points", "AccessPoints", ("AccessPointId", "Name")),
    Listing(What.VAULT, "backup", "list_backup_vaults", "BackupVaultList", ("BackupVaultName",)),
    Listing(
        What.BACKUP_PLAN, "backup", "list_backup_plans", "BackupPlansList", ("BackupPlanName", "BackupPlanId")
    ),
    Listing(
        What.SECRET,
        "secretsmanager",
        "list_secrets",
        "SecretList",
        ("Name", "ARN"),
        ends=lambda each: bool(each.get("DeletedDate")),
        parameters={"IncludePlannedDeletion": True},
    ),
    Listing(
        What.LOGS,
        "logs",
        "describe_log_groups",
        "logGroups",
        ("logGroupName",),
        lambda each: _gib(each.get("storedBytes")),
    ),
    Listing(What.SCHEDULE, "scheduler", "list_schedules", "Schedules", ("Name",)),
    Listing(What.BUCKET, "s3", "list_buckets", "Buckets", ("Name",), everywhere=True),
    Listing(What.ROLE, "iam", "list_roles", "Roles", ("RoleName",), everywhere=True),
)
"""What is looked through by name, besides the tag search and keys, which have no name to list by."""


@dataclass
class Account:
    """The account that the credentials in use are of."""

    region: str
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    @cached_property
    def id(self) -> str:
        """Its number.

        Raises:
            LifecycleError: When AWS does not answer or does not know the caller.
        """
        return str(self._ask("sts", self.region, "get_caller_identity")["Account"])

    def holdings(self, plan: EndingPlan) -> tuple[Holding, ...]:
        """Everything that is there of the plan's tenant, in every region it could have something in.

        Raises:
            LifecycleError: When AWS does not answer; half an answer would hide a leak.
        """
        names = _Names.of(plan)
        found: dict[tuple[What, str], Holding] = {}
        for region in plan.regions:
            looked = (self._tagged(plan, region), self._named(names, region), self._keys(names, region))
            for holding in chain.from_iterable(looked):
                # What a listing knows (its size, its end) is more than what the tag search does.
                found[holding.what, holding.id] = _fuller(found.get((holding.what, holding.id)), holding)
        return tuple(found.values())

    def delete_copies(self, plan: EndingPlan) -> list[str]:
        """Delete the file systems that replication filled and that nothing writes to any longer; their ids.

        Raises:
            LifecycleError: When AWS does not do it.
        """
        copies = {each for target in plan.targets for each in target.also}
        deleted = []
        for region in plan.regions:
            for page in self._pages("efs", region, "describe_file_systems"):
                for each in page["FileSystems"]:
                    if each["FileSystemId"] in copies:
                        self._ask("efs", region, "delete_file_system", FileSystemId=each["FileSystemId"])
                        deleted.append(str(each["FileSystemId"]))
        return deleted

    def _tagged(self, plan: EndingPlan, region: str) -> Iterator[Holding]:
        tags = [{"Key": KEYS["tenant"], "Values": [plan.tenant]}]
        pages = self._pages("resourcegroupstaggingapi", region, "get_resources", TagFilters=tags)
        for page in pages:
            for each in page["ResourceTagMappingList"]:
                yield _from_arn(str(each["ResourceARN"]), region)

    def _named(self, names: _Names, region: str) -> Iterator[Holding]:
        """What listings name; a service of the whole account is asked in one region only."""
        for listing in LISTINGS:
            if listing.everywhere and region != self.region:
                continue
            for page in self._pages(listing.service, region, listing.operation, **listing.parameters):
                for each in page[listing.key]:
                    if any(names.has(str(each.get(name) or "")) for name in listing.names):
                        yield listing.holding(each, "global" if listing.everywhere else region)

    def _keys(self, names: _Names, region: str) -> Iterator[Holding]:
        for page in self._pages("kms", region, "list_keys"):
            for each in page["Keys"]:
                if names.has(str(each["KeyId"])):
                    state = self._ask("kms", region, "describe_key", KeyId=each["KeyId"])["KeyMetadata"]
                    waits = state["KeyState"] == "PendingDeletion"
                    yield Holding(What.KEY, str(each["KeyId"]), region, ends=waits)

    def _pages(self, service: str, region: str, operation: str, **parameters: Any) -> Iterator[Any]:
        client = self._client(service, region)
        try:
            if client.can_paginate(operation):
                yield from client.get_paginator(operation).paginate(**parameters)
            else:
                yield getattr(client, operation)(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise _told(service, region, operation, error) from None

    def _ask(self, service: str, region: str, operation: str, **parameters: Any) -> Any:
        try:
            return getattr(self._client(service, region), operation)(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise _told(service, region, operation, error) from None

    def _client(self, service: str, region: str) -> Any:
        made = self._clients.get((service, region))
        if made is None:
            make: Any = boto3.client
            made = self._clients[service, region] = make(service, region_name=region, config=_RETRIES)
        return made


@dataclass(frozen=True)
class _Names:
    """What resources of a tenant are called: exactly, or as the beginning of a longer name."""

    exact: frozenset[str]
    part: re.Pattern[str]

    @classmethod
    def of(cls, plan: EndingPlan) -> _Names:
        ids = {each for target in plan.targets for each in (target.id, target.arn, *target.also) if each}
        # The id of a schedule is its group and its name; it is listed by name, and bears no tag.
        ids |= {t.id.rpartition("/")[2] for t in plan.targets if t.type.startswith("aws:scheduler/")}
        # `local-acme-postgresql-final-…` is acme's, `/odoo/local/acme-staging` another tenant's: a name
        # counts when a resource of the plan has it, alone or with what AWS or this program puts behind it.
        stems = sorted({each for each in ids if re.fullmatch(r"[A-Za-z][\w./-]{5,}", each)}, key=len)
        alternatives = "|".join(map(re.escape, stems)) or r"\A\b\Z"
        return cls(
            frozenset(ids), re.compile(rf"(^|[/:])({alternatives})(-final-\w+|-\d{{4}}-\d\d.*|[/:].*)?$")
        )

    def has(self, name: str) -> bool:
        return name in self.exact or self.part.search(name) is not None


def _fuller(known: Holding | None, other: Holding) -> Holding:
    if known is None:
        return other
    return max(known, other, key=lambda each: (-1 if each.gib is None else each.gib, each.ends))


def _from_arn(arn: str, region: str) -> Holding:
    _, _, service, where, _, resource = (*arn.split(":", 5), "", "", "", "", "")[:6]
    kind, separator, name = re.match(r"([^:/]*)([:/]?)(.*)", resource).groups()  # type: ignore[union-attr]
    if service == "s3":
        return Holding(What.BUCKET, resource, region)
    what = _BY_SERVICE.get((service, kind), What.OTHER)
    if service == "logs":
        name = name.removesuffix(":*")
    return Holding(what, name if separator and what is not What.OTHER else arn, where or region)


def _gib(size: Any) -> int | None:
    return None if size is None else -(-int(size) // _GIB)


def _told(service: str, region: str, operation: str, error: Exception) -> LifecycleError:
    said = " ".join(str(error).split())
    return LifecycleError(f"{service} in {region}: {operation} failed: {said}")

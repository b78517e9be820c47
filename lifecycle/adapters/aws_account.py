"""Searches an AWS account for the remaining resources of a tenant, by tag and by name.

A tag search finds tagged resources. What AWS creates itself (log groups, final snapshots, retained
backups) and what lost its tags is found by the names in the plan.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from lifecycle.adapters.aws_listings import LISTINGS
from lifecycle.decommission.names import Names
from lifecycle.decommission.plan import DecommissionPlan
from lifecycle.decommission.retained import Kind, RemainingResource
from lifecycle.errors import LifecycleError, UnansweredError
from tiers.tags import KEYS

_RETRIES: Final = Config(retries={"max_attempts": 8, "mode": "standard"})
_BY_SERVICE: Final[Mapping[tuple[str, str], Kind]] = {
    ("rds", "db"): Kind.DATABASE,
    ("rds", "snapshot"): Kind.SNAPSHOT,
    ("rds", "auto-backup"): Kind.AUTOMATED_BACKUP,
    ("elasticache", "replicationgroup"): Kind.CACHE,
    ("elasticache", "cluster"): Kind.CACHE,
    ("elasticache", "snapshot"): Kind.CACHE_SNAPSHOT,
    ("elasticache", "user"): Kind.CACHE_USER,
    ("elasticfilesystem", "file-system"): Kind.FILE_SYSTEM,
    ("elasticfilesystem", "access-point"): Kind.DIRECTORY,
    ("s3", ""): Kind.BUCKET,
    ("kms", "key"): Kind.KEY,
    ("secretsmanager", "secret"): Kind.SECRET,
    ("logs", "log-group"): Kind.LOGS,
    ("iam", "role"): Kind.ROLE,
    ("backup", "backup-vault"): Kind.VAULT,
    ("backup", "recovery-point"): Kind.RECOVERY_POINT,
    ("backup", "backup-plan"): Kind.BACKUP_PLAN,
    ("scheduler", "schedule"): Kind.SCHEDULE,
    ("cloudfront", "distribution"): Kind.DISTRIBUTION,
    ("ec2", "volume"): Kind.VOLUME,
}


@dataclass
class Account:
    """The AWS account of the credentials in use."""

    region: str
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    @cached_property
    def id(self) -> str:
        """The account number.

        Raises:
            LifecycleError: When AWS does not answer or refuses the credentials.
        """
        return str(self._ask("sts", self.region, "get_caller_identity")["Account"])

    def remaining(self, plan: DecommissionPlan) -> tuple[RemainingResource, ...]:
        """All resources of the plan's tenant in every region where it may have some.

        Raises:
            LifecycleError: When AWS does not answer; half an answer would hide excess resources.
        """
        names = Names.of(plan)
        found: dict[tuple[Kind, str], RemainingResource] = {}
        for region in plan.regions:
            looked = (self._tagged(plan, region), self._named(names, region), self._keys(names, region))
            for resource in chain.from_iterable(looked):
                # A listing has more details (size, scheduled end) than the tag search.
                found[resource.what, resource.id] = _fuller(found.get((resource.what, resource.id)), resource)
        return tuple(found.values())

    def mark_copies(self, plan: DecommissionPlan, copies: Collection[str]) -> list[str]:
        """Write the tenant's tags on *copies*, which EFS itself made: file systems that replication fills.

        Raises:
            LifecycleError: When AWS refuses.
        """
        tags = [{"Key": key, "Value": value} for key, value in _owner(plan).items()]
        marked = []
        for region, each in self._file_systems(plan, copies):
            self._ask("efs", region, "tag_resource", ResourceId=each["FileSystemId"], Tags=tags)
            marked.append(str(each["FileSystemId"]))
        return marked

    def delete_copies(self, plan: DecommissionPlan) -> list[str]:
        """Delete the file systems that replication has filled and that are no longer written to; their ids.

        Raises:
            LifecycleError: When AWS refuses, or the plan names one whose tags are not the tenant's.
        """
        copies = {each for target in plan.targets for each in target.also}
        found = list(self._file_systems(plan, copies))
        for region, each in found:
            tags = {tag["Key"]: tag["Value"] for tag in each.get("Tags", ())}
            if not _owner(plan).items() <= tags.items():
                raise LifecycleError(
                    f"efs in {region}: the plan names file system {each['FileSystemId']}, and its tags do "
                    f"not say that it is {plan.tenant}'s: it was not deleted; look whose it is, and delete "
                    "it by hand"
                )
        for region, each in found:
            self._ask("efs", region, "delete_file_system", FileSystemId=each["FileSystemId"])
        return [str(each["FileSystemId"]) for _, each in found]

    def _file_systems(self, plan: DecommissionPlan, ids: Collection[str]) -> Iterator[tuple[str, Any]]:
        if not ids:
            return
        for region in plan.regions:
            for page in self._pages("efs", region, "describe_file_systems"):
                for each in page["FileSystems"]:
                    if each["FileSystemId"] in ids:
                        yield region, each

    def tags(self, arn: str, region: str) -> Mapping[str, str] | None:
        """The tags of a resource, as the tag search has them; None where it has none, which says nothing.

        Raises:
            LifecycleError: When AWS does not answer.
        """
        for page in self._pages("resourcegroupstaggingapi", region, "get_resources", ResourceARNList=[arn]):
            for each in page["ResourceTagMappingList"]:
                return pairs(each.get("Tags"))
        return None

    def _tagged(self, plan: DecommissionPlan, region: str) -> Iterator[RemainingResource]:
        tags = [{"Key": KEYS["tenant"], "Values": [plan.tenant]}]
        for page in self._pages("resourcegroupstaggingapi", region, "get_resources", TagFilters=tags):
            for each in page["ResourceTagMappingList"]:
                named = {tag["Value"] for tag in each.get("Tags", ()) if tag["Key"] == KEYS["portfolio"]}
                if named <= {plan.portfolio}:  # two may have a tenant of that name; older resources name none
                    yield _from_arn(str(each["ResourceARN"]), region)

    def _named(self, names: Names, region: str) -> Iterator[RemainingResource]:
        """The resources found by name; global services are listed in one region only."""
        for listing in LISTINGS:
            if (listing.everywhere and region != self.region) or not listing.is_of(names.types):
                continue
            for page in self._pages(listing.service, region, listing.operation, **listing.parameters):
                for each in listing.entries(page):
                    if any(names.has(str(each.get(name) or "")) for name in listing.names):
                        yield listing.resource(each, "global" if listing.everywhere else region)

    def _keys(self, names: Names, region: str) -> Iterator[RemainingResource]:
        for page in self._pages("kms", region, "list_keys"):
            for each in page["Keys"]:
                if names.has(str(each["KeyId"])):
                    state = self._ask("kms", region, "describe_key", KeyId=each["KeyId"])["KeyMetadata"]
                    yield RemainingResource(Kind.KEY, str(each["KeyId"]), region, ends=key_ends(state))

    def _pages(self, service: str, region: str, operation: str, **parameters: Any) -> Iterator[Any]:
        client = self._client(service, region)
        try:
            if client.can_paginate(operation):
                yield from client.get_paginator(operation).paginate(**parameters)
            else:
                yield getattr(client, operation)(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise _failure(service, region, operation, error) from None

    def _ask(self, service: str, region: str, operation: str, **parameters: Any) -> Any:
        return self._seek(service, region, operation, (), **parameters)

    def _seek(
        self, service: str, region: str, operation: str, missing: Collection[str], **parameters: Any
    ) -> Any:
        """One answer; None where AWS says that there is no such thing, by one of these error codes."""
        try:
            return getattr(self._client(service, region), operation)(**parameters)
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error.response["Error"].get("Code") in missing:
                return None
            raise _failure(service, region, operation, error) from None

    def _client(self, service: str, region: str) -> Any:
        made = self._clients.get((service, region))
        if made is None:
            make: Any = boto3.client
            made = self._clients[service, region] = make(service, region_name=region, config=_RETRIES)
        return made


def key_ends(described: Mapping[str, Any]) -> bool:
    """Whether a key waits for its deletion, by DescribeKey; one that waits for its material does not.

    >>> key_ends({"KeyState": "PendingDeletion"}), key_ends({"KeyState": "PendingImport"})
    (True, False)
    """
    return described.get("KeyState") in {"PendingDeletion", "PendingReplicaDeletion"}


def pairs(listed: Any) -> dict[str, str] | None:
    """Tags as AWS lists them; None where it lists none, which says nothing."""
    if not listed:
        return None
    return {str(each["Key"]): str(each["Value"]) for each in listed}


def _owner(plan: DecommissionPlan) -> Mapping[str, str]:
    return {KEYS["portfolio"]: plan.portfolio, KEYS["tenant"]: plan.tenant}


def _fuller(known: RemainingResource | None, other: RemainingResource) -> RemainingResource:
    if known is None:
        return other
    return max(known, other, key=lambda each: (-1 if each.gib is None else each.gib, each.ends))


def _from_arn(arn: str, region: str) -> RemainingResource:
    _, _, service, where, _, resource = (*arn.split(":", 5), "", "", "", "", "")[:6]
    kind, separator, name = re.match(r"([^:/]*)([:/]?)(.*)", resource).groups()  # type: ignore[union-attr]
    if service == "s3":
        return RemainingResource(Kind.BUCKET, resource, region)
    what = _BY_SERVICE.get((service, kind), Kind.OTHER)
    if service == "logs":
        name = name.removesuffix(":*")
    return RemainingResource(what, name if separator and what is not Kind.OTHER else arn, where or region)


def _failure(service: str, region: str, operation: str, error: Exception) -> LifecycleError:
    said = " ".join(str(error).split())
    refused = isinstance(error, ClientError | ParamValidationError)
    kind = LifecycleError if refused else UnansweredError
    return kind(f"{service} in {region}: {operation} failed: {said}")

"""The resources of one tenant in a stack, read from Pulumi's state and never guessed from names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from allocation.adapters.pulumi.stack_state import raw_resources_of
from tiers.deployed import RELEASED
from tiers.errors import CatalogError
from tiers.facts.names import TENANT_STACK
from tiers.vocabulary import Frozen, TenantId

KUBERNETES: Final = "kubernetes:"
"""How the types of Kubernetes begin."""
MARK: Final = "random:index/randomId:RandomId"
"""The type of the mark in the manifest of a final backup."""
_KEEPERS: Final[Mapping[str, str]] = {
    "aws:rds/instance:Instance": "database",
    "aws:efs/fileSystem:FileSystem": "file system",
    "aws:s3/bucket:Bucket": "bucket",
    "aws:kms/key:Key": "key",
    "aws:elasticache/replicationGroup:ReplicationGroup": "sessions",
    "aws:backup/vault:Vault": "backup vault",
    "aws:efs/accessPoint:AccessPoint": "directory",
}
"""Resource types that hold data, or without which data cannot be read."""


class NoSuchTenantError(CatalogError):
    """A state that does not have the tenant, or no longer."""


class Target(Frozen):
    """A resource of a tenant; `id` and `arn` are the cloud's, '' if there is none."""

    urn: str
    type: str
    id: str = ""
    arn: str = ""
    region: str = ""
    also: tuple[str, ...] = ()
    """Ids of resources that it created itself and that its deletion leaves."""
    protect: bool = False
    retained: bool = False
    """Whether Pulumi forgets it without deleting it."""

    @property
    def holds_data(self) -> bool:
        """Whether its deletion loses data."""
        return self.type in _KEEPERS

    @property
    def what(self) -> str:
        """Its plain name."""
        return _KEEPERS.get(self.type, self.type.rpartition(":")[2])


def targets_of(state: Mapping[str, Any], tenant: TenantId, source: str) -> tuple[Target, ...]:
    """The resources of *tenant* in a stack's exported *state*, in the order of their creation.

    Raises:
        NoSuchTenantError: When the state does not have the tenant.
        CatalogError: When it is not a state, or an update was interrupted.
    """
    resources = raw_resources_of(state, source)
    by_urn = {str(each.get("urn")): each for each in resources}
    root = next(
        (
            urn
            for urn, each in by_urn.items()
            if each.get("type") == TENANT_STACK and urn.rpartition("::")[2] == tenant
        ),
        None,
    )
    if root is None:
        raise NoSuchTenantError(f"{source}: has no tenant '{tenant}'; has it been destroyed already?")
    return tuple(_target(each) for each in resources if each.get("custom") and root in _line(each, by_urn))


def is_released(state: Mapping[str, Any], tenant: TenantId) -> bool:
    """Whether the stack has deployed that *tenant* may be removed, as its component says until it is gone."""
    return any(
        each.get("type") == TENANT_STACK
        and str(each.get("urn")).rpartition("::")[2] == tenant
        and (each.get("outputs") or {}).get(RELEASED) is True
        for each in raw_resources_of(state, "state")
    )


def mark_of(state: Mapping[str, Any], tenant: TenantId) -> str | None:
    """The mark in the manifest of the tenant's final backup; None before the tenant is stopped."""
    for each in raw_resources_of(state, "state"):
        if each.get("type") == MARK and str(each.get("urn")).rpartition("::")[2] == f"{tenant}-last":
            return str((each.get("outputs") or {}).get("hex") or "") or None
    return None


def _line(resource: Mapping[str, Any], by_urn: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Its parents, from the nearest to the stack."""
    urn = resource.get("parent")
    while urn:
        yield str(urn)
        urn = by_urn.get(str(urn), {}).get("parent")


def _target(resource: Mapping[str, Any]) -> Target:
    outputs = resource.get("outputs") or {}
    arn = outputs.get("arn")
    region = outputs.get("region")
    return Target(
        urn=str(resource["urn"]),
        type=str(resource["type"]),
        id=str(resource.get("id") or ""),
        arn=arn if isinstance(arn, str) else "",
        region=region if isinstance(region, str) else "",
        also=_made(outputs),
        protect=bool(resource.get("protect")),
        retained=bool(resource.get("retainOnDelete")),
    )


def _made(outputs: Mapping[str, Any]) -> tuple[str, ...]:
    """The destination of a file system replication: it stays, writable, after the end (EFS User Guide)."""
    destination = outputs.get("destination")
    found = destination.get("fileSystemId") if isinstance(destination, dict) else None
    return (found,) if isinstance(found, str) else ()


class Preview(NamedTuple):
    """What an update would delete, replace, and create or update in place, by URN."""

    deletions: frozenset[str]
    replacements: frozenset[str]
    changes: frozenset[str] = frozenset()

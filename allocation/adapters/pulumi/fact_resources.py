"""Finds the resource of the state that a fact is, among those of the fact's tenant or of the platform."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from allocation.adapters.pulumi.resource_sizes import RESOURCES
from allocation.adapters.pulumi.stack_state import StateResource
from tiers.facts.every_fact import Fact, FactId, Key, LogGroup, VaultCopy

Made = dict[FactId, StateResource]
_KEY: Final = RESOURCES[Key].type
_LOG_GROUP: Final = RESOURCES[LogGroup].type
_VAULT: Final = RESOURCES[VaultCopy].type


def resources_by_fact(
    root: StateResource, inside: Iterable[StateResource], facts: Iterable[Fact], region: object
) -> Made:
    """Fact -> its resource, for those that are there.

    Args:
        root: The component of the tenant or of the platform.
        inside: What is below it.
        facts: Those of its plan.
        region: Its own region; a resource elsewhere says its region itself.
    """
    known = tuple(inside)
    owners = {each.urn: each for each in known if not each.custom and "id" in each.inputs}
    found = {**dict(_children(known, owners)), **dict(_log_groups(root, known, owners))}
    for fact in facts:
        if isinstance(fact, Key):
            resources = [each for each in known if each.type == _KEY]
        elif isinstance(fact, VaultCopy) and fact.backup in found:
            resources = [each for each in known if each.type == _VAULT and each.parent not in owners]
        else:
            continue
        found.update((fact.id, each) for each in resources if _in(each, fact, region))
    return found


def _children(
    known: tuple[StateResource, ...], owners: dict[str, StateResource]
) -> Iterator[tuple[FactId, StateResource]]:
    """The child, of its kind's type, of the component that has the fact as inputs."""
    kinds = {kind.model_fields["kind"].default: resource.type for kind, resource in RESOURCES.items()}
    for each in known:
        owner = owners.get(each.parent)
        if owner is not None and each.type == kinds.get(str(owner.inputs.get("kind"))):
            yield str(owner.inputs["id"]), each


def _log_groups(
    root: StateResource, known: tuple[StateResource, ...], owners: dict[str, StateResource]
) -> Iterator[tuple[FactId, StateResource]]:
    """A tenant's own, and those of a server, whose fact has the server's name and `-logs`."""
    for each in known:
        if each.type == _LOG_GROUP and each.parent == root.urn:
            yield f"{root.name}/logs", each
        elif each.type == _LOG_GROUP and each.parent in owners:
            yield f"{owners[each.parent].inputs['id']}-logs", each


def _in(resource: StateResource, fact: Fact, region: object) -> bool:
    where = {**resource.inputs, **resource.outputs}.get("region", region)
    return bool(where == fact.region)

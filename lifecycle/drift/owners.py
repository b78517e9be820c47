"""Whose each resource of a stack is: its cost tags say it, or the component that it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from allocation.adapters.pulumi.stack_state import StateResource
from lifecycle.drift.changes import Change, tags_of
from tiers.facts.names import TENANT_STACK
from tiers.tags import KEYS
from tiers.vocabulary import PLATFORM

_TENANT: Final = KEYS["tenant"]


class Owners:
    """The owner of each resource in the state of a stack: a tenant, or the platform."""

    def __init__(self, resources: Iterable[StateResource]) -> None:
        self._by_urn: dict[str, str] = {}
        for each in resources:  # Pulumi writes a parent before its children
            above = self._by_urn.get(each.parent, PLATFORM)
            told = each.name if each.type == TENANT_STACK else tags_of(each.type, each.inputs).get(_TENANT)
            self._by_urn[each.urn] = told or above

    def of(self, change: Change) -> str:
        """The owner of a changed resource; its own cost tags count first, as they do on a bill."""
        return change.tags.get(_TENANT) or self._by_urn.get(change.urn, PLATFORM)

    def of_urn(self, urn: str) -> str:
        """The owner of a resource of the state."""
        return self._by_urn.get(urn, PLATFORM)

    @property
    def all(self) -> Mapping[str, str]:
        """URN -> owner."""
        return self._by_urn

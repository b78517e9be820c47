"""Knows how Pulumi and AWS spell the same nested value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_FREE_KEYS = frozenset({"recoveryPointTags", "RecoveryPointTags", "tags", "Tags"})
"""Maps whose keys are the user's own words."""


def pascal(value: Any, spelled: Mapping[str, str]) -> Any:
    """AWS's spelling of a nested input, but for the given exceptions.

    >>> pascal([{"noncurrentDays": 3, "id": "a"}], {"id": "ID"})
    [{'NoncurrentDays': 3, 'ID': 'a'}]
    """
    if isinstance(value, dict):
        return {
            spelled.get(key, key[:1].upper() + key[1:]): item if key in _FREE_KEYS else pascal(item, spelled)
            for key, item in value.items()
            if item is not None
        }
    return [pascal(item, spelled) for item in value] if isinstance(value, list) else value


def camel(value: Any, spelled: Mapping[str, str]) -> Any:
    """The inverse of `pascal`, given the same exceptions.

    >>> camel({"ID": "a", "Days": 3}, {"id": "ID"})
    {'id': 'a', 'days': 3}
    """
    back = {api: name for name, api in spelled.items()}

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            return {
                back.get(key, key[:1].lower() + key[1:]): item if key in _FREE_KEYS else walk(item)
                for key, item in node.items()
            }
        return [walk(item) for item in node] if isinstance(node, list) else node

    return walk(value)

"""Which cost tags a registered resource must carry, and where it carries them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.tags.cost_tags import TAGGABLE_TYPES
from tiers.tags import MANDATORY, MANDATORY_FOR_TENANTS

_POD_TEMPLATES = (("template",), ("jobTemplate",), ("jobTemplate", "spec", "template"))


def expected_keys(urn: str) -> frozenset[str]:
    """The keys a resource must carry: a tenant's all of them, the platform's those that apply."""
    return MANDATORY_FOR_TENANTS if "costack:index:TenantStack" in urn else MANDATORY


def label_sets(type_token: str, props: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """The tags of an AWS resource, or the labels of an object and of each pod template in it."""
    if type_token in TAGGABLE_TYPES:
        return [props.get("tags") or {}]
    if "metadata" not in props:
        return []
    spec = props.get("spec") or {}
    inside = [template for path in _POD_TEMPLATES if (template := _at(spec, path))]
    return [(holder.get("metadata") or {}).get("labels") or {} for holder in (props, *inside)]


def _at(node: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        node = (node or {}).get(step)
    return node

"""The rule that everything taggable has valid cost tags, and where a resource has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from components.tags.cost_tags import TAGGABLE_TYPES
from policies.manifests import KUBERNETES
from policies.properties import NOT_KNOWN, Properties
from tiers.errors import CatalogError
from tiers.tags import MANDATORY, MANDATORY_FOR_TENANTS, PREFIX, CostTags

_ADD_TAGS: Final = "declare it in a component with cost_tagged, or write its tags"


def cost_tags(type_token: str, props: Properties) -> Iterator[str]:
    """Every taggable resource and Kubernetes object has valid cost tags."""
    tags = tags_of(type_token, props)
    if tags is None or not all_known(tags):
        return
    cost = {key: value for key, value in tags.items() if str(key).startswith(PREFIX)}
    needed = MANDATORY_FOR_TENANTS if "cost/tenant" in cost else MANDATORY
    if missing := sorted(needed - cost.keys()):
        yield f"lacks the cost tags {', '.join(missing)}; {_ADD_TAGS}"
        return
    try:
        CostTags.from_tags(cost)
    except CatalogError as error:
        yield f"{error}; {_ADD_TAGS}"


def tags_of(type_token: str, props: Properties) -> Any:
    """Tags or labels of a resource; None if it has neither."""
    if type_token in TAGGABLE_TYPES:
        return props.get("tags") or {}
    if type_token.startswith(KUBERNETES) and "metadata" in props:
        return (props["metadata"] or {}).get("labels") or {}
    return None


def all_known(tags: Any) -> bool:
    """Whether every tag is known; `known-values` tells where one is not."""
    return tags is not NOT_KNOWN and NOT_KNOWN not in tags.values()

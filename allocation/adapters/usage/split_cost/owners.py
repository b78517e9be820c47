"""Finds the tenant of a pod or task: by its label, or by its namespace."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from allocation.adapters.usage.rows import UsageFileError
from allocation.engine.owners.own_tags import OwnTags, own_tags
from tiers.escapes import shortened

_NAMESPACE: Final = re.compile(r"arn:aws[a-z-]*:eks:[^:]*:[^:]*:pod/[^/]+/([^/]+)/[^/]+/[^/]+")


def tenant_of(
    tags: str | None, place: str | None, namespaces: Mapping[str, str | None], unlabelled: str | None
) -> str:
    """The tenant of the pods and tasks with *tags* in *place*.

    Args:
        tags: Of the rows, a JSON object; None without any.
        place: The resource of a pod, with any pod's name; None of a task.
        namespaces: Namespace -> its tenant; None where several share it.
        unlabelled: The consumer of what has no tenant; None is an error.

    Raises:
        UsageFileError: When the tags cannot be read or disagree, or there is no tenant.
    """
    own = _own_tags(tags)
    if own.fault:
        raise UsageFileError(f"the tags of a pod or task contradict each other: {shortened(own.fault)}")
    if tenant := own.folded("tenant"):
        return tenant
    found = _NAMESPACE.fullmatch(place or "")
    namespace: str | None = found[1] if found else None
    if namespace is not None and namespace in namespaces:
        if only := namespaces[namespace]:
            return only
        raise UsageFileError(
            f"namespace {shortened(namespace)}: several tenants share it, and pods have no tag cost/tenant; "
            "activate the label cost/tenant as a cost allocation tag"
        )
    if unlabelled is None:
        what = f"namespace {shortened(namespace)}" if namespace else "a task"
        raise UsageFileError(
            f"{what}: has no tag cost/tenant and no tenant; name the pool it belongs to with --unlabelled, "
            "or activate the label cost/tenant as a cost allocation tag"
        )
    return unlabelled


def _own_tags(tags: str | None) -> OwnTags:
    try:
        return own_tags(tags or "{}")
    except (ValueError, RecursionError, AttributeError):  # the last one: JSON, and no object
        raise UsageFileError(
            "the tags of a pod or task are no JSON object; expected those of AWS' report"
        ) from None

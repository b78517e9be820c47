"""Finds the tenant of a pod or task: by its label, or by its namespace."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from allocation.adapters.usage.rows import UsageError
from tiers.escapes import shortened

_TAG: Final = re.compile(r"(resource_?tags?[/_])?(user[:_])?cost[^a-z0-9]tenant", re.IGNORECASE)
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
        UsageError: When the tags cannot be read or disagree, or there is no tenant.
    """
    labels = {value for key, value in _pairs(tags) if _TAG.fullmatch(key) and value}
    if len(labels) > 1:
        raise UsageError(
            f"a pod or task has the tag cost/tenant twice: {', '.join(map(shortened, sorted(labels)))}"
        )
    if labels:
        return labels.pop()
    found = _NAMESPACE.fullmatch(place or "")
    namespace: str | None = found[1] if found else None
    if namespace is not None and namespace in namespaces:
        if tenant := namespaces[namespace]:
            return tenant
        raise UsageError(
            f"namespace {shortened(namespace)}: several tenants share it, and pods have no tag cost/tenant; "
            "activate the label cost/tenant as a cost allocation tag"
        )
    if unlabelled is None:
        what = f"namespace {shortened(namespace)}" if namespace else "a task"
        raise UsageError(
            f"{what}: has no tag cost/tenant and no tenant; name the pool it belongs to (unlabelled), "
            "or activate the label cost/tenant as a cost allocation tag"
        )
    return unlabelled


def _pairs(tags: str | None) -> Iterator[tuple[str, str]]:
    try:
        read = json.loads(tags or "{}")
    except (ValueError, RecursionError):
        raise UsageError(
            "the tags of a pod or task are no JSON object; expected those of AWS' report"
        ) from None
    if isinstance(read, dict):
        yield from ((str(key), value) for key, value in read.items() if isinstance(value, str))

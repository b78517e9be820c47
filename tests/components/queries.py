"""Questions that component tests ask of what was declared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.components.monitor import Declared

Everything = Sequence[Declared]


def the(declared: Everything, type_token: str, name: str) -> Declared:
    """The one resource of a type and name."""
    (found,) = [each for each in declared if (each.type, each.name) == (type_token, name)]
    return found


def pod_specs(declared: Everything) -> Iterator[tuple[str, Any]]:
    """Name and pod spec of everything that runs pods."""
    for each in declared:
        spec = each.props.get("spec") if each.custom else None
        if not spec:
            continue
        job = spec.get("jobTemplate", {}).get("spec", {})
        template = spec.get("template") or job.get("template")
        if template:
            yield each.name, template["spec"]


def policies(declared: Everything, tenant: str) -> dict[str, Any]:
    """A tenant's network policies, by purpose."""
    return {
        each.name.removeprefix(f"{tenant}-"): each.props["spec"]
        for each in declared
        if each.type.endswith(":NetworkPolicy") and each.labels.get("cost/tenant") == tenant
    }

"""Where the pods of a tenant with nodes of its own run."""

from __future__ import annotations

from typing import Any, Final

from tiers.facts.every_fact import Job, PlatformPart, ScheduledJob, Workload

DEDICATED_TO: Final = "costack/dedicated-to"
"""The label and the taint of nodes that run one tenant's pods only."""


def placement(fact: Workload | Job | ScheduledJob | PlatformPart) -> dict[str, Any]:
    """Affinity and tolerations of *fact*'s pods for their tenant's own nodes, if it has any."""
    if fact.nodes is None:
        return {}
    expression = {"key": DEDICATED_TO, "operator": "In", "values": [fact.tenant]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    return {
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}},
        "tolerations": [
            {"key": DEDICATED_TO, "operator": "Equal", "value": fact.tenant, "effect": "NoSchedule"}
        ],
    }

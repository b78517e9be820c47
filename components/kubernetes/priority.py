"""Where pods run: whose go first when nodes are full, and how they are kept apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from components.naming import component_type
from components.placement import placement
from tiers.facts.every_fact import (
    IngressController,
    Job,
    MaintenancePage,
    PriorityClass,
    ScheduledJob,
    UsageExporter,
    Workload,
)

_OVER: Final = {"zone": "topology.kubernetes.io/zone", "node": "kubernetes.io/hostname"}
# Else old pods that still run would say where new ones start, and so would a zone with nodes of others only.
_BY_ROLLOUT: Final = {"matchLabelKeys": ["pod-template-hash"], "nodeTaintsPolicy": "Honor"}


class PriorityClasses(pulumi.ComponentResource):
    """The classes of a platform. None is the default of the cluster, which may have one already."""

    def __init__(
        self, name: str, facts: Sequence[PriorityClass], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        described = {"classes": [fact.model_dump(mode="json") for fact in facts]}
        super().__init__(component_type("PriorityClasses"), name, described, opts)
        for fact in facts:
            k8s.scheduling.v1.PriorityClass(
                fact.priority_class,
                metadata={"name": fact.priority_class},
                value=fact.value,
                global_default=False,
                preemption_policy="PreemptLowerPriority" if fact.preempts else "Never",
                description=_described(fact),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def scheduling(
    fact: Workload | Job | ScheduledJob | UsageExporter | MaintenancePage | IngressController,
) -> dict[str, Any]:
    """Where the pods of *fact* may run, and whether they go first."""
    first = {"priorityClassName": fact.priority_class} if fact.priority_class else {}
    return {**placement(fact), **first}


def spread(labels: Mapping[str, str], *, strict: bool, by_rollout: bool) -> list[dict[str, Any]]:
    """The pods with *labels* apart over zones and nodes; if *strict*, none starts beside others in a zone.

    No `minDomains`: when a zone fails, its pods are to start in the one that is left.
    """
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "DoNotSchedule" if strict and over == "zone" else "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(labels)},
            **(_BY_ROLLOUT if by_rollout else {}),
        }
        for over, key in _OVER.items()
    ]


def _described(fact: PriorityClass) -> str:
    where = "may take the place of pods below it" if fact.preempts else "wait for a free place"
    return f"Costack: pods of this class {where}."

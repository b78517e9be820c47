"""Priority classes: whose pods go first when nodes are full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.aws.nodes import placement
from components.naming import component_type
from tiers.facts.every_fact import Job, PriorityClass, ScheduledJob, UsageExporter, Workload


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


def scheduling(fact: Workload | Job | ScheduledJob | UsageExporter) -> dict[str, Any]:
    """Where the pods of *fact* may run, and whether they go first."""
    first = {"priorityClassName": fact.priority_class} if fact.priority_class else {}
    return {**placement(fact), **first}


def _described(fact: PriorityClass) -> str:
    where = "may take the place of pods below it" if fact.preempts else "wait for a free place"
    return f"Costack: pods of this class {where}."

"""Whose pods go first when the nodes of a cluster are full: production, then everything else.

A class for production has the priority that pods without a class have, which is 0 where no class of the
cluster is the global default. So production ends no pods but those of sandboxes: not the ingress controller.
Sandboxes are below 0 and not below -10, for which Cluster Autoscaler would add no nodes (its FAQ,
`--expendable-pods-priority-cutoff`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tiers.facts.every_fact import Fact, Job, PriorityClass, ScheduledJob, UsageExporter, Workload
from tiers.facts.monitoring import MaintenancePage
from tiers.plan.owner import about_platform
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import CostCategory, Environment

_VALUES: Final = {"production": 0, "sandbox": -5}


def priority_facts(platform: Platform) -> Iterator[PriorityClass]:
    """The classes of a platform, whichever of them its tenants use."""
    for word, value in _VALUES.items():
        for jobs in (False, True):
            name = priority_class(platform, word, jobs=jobs)
            yield PriorityClass(
                **about_platform(platform, f"priority-{name}", CostCategory.COMPUTE),
                priority_class=name,
                value=value,
                preempts=not jobs,
            )


def with_priority(platform: Platform, tenant: Tenant, fact: Fact) -> Fact:
    """*fact* of *tenant* with the class of its pods; jobs and exporters wait, and take nobody's place."""
    if not isinstance(fact, Workload | Job | ScheduledJob | UsageExporter | MaintenancePage):
        return fact
    word = "production" if tenant.environment is Environment.PRODUCTION else "sandbox"
    name = priority_class(platform, word, jobs=not isinstance(fact, Workload))
    return fact.model_copy(update={"priority_class": name})


def priority_class(platform: Platform, word: str, *, jobs: bool) -> str:
    """The name of a class, of `production` or `sandbox`.

    Portfolios that share a cluster have prefixes; none begins a name, as Kubernetes keeps `system-`.
    """
    prefix = platform.cluster.namespace_prefix
    return "-".join(["odoo", *([prefix] if prefix else []), word, *(["jobs"] if jobs else [])])

"""How a tenant's pods are kept apart, so that they do not fail together."""

from __future__ import annotations

from typing import Final

from tiers.catalog.tier import Catalog
from tiers.facts.compute import Spread
from tiers.facts.every_fact import Fact, Workload
from tiers.portfolio.platform import Platform
from tiers.portfolio.resilience import promised
from tiers.portfolio.tenant import Tenant

# `matchLabelKeys` is on by default from here on, as `nodeTaintsPolicy` is from 1.26 (kubernetes.io, "Pod
# Topology Spread Constraints").
_COUNTS_BY_ROLLOUT: Final = (1, 27)
_TWO: Final = 2


def with_spread(catalog: Catalog, platform: Platform, tenant: Tenant, fact: Fact) -> Fact:
    """*fact* of *tenant* with how its pods are kept apart, if they run all month."""
    if not isinstance(fact, Workload):
        return fact
    promise = catalog.classes.resilience_classes[promised(catalog.tiers[tenant.tier], tenant)]
    spread = Spread(zones=_TWO if promise.multi_az else 1, by_rollout=counts_by_rollout(platform))
    return fact.model_copy(update={"spread": spread})


def counts_by_rollout(platform: Platform) -> bool:
    """Whether the cluster can count the pods of one rollout only."""
    return tuple(int(part) for part in platform.cluster.version.split(".")) >= _COUNTS_BY_ROLLOUT

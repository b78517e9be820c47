"""The ingress controller that Costack runs, and its namespace."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from tiers.facts.compute import Namespace, Spread
from tiers.facts.monitoring import IngressController
from tiers.plan.namespaces.priority import priority_class
from tiers.plan.namespaces.shared import has_middlewares, platform_namespace, routed
from tiers.plan.namespaces.spread import counts_by_rollout
from tiers.plan.owner import about_platform
from tiers.portfolio.platform import Platform
from tiers.vocabulary import CostCategory

# The user of Traefik's own Helm chart.
_TRAEFIK: Final = 65532


def ingress_facts(platform: Platform, served: Collection[str]) -> Iterator[Namespace | IngressController]:
    """Traefik, which serves the namespaces *served*, and the namespace it runs in."""
    if platform.parts is None or (wanted := platform.parts.traefik) is None:
        return
    namespace, ingress = platform.cluster.ingress_namespace, platform.ingress
    yield platform_namespace(platform, namespace, CostCategory.NETWORK, **routed(platform))
    yield IngressController(
        **about_platform(platform, "traefik", CostCategory.NETWORK),
        namespace=namespace,
        image=wanted.image,
        run_as_user=_TRAEFIK,
        run_as_group=_TRAEFIK,
        replicas=ingress.replicas or 1,
        compute=wanted.alone(),
        scraped_from=platform.parts.scraped_from,
        source_ranges=wanted.source_ranges,
        annotations=wanted.annotations,
        # It asks for the address of its own load balancer, too.
        namespaces=tuple(sorted({namespace, *served})),
        middlewares=has_middlewares(platform),
        maintenance=platform.ingress.maintenance_page is not None,
        api_cidrs=platform.cluster.api_ranges,
        spread=Spread(zones=ingress.zones or 1, by_rollout=counts_by_rollout(platform)),
        priority_class=priority_class(platform, "production", jobs=False),
    )

"""The log shipper that Costack runs, and its namespace."""

from __future__ import annotations

from collections.abc import Iterator

from tiers.facts.compute import Namespace
from tiers.facts.monitoring import LogShipper
from tiers.facts.names import LOG_SHIPPER, LOGS_NAMESPACE, log_group
from tiers.plan.namespaces.shared import platform_namespace
from tiers.plan.owner import about_platform
from tiers.portfolio.platform import Platform
from tiers.vocabulary import CostCategory


def log_facts(platform: Platform) -> Iterator[Namespace | LogShipper]:
    """Fluent Bit on every node, and the namespace that lets it read the nodes' logs."""
    if platform.parts is None or (wanted := platform.parts.log_shipper) is None:
        return
    namespace = platform.cluster.namespace(LOGS_NAMESPACE)
    yield platform_namespace(platform, namespace, CostCategory.SUPPORT, pod_security="privileged")
    yield LogShipper(
        **about_platform(platform, LOG_SHIPPER, CostCategory.SUPPORT),
        namespace=namespace,
        image=wanted.image,
        # Where another portfolio counts the nodes nobody here knows how many there are.
        replicas=max(1, sum(group.nodes for group in platform.cluster.node_groups)),
        compute=wanted.alone(),
        scraped_from=platform.parts.scraped_from,
        api_cidrs=platform.cluster.api_ranges,
        namespaces=platform.cluster.namespace("odoo-"),
        log_groups=log_group(platform.portfolio),
    )

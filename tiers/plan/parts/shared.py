"""The platform parts that are no tenant's: exporters of the cluster and of what tenants share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tiers.facts.compute import ComputeRequest, Job
from tiers.facts.every_fact import Fact
from tiers.facts.monitoring import PostgresExporter, RedisExporter, StateExporter
from tiers.facts.names import CACHE, DATABASE, PARTS_NAMESPACE, POSTGRES_LOGIN
from tiers.naming import CACHE_NAME_LIMIT, physical_name
from tiers.plan.namespaces.priority import priority_class
from tiers.plan.namespaces.shared import operations_namespace, platform_namespace
from tiers.plan.owner import about_platform
from tiers.portfolio.parts.exporters import ExporterSpec
from tiers.portfolio.parts.section import PartsSpec
from tiers.portfolio.platform import Platform
from tiers.vocabulary import PLATFORM, CostCategory

# The user of exporters' own images: kube-state-metrics (examples/standard/deployment.yaml), postgres_exporter
# (Dockerfile: USER nobody) and redis_exporter (Dockerfile: USER 59000:59000), which run as any.
_NOBODY: Final = 65534
_MONITOR: Final = "costack_monitor"
# The job reads one secret and asks the server a few questions.
_LOGIN: Final = ComputeRequest(
    cpu_request_millicores=50, memory_request_mib=128, cpu_limit_millicores=500, memory_limit_mib=512
)


def part_facts(platform: Platform) -> Iterator[Fact]:
    """The platform parts that are no tenant's, and their namespace."""
    parts = platform.parts
    if parts is None:
        return
    namespace = platform.cluster.namespace(PARTS_NAMESPACE)
    if any((parts.kube_state_metrics, parts.postgres_exporter, parts.redis_exporter)):
        yield platform_namespace(platform, namespace, CostCategory.SUPPORT)
    if states := parts.kube_state_metrics:
        yield StateExporter(
            **_about(platform, parts, "kube-state-metrics", states),
            api_cidrs=platform.cluster.api_ranges,
        )
    if postgres := parts.postgres_exporter:
        yield _login(platform)
        yield PostgresExporter(
            **_about(platform, parts, "postgres-exporter", postgres), server=DATABASE, role=_MONITOR
        )
    if redis := parts.redis_exporter:
        user = physical_name(platform.portfolio, PLATFORM, "sessions", limit=CACHE_NAME_LIMIT)
        yield RedisExporter(**_about(platform, parts, "redis-exporter", redis), group=CACHE, user=user)


def _about(platform: Platform, parts: PartsSpec, name: str, wanted: ExporterSpec) -> dict[str, Any]:
    """The fields that all exporters of a platform have."""
    return {
        **about_platform(platform, name, CostCategory.SUPPORT),
        "namespace": platform.cluster.namespace(PARTS_NAMESPACE),
        "image": wanted.image,
        "run_as_user": _NOBODY,
        "run_as_group": _NOBODY,
        "compute": wanted.alone(),
        "scraped_from": parts.scraped_from,
    }


def _login(platform: Platform) -> Job:
    """What gives postgres_exporter a role of its own on the shared server."""
    image = platform.images.operations
    return Job(
        **about_platform(platform, POSTGRES_LOGIN, CostCategory.SUPPORT),
        namespace=operations_namespace(platform),
        image=image.image,
        run_as_user=image.run_as_user,
        run_as_group=image.run_as_group,
        compute=_LOGIN,
        priority_class=priority_class(platform, "production", jobs=True),
    )

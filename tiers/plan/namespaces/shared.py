"""The namespaces of a platform: those that tenants share, by environment, and that of database jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tiers.catalog.tier import Catalog
from tiers.facts.every_fact import Fact, FileShare, Namespace, NamespaceQuota
from tiers.facts.ingress import ControllerKind
from tiers.facts.names import OPERATIONS_NAMESPACE
from tiers.plan.namespaces.priority import priority_facts
from tiers.plan.namespaces.quota import quota_faults, tenancy
from tiers.plan.owner import about_platform
from tiers.portfolio.platform import Platform
from tiers.strict_yaml import Fault
from tiers.vocabulary import CostCategory, Environment


def shared_namespace(platform: Platform, environment: Environment) -> str:
    """The shared namespace of an environment's tenants."""
    return platform.cluster.namespace(f"odoo-{environment}")


def operations_namespace(platform: Platform) -> str:
    """The namespace of jobs that set up databases."""
    return platform.cluster.namespace(OPERATIONS_NAMESPACE)


def routed(platform: Platform) -> dict[str, Any]:
    """What the ingress controller that Costack runs reads in a namespace of tenants; nothing without one."""
    if platform.parts is None or platform.parts.traefik is None:
        return {}
    return {"routed_from": platform.cluster.ingress_namespace, "middlewares": has_middlewares(platform)}


def has_middlewares(platform: Platform) -> bool:
    """Whether the API server is said to know Traefik's own kinds."""
    return platform.ingress.controller is ControllerKind.TRAEFIK


def platform_namespace(platform: Platform, namespace: str, category: CostCategory, **more: Any) -> Namespace:
    """A namespace that is no tenant's own; *more* are other fields of the fact."""
    return Namespace(
        **about_platform(platform, f"namespace-{namespace}", category),
        namespace=namespace,
        pod_security_version=platform.cluster.version,
        dns_peers=platform.cluster.dns_peers,
        **more,
    )


def namespace_facts(
    catalog: Catalog, platform: Platform, tenants: Sequence[Sequence[Fact]]
) -> Iterator[Fact]:
    """The namespaces that *tenants* share with their quotas, that of database jobs, and pods' priorities."""
    yield from priority_facts(platform)
    shared = {shared_namespace(platform, environment): environment for environment in Environment}
    used = {fact.namespace for facts in tenants for fact in facts if isinstance(fact, FileShare)}
    for namespace in (*sorted(used & shared.keys()), operations_namespace(platform)):
        read = routed(platform) if namespace in shared else {}
        yield platform_namespace(platform, namespace, CostCategory.COMPUTE, **read)
        if namespace in shared:
            yield from _quota(catalog, platform, shared[namespace], tenants)


def _quota(
    catalog: Catalog, platform: Platform, environment: Environment, tenants: Sequence[Sequence[Fact]]
) -> Iterator[NamespaceQuota]:
    namespace, cluster = shared_namespace(platform, environment), platform.cluster
    taken = tenancy(namespace, tenants)
    if taken is None:
        return
    written = cluster.quotas[environment].written() if environment in cluster.quotas else {}
    yield NamespaceQuota(
        **about_platform(platform, f"quota-{namespace}", CostCategory.COMPUTE),
        namespace=namespace,
        **taken.quota(catalog.classes, cluster.quota_headroom_percent)._asdict() | written,
        largest_pod=taken.largest_pod,
        tenants=taken.tenants,
    )


def shared_quota_faults(platform: Platform, tenants: Sequence[Sequence[Fact]]) -> Iterator[Fault]:
    """Why a quota in `platform.yaml` does not hold what *tenants* take together."""
    for environment in platform.cluster.quotas:
        namespace = shared_namespace(platform, environment)
        yield from quota_faults(platform.cluster, environment, namespace, tenants)

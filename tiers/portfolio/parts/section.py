"""Which platform parts Costack runs."""

from __future__ import annotations

from collections.abc import Collection

from tiers.facts.ingress import ControllerKind
from tiers.portfolio.cluster import ClusterSpec
from tiers.portfolio.parts.exporters import (
    KubeStateMetricsSpec,
    LogShipperSpec,
    PostgresExporterSpec,
    RedisExporterSpec,
    UsageExporterSpec,
)
from tiers.portfolio.parts.ingress import TraefikSpec
from tiers.portfolio.routes.ingress import IngressSpec
from tiers.vocabulary import Frozen, NamespaceName


class PartsSpec(Frozen):
    """Platform parts that Costack runs; each is off until it is named."""

    scraped_from: NamespaceName
    """Namespace of your Prometheus: only its pods may connect to exporters."""
    usage_exporter: UsageExporterSpec | None = None
    """Measures users, database, files and backups of each tenant; `{}` takes all defaults."""
    kube_state_metrics: KubeStateMetricsSpec | None = None
    """Tells what pods request; leave it out where the cluster has one."""
    log_shipper: LogShipperSpec | None = None
    """Ships tenants' lines to CloudWatch; leave it out where the cluster has one that does."""
    postgres_exporter: PostgresExporterSpec | None = None
    """Tells sizes and statistics of the databases on the shared server; makes its own role there."""
    redis_exporter: RedisExporterSpec | None = None
    """Tells memory, connections and evictions of the shared session cache; makes its own user there."""
    traefik: TraefikSpec | None = None
    """Leads host names to tenants, from `cluster.ingress_namespace`; leave it out where the cluster has an
    ingress controller."""


def traefik_problem(
    parts: PartsSpec | None, cluster: ClusterSpec, ingress: IngressSpec, services: Collection[str]
) -> str | None:
    """Why Traefik cannot run on a platform with such a cluster and the *services* of these names, or None."""
    if parts is None or parts.traefik is None:
        return None
    if ingress.replicas is None:
        return "traefik needs ingress.replicas, the number of its pods"
    if "traefik" in services:
        return "traefik is counted by itself; take 'traefik' out of services"
    if ingress.controller not in {None, ControllerKind.TRAEFIK} or ingress.class_name is not None:
        return (
            "traefik is the ingress controller, and serves Ingresses that name no class; leave "
            "ingress.controller out or write traefik, and leave ingress.class_name out"
        )
    if cluster.ingress_namespace == parts.scraped_from:
        return (
            f"traefik gets the namespace cluster.ingress_namespace for itself, and '{parts.scraped_from}' is "
            "Prometheus' (scraped_from); name one that does not exist yet"
        )
    return None

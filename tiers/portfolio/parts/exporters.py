"""Which platform parts Costack runs, and how large they are."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tiers.facts.compute import ComputeRequest
from tiers.vocabulary import Frozen, ImageByDigest, NamespaceName, Positive


class UsageExporterSpec(ComputeRequest):
    """A small process beside each tenant that measures its users, database, files and backups."""

    every_hours: Annotated[int, Field(ge=1, le=24)] = 6
    """How often it measures; each time it lists the names of the filestore and of the backups."""
    cpu_request_millicores: Positive = 10
    """Reserved CPU of each pod."""
    memory_request_mib: Positive = 64
    """Reserved memory of each pod."""
    cpu_limit_millicores: Positive = 500
    """CPU limit of each pod."""
    memory_limit_mib: Positive = 256
    """Memory limit of each pod."""


class KubeStateMetricsSpec(ComputeRequest):
    """kube-state-metrics, which tells Prometheus what pods request and whose they are."""

    image: ImageByDigest
    """`registry.k8s.io/kube-state-metrics/kube-state-metrics` of 2.15 or newer, by digest."""
    cpu_request_millicores: Positive = 20
    """Reserved CPU of the pod."""
    memory_request_mib: Positive = 128
    """Reserved memory of the pod."""
    cpu_limit_millicores: Positive = 500
    """CPU limit of the pod."""
    memory_limit_mib: Positive = 512
    """Memory limit of the pod."""


class LogShipperSpec(ComputeRequest):
    """Fluent Bit on every node, which ships what tenants' pods write to the tenants' log groups."""

    image: ImageByDigest
    """`fluent/fluent-bit` of 4.0 or newer, by digest."""
    cpu_request_millicores: Positive = 50
    """Reserved CPU on each node."""
    memory_request_mib: Positive = 128
    """Reserved memory on each node."""
    cpu_limit_millicores: Positive = 500
    """CPU limit on each node."""
    memory_limit_mib: Positive = 256
    """Memory limit on each node."""


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

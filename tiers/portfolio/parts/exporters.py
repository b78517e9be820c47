"""The exporters that Costack runs, and how large they are."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tiers.facts.compute import ComputeRequest
from tiers.vocabulary import ImageByDigest, Positive


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


class ExporterSpec(ComputeRequest):
    """An exporter whose image is not Costack's."""

    image: ImageByDigest
    """The exporter's image, by digest."""


class KubeStateMetricsSpec(ExporterSpec):
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


class PostgresExporterSpec(ExporterSpec):
    """postgres_exporter for the shared PostgreSQL server, with a role that reads sizes and no table."""

    image: ImageByDigest
    """`quay.io/prometheuscommunity/postgres-exporter`, by digest."""
    cpu_request_millicores: Positive = 20
    """Reserved CPU of the pod."""
    memory_request_mib: Positive = 64
    """Reserved memory of the pod."""
    cpu_limit_millicores: Positive = 500
    """CPU limit of the pod."""
    memory_limit_mib: Positive = 256
    """Memory limit of the pod."""


class RedisExporterSpec(ExporterSpec):
    """redis_exporter for the shared session cache, with a user that reads counters and no key."""

    image: ImageByDigest
    """`docker.io/oliver006/redis_exporter`, by digest."""
    cpu_request_millicores: Positive = 10
    """Reserved CPU of the pod."""
    memory_request_mib: Positive = 64
    """Reserved memory of the pod."""
    cpu_limit_millicores: Positive = 500
    """CPU limit of the pod."""
    memory_limit_mib: Positive = 128
    """Memory limit of the pod."""

"""The ingress controller that Costack runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from tiers.portfolio.parts.exporters import ExporterSpec
from tiers.vocabulary import Cidr, ImageByDigest, Positive


class TraefikSpec(ExporterSpec):
    """Traefik, which leads the tenants' host names to their pods, behind a load balancer of its own."""

    image: ImageByDigest
    """`docker.io/library/traefik` of 3.6 or newer, by digest."""
    source_ranges: Annotated[tuple[Cidr, ...], Field(min_length=1)]
    """Who may connect to it: `0.0.0.0/0` is everybody."""
    annotations: Mapping[str, str] = Field(default_factory=dict)
    """Annotations of its Service, by which the load balancer is made as you want it."""
    cpu_request_millicores: Positive = 100
    """Reserved CPU of each pod."""
    memory_request_mib: Positive = 128
    """Reserved memory of each pod."""
    cpu_limit_millicores: Positive = 1500
    """CPU limit of each pod."""
    memory_limit_mib: Positive = 512
    """Memory limit of each pod."""

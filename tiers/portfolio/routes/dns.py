"""The section `ingress.dns` of platform.yaml: hosted zones in which Costack makes records."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from tiers.facts.dns import ZoneId
from tiers.vocabulary import Count, Frozen, Hostname


class ZoneSpec(Frozen):
    """A hosted zone of Route 53 that is there already."""

    id: ZoneId
    """Its id."""
    domain: Hostname
    """Its domain: records of host names in it are made there."""


class DnsSpec(Frozen):
    """Where records of tenants with `dns: route-53` are made, and where they lead."""

    zones: Annotated[tuple[ZoneSpec, ...], Field(min_length=1)]
    """Hosted zones; a host name lies in that with the longest domain."""
    target: Hostname
    """The name of the load balancer in front of the ingress controller."""
    target_zone_id: ZoneId | None = None
    """The hosted zone of that name, as AWS lists it for a load balancer: records are aliases then, and
    questions are free. Left out, they are CNAMEs."""
    ttl_seconds: Annotated[int, Field(ge=30, le=86400)] = 300
    """For how long others may remember a CNAME."""
    queries_per_month: Count
    """Expected questions for each host name."""

    @model_validator(mode="after")
    def _domains_differ(self) -> Self:
        domains = [zone.domain for zone in self.zones]
        if twice := sorted({name for name in domains if domains.count(name) > 1}):
            raise ValueError(f"zones: '{twice[0]}' appears twice")
        return self

    def zone_of(self, host: str) -> ZoneSpec | None:
        """The zone in which *host* lies; None where it is somebody else's."""
        holding = [zone for zone in self.zones if host == zone.domain or host.endswith(f".{zone.domain}")]
        return max(holding, key=lambda zone: len(zone.domain), default=None)

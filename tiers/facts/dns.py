"""Facts about records of host names."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tiers.facts.record import FactRecord
from tiers.vocabulary import Count, Frozen, Hostname, Positive

ZoneId = Annotated[str, Field(pattern=r"^Z[A-Z0-9]{1,31}$")]
"""The id of a hosted zone of Route 53."""


class ZoneRecord(Frozen):
    """A host name, and the hosted zone that it lies in."""

    zone_id: ZoneId
    name: Hostname


class DnsRecords(FactRecord):
    """Records of a tenant's host names in hosted zones that are there already; they lead to `target`.

    With `target_zone_id`, the zone of a load balancer's own name, each is an alias, and questions for it are
    free (aws.amazon.com/route53/pricing); else it is a CNAME that is good for `ttl_seconds`, and
    `queries_per_month` questions are expected for each.
    """

    kind: Literal["dns-records"] = "dns-records"
    records: Annotated[tuple[ZoneRecord, ...], Field(min_length=1)]
    target: Hostname
    target_zone_id: ZoneId | None = None
    ttl_seconds: Positive
    queries_per_month: Count

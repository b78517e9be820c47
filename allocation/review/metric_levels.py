"""Metric levels: how busy a server or a node of a cache was, from the metrics that CloudWatch kept of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from allocation.review.usage_levels import nearest_rank


class Metric(StrEnum):
    """What CloudWatch keeps of a server or a node of a cache, in its own words and units.

    RDS User Guide, "Amazon CloudWatch metrics for Amazon RDS"; ElastiCache User Guide, "Host-level metrics"
    and "Metrics for Valkey and Redis OSS".
    """

    CPU = "CPUUtilization"
    """Percent of all its vCPUs."""
    CONNECTIONS = "DatabaseConnections"
    FREE_MEMORY = "FreeableMemory"
    """Bytes of a server."""
    CACHE_MEMORY = "BytesUsedForCache"
    """Bytes of a node of a cache."""
    EVICTIONS = "Evictions"
    """Keys that were thrown away because memory ran out."""


@dataclass(frozen=True)
class MetricLevel:
    """One metric of one server, or of one node, over a month.

    Attributes:
        values: One for each period that was measured, in the order of time.
        measured_seconds: How long these periods last together.
        month_seconds: How long the month lasts.
    """

    values: tuple[Decimal, ...]
    measured_seconds: int
    month_seconds: int

    @cached_property
    def p95(self) -> Decimal:
        """The level that 95 % of the periods do not exceed (nearest rank)."""
        return nearest_rank(self.values)

    @property
    def average(self) -> Decimal:
        """The average of all periods that were measured."""
        return sum(self.values, Decimal(0)) / len(self.values) if self.values else Decimal(0)

    @property
    def most(self) -> Decimal:
        """The highest of all periods."""
        return max(self.values, default=Decimal(0))

    @property
    def least(self) -> Decimal:
        """The lowest of all periods."""
        return min(self.values, default=Decimal(0))

    @property
    def total(self) -> Decimal:
        """All periods together, for a metric that counts."""
        return sum(self.values, Decimal(0))

    @property
    def measured_percent(self) -> Decimal:
        """How much of the month was measured."""
        return Decimal(100 * self.measured_seconds) / self.month_seconds


MetricKey = tuple[str, str, Metric]
"""Fact id of a server or cache; node of the cache, such as `001`, or `-` of a server; metric."""
Metrics = Mapping[MetricKey, MetricLevel]


def nodes_of(metrics: Metrics, fact: str, metric: Metric) -> Iterable[MetricLevel]:
    """The levels of a metric of every node of *fact* that was measured."""
    return [level for (whose, _, what), level in metrics.items() if (whose, what) == (fact, metric)]

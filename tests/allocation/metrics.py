"""Exports of CloudWatch as the AWS CLI writes them, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from allocation.adapters.cloudwatch.queries import label_of
from allocation.review.metric_levels import Metric

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = 3600
GIB = 1024**3


def result(
    fact: str, metric: Metric, values: Sequence[float], node: str = "-", seconds: int = HOUR, **more: Any
) -> dict[str, Any]:
    """A result of GetMetricData with a value for each period from the first of November on."""
    moments = [NOVEMBER + timedelta(seconds=seconds * number) for number in range(len(values))]
    return {
        "Id": "q1",
        "Label": label_of(fact, node, metric, seconds),
        "Timestamps": [moment.isoformat() for moment in moments],
        "Values": list(values),
        "StatusCode": "Complete",
        **more,
    }


def of_server(
    fact: str, cpu: float, connections: int, free_gib: float, hours: int = 720
) -> list[dict[str, Any]]:
    """What a server says that is equally busy all the time."""
    busy = {Metric.CPU: cpu, Metric.CONNECTIONS: connections, Metric.FREE_MEMORY: free_gib * GIB}
    return [result(fact, metric, [value] * hours) for metric, value in busy.items()]


def of_cache(  # noqa: PLR0917 - what a cache says
    fact: str,
    cpu: float,
    mib: float,
    evictions: int = 0,
    nodes: Sequence[str] = ("001", "002"),
    hours: int = 720,
) -> list[dict[str, Any]]:
    """What the nodes of a cache say that are equally busy all the time; evictions are of one hour."""
    busy: Mapping[Metric, list[float]] = {
        Metric.CPU: [cpu] * hours,
        Metric.CACHE_MEMORY: [mib * 1024**2] * hours,
        Metric.EVICTIONS: [evictions, *[0] * (hours - 1)],
    }
    return [result(fact, metric, values, node) for node in nodes for metric, values in busy.items()]

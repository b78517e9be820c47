"""Writes what to ask CloudWatch for: a metric of a server or of a node of a cache for each query.

A query's label comes back beside its values, and nothing else says what they are of: so it holds the fact,
the node, the metric, the statistic and the period, and the export needs no ids of the cloud.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from allocation.review.metric_levels import Metric
from tiers.facts.data import CacheGroup, DatabaseInstance
from tiers.inventory import Inventory

SERVER: Final = "-"
"""Stands for the node of what has none."""
PERIOD_SECONDS: Final = 300
"""CloudWatch keeps such points for 63 days (botocore, cloudwatch GetMetricData)."""
MOST_QUERIES: Final = 500
"""Of one call (the same)."""
STATISTICS: Final[Mapping[Metric, str]] = {
    Metric.CPU: "Average",
    Metric.CONNECTIONS: "Maximum",
    Metric.FREE_MEMORY: "Minimum",
    Metric.CACHE_MEMORY: "Maximum",
    Metric.EVICTIONS: "Sum",
}
"""The statistic of each metric that advice needs."""
_OF_SERVERS: Final = (Metric.CPU, Metric.CONNECTIONS, Metric.FREE_MEMORY)
_OF_CACHES: Final = (Metric.CPU, Metric.CACHE_MEMORY, Metric.EVICTIONS)

Query = Mapping[str, Any]


def label_of(fact: str, node: str, metric: Metric, seconds: int = PERIOD_SECONDS) -> str:
    """What a query is called, and its values in the export.

    >>> label_of("acme/server", "-", Metric.CPU)
    'acme/server - CPUUtilization Average 300'
    """
    return f"{fact} {node} {metric} {STATISTICS[metric]} {seconds}"


def metric_queries(inventory: Inventory) -> tuple[tuple[Query, ...], ...]:
    """The queries for all servers and caches of *inventory*, as many in a list as one call takes."""
    queries = [{"Id": f"q{number}", **query} for number, query in enumerate(_queries(inventory), 1)]
    return tuple(tuple(queries[at : at + MOST_QUERIES]) for at in range(0, len(queries), MOST_QUERIES))


def _queries(inventory: Inventory) -> Iterator[Query]:
    for fact in inventory.plan.all_facts():
        if not isinstance(fact, DatabaseInstance | CacheGroup) or fact.id not in inventory.cloud_ids:
            continue
        # arn:aws:rds:REGION:ACCOUNT:db:NAME, arn:aws:elasticache:REGION:ACCOUNT:replicationgroup:NAME
        name = inventory.cloud_ids[fact.id].rpartition(":")[2]
        if isinstance(fact, DatabaseInstance):
            yield from _of("AWS/RDS", "DBInstanceIdentifier", name, fact.id, SERVER, _OF_SERVERS)
            continue
        for number in range(1, fact.nodes + 1):
            node = f"{number:03}"  # the nodes of a group without shards (ElastiCache User Guide)
            yield from _of("AWS/ElastiCache", "CacheClusterId", f"{name}-{node}", fact.id, node, _OF_CACHES)


def _of(  # noqa: PLR0917 - what a query says
    namespace: str, dimension: str, name: str, fact: str, node: str, metrics: Sequence[Metric]
) -> Iterator[Query]:
    for metric in metrics:
        yield {
            "Label": label_of(fact, node, metric),
            "MetricStat": {
                "Metric": {
                    "Namespace": namespace,
                    "MetricName": str(metric),
                    "Dimensions": [{"Name": dimension, "Value": name}],
                },
                "Period": PERIOD_SECONDS,
                "Stat": STATISTICS[metric],
            },
        }

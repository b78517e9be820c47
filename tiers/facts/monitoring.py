"""Facts about dashboards, alerts and exporters for the Grafana and Prometheus that a cluster already has.

Dashboards and alerts cost nothing themselves: the operator of Grafana and Prometheus pays for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from tiers.facts.compute import ComputeRequest, Spread
from tiers.facts.record import FactId, FactRecord
from tiers.vocabulary import Cidr, Count, ImageByDigest, Positive


class Dashboards(FactRecord):
    """Dashboards in a ConfigMap, for a Grafana whose sidecar looks for them in `namespace`."""

    kind: Literal["dashboards"] = "dashboards"
    namespace: str


class Alerts(FactRecord):
    """The alerts of one tenant, as far as kube-state-metrics can see it.

    The operator's Prometheus selects its rules by `rule_labels`. `backup_age_minutes` is how old the
    last good dump may be, `restore_test_age_days` the last good restore test; None where it is not checked.
    """

    kind: Literal["alerts"] = "alerts"
    namespace: str
    rule_labels: Mapping[str, str] = {}
    backup_age_minutes: Positive | None = None
    restore_test_age_days: Positive | None = None


class PlatformPart(FactRecord):
    """Pods of a platform part, which run all month and take their share of the nodes.

    Only the namespace `scraped_from` may connect to what they tell.
    """

    namespace: str
    image: ImageByDigest
    run_as_user: Positive
    run_as_group: Positive
    replicas: Positive = 1
    compute: ComputeRequest
    scraped_from: str
    nodes: FactId | None = None
    """The node group that runs only its tenant's pods; None for the shared nodes."""


class UsageExporter(PlatformPart):
    """What measures one tenant's users, database, files and backups, and tells what is reserved of the cache.

    `shares_database`, `shares_files`, `shares_backups` and `shares_cache` say whether a pool divides what
    holds them; otherwise it is the tenant's own. `bucket` is None where the offer has no backups.
    """

    kind: Literal["usage-exporter"] = "usage-exporter"
    every_hours: Positive
    cache_mib: Count
    shares_database: bool
    shares_files: bool
    shares_cache: bool
    shares_backups: bool
    bucket: FactId | None = None
    prefix: str = ""
    priority_class: str | None = None
    """The PriorityClass of its pod."""


class MaintenancePage(PlatformPart):
    """A small pod that answers for a tenant without web pods: status 503, when to come back, and why.

    `title` and `text` are text, and never markup. Without `replicas` it waits for an update of modules, whose
    job starts it.
    """

    kind: Literal["maintenance-page"] = "maintenance-page"
    replicas: Count = 1
    scraped_from: Literal[""] = ""
    """Nobody's: it has nothing to tell."""
    title: str
    text: str
    retry_after_seconds: Positive
    priority_class: str | None = None
    """The PriorityClass of its pod."""


class StateExporter(PlatformPart):
    """kube-state-metrics: what pods, claims and Services there are, whose they are, and what they request.

    It reaches the Kubernetes API at `api_cidrs`.
    """

    kind: Literal["state-exporter"] = "state-exporter"
    api_cidrs: tuple[Cidr, ...]


class PostgresExporter(PlatformPart):
    """postgres_exporter: sizes and statistics of the databases on `server`, read as `role`."""

    kind: Literal["postgres-exporter"] = "postgres-exporter"
    server: FactId
    role: str


class RedisExporter(PlatformPart):
    """redis_exporter: memory, connections and evictions of the cache `group`, read as `user`."""

    kind: Literal["redis-exporter"] = "redis-exporter"
    group: FactId
    user: str


class IngressController(PlatformPart):
    """Traefik, which leads host names to the pods of `namespaces`, behind a load balancer of its own.

    `source_ranges` may connect to it. `annotations` are of its Service. It reaches the Kubernetes API at
    `api_cidrs`, and reads its own kinds there if it has `middlewares`.
    """

    kind: Literal["ingress-controller"] = "ingress-controller"
    source_ranges: tuple[Cidr, ...]
    annotations: Mapping[str, str] = {}
    namespaces: tuple[str, ...]
    api_cidrs: tuple[Cidr, ...]
    spread: Spread
    priority_class: str | None = None
    """The PriorityClass of its pods."""
    middlewares: bool = False
    maintenance: bool = False
    """Whether it leads to maintenance pages, too."""


class LogShipper(PlatformPart):
    """Fluent Bit on every node: it ships the lines of tenants' pods to their log groups.

    It reads as root, because the logs of a node are root's. `replicas` is how many shared nodes there are:
    it runs on tenants' own nodes too, whose cost is theirs. It looks at pods of namespaces whose name begins
    with `namespaces`, asks the Kubernetes API at `api_cidrs` whose they are, and writes to groups
    `LOG_GROUPS/TENANT`.
    """

    kind: Literal["log-shipper"] = "log-shipper"
    run_as_user: Literal[0] = 0
    run_as_group: Literal[0] = 0
    api_cidrs: tuple[Cidr, ...]
    namespaces: str
    log_groups: str

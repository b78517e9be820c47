"""What postgres_exporter, Traefik, kube-state-metrics and usage exporters tell of what tenants have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from tests.allocation.adapters.usage.clusters import DAY, GIB, HOUR, MINUTE

EVERY: Final = range(-HOUR, DAY + HOUR + 1, 2 * MINUTE)
RARELY: Final = range(-HOUR + 17, DAY + HOUR + 1, 5 * MINUTE)
PAUSED: Final = [moment for moment in EVERY if moment // HOUR not in range(9, 15)]
LATE: Final = [moment for moment in EVERY if moment >= 6 * HOUR]


@dataclass(frozen=True)
class Exporter:
    """One exporter of one cluster; `of` is what it is asked for."""

    of: str
    cluster: str = "one"
    labels: Mapping[str, str] = field(default_factory=dict)
    """What is added to all its series, and what replaces or, with None's stand-in "", removes its own."""
    scraped: Collection[int] = EVERY
    without: frozenset[str] = frozenset()
    created: int | None = None
    """When what is asked for was created, in seconds of the day; None: long ago."""

    def told(self, day: datetime) -> Iterable[tuple[str, int, float]]:
        """Series, moment and value of all samples."""
        for metric, own, per_second, value in _SERIES[self.of]:
            if metric in self.without:
                continue
            instance = {"instance": f"{self.cluster}:1"}
            unique = {name: text.format(self.cluster) for name, text in own.items()}
            labels = {**instance, **unique, **self.labels}
            told = ",".join(f'{name}="{text}"' for name, text in sorted(labels.items()) if text)
            start = int(day.timestamp())
            first = (
                start + self.created if self.created is not None and metric.endswith("_created") else value
            )
            for moment in self.scraped:
                yield f"{metric}{{{told}}}", start + moment, first + per_second * (moment + HOUR)


_CLAIM: Final = {"namespace": "odoo-acme", "persistentvolumeclaim": "files"}
_SERVICE: Final = {"namespace": "odoo-acme", "service": "web", "uid": "{}-7"}
_POD: Final = {"namespace": "odoo-acme", "pod": "web"}
# Metric, labels, growth per second, and first value. {} is the cluster.
_SERIES: Final[Mapping[str, tuple[tuple[str, dict[str, str], float, float], ...]]] = {
    "databases": (
        ("pg_database_size_bytes", {"datname": "odoo_acme", "server": "db:5432"}, 0, 10 * GIB),
        ("pg_database_size_bytes", {"datname": "postgres", "server": "db:5432"}, 0, GIB),
        ("pg_stat_database_active_time_seconds_total", {"datname": "odoo_acme", "server": "db:5432"}, 0.5, 0),
    ),
    "claims": (
        ("kube_persistentvolumeclaim_resource_requests_storage_bytes", _CLAIM, 0, 20 * GIB),
        ("kube_persistentvolumeclaim_labels", {**_CLAIM, "label_cost_tenant": "acme"}, 0, 1),
        ("kube_persistentvolumeclaim_info", {**_CLAIM, "volumename": "pvc-{}"}, 0, 1),
        ("kube_persistentvolumeclaim_created", _CLAIM, 0, 0),
    ),
    "ingress": (("traefik_service_requests_total", {"service": "odoo-acme-web-http@kubernetes"}, 2, 0),),
    "services": (("kube_service_labels", {**_SERVICE, "label_cost_tenant": "acme"}, 0, 1),),
    "tenants": (
        ("tenant_active_users", {"tenant": "acme"}, 0, 5),
        ("tenant_installed_modules", {"tenant": "acme"}, 0, 80),
    ),
    "pods": (
        ("kube_pod_labels", {**_POD, "label_cost_tenant": "acme"}, 0, 1),
        ("kube_pod_status_phase", {**_POD, "phase": "Running"}, 0, 1),
    ),
}

"""Made-up clusters whose truth is known, as the series that their exporters would have told Prometheus."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Protocol

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86400
GIB: Final = 1024**3


@dataclass(frozen=True)
class Pod:
    """A pod of one container. Moments are seconds of its day; before 0 is the day before."""

    tenant: str
    name: str
    cores: float = 1.0
    began: int = -HOUR
    ended: int = 2 * DAY
    restarted: tuple[int, ...] = ()
    node: str = "a"
    job: bool = False

    @property
    def namespace(self) -> str:
        """Where it runs."""
        return f"odoo-{self.tenant}" if self.tenant else "kube-system"

    def hours(self) -> Decimal:
        """How long it ran that day: the truth."""
        return Decimal(max(0, min(self.ended, DAY) - max(self.began, 0))) / HOUR


@dataclass(frozen=True)
class Cluster:
    """Pods, and when their exporters were scraped."""

    pods: tuple[Pod, ...]
    name: str = "one"
    labels: Mapping[str, str] = field(default_factory=dict)
    """What Prometheus or its remote adds to all series."""
    labels_of_nodes: bool = True
    """Whether cAdvisor's series have them, too."""
    states: Collection[int] = range(-HOUR, DAY + HOUR + 1, 2 * MINUTE)
    """When kube-state-metrics is scraped."""
    nodes: Mapping[str, Collection[int]] = field(default_factory=dict)
    """Node -> when its cAdvisor is scraped, where that differs from `states`."""
    honours_labels: bool = True
    states_node: str = ""
    """The node of kube-state-metrics, if Prometheus labels it so."""
    without: frozenset[str] = frozenset()
    """Metrics that are not kept."""

    def told(self, day: datetime) -> Iterator[tuple[str, int, float]]:
        """Series, moment and value of all samples."""
        start = int(day.timestamp())
        for pod in self.pods:
            # kube-state-metrics shows a pod that ended, until its Job is removed.
            last = 2 * DAY if pod.job else pod.ended
            shown = [moment for moment in self.states if pod.began <= moment < last]
            for series, value in self._states(pod, start):
                for moment in shown:
                    if (found := value(moment)) is not None:
                        yield series, start + moment, found
            scraped = self.nodes.get(pod.node, self.states)
            for moment in (moment for moment in scraped if pod.began <= moment < pod.ended):
                began = max([pod.began, *(each for each in pod.restarted if each <= moment)])
                cpu, memory = self._measured(pod, began)
                yield cpu, start + moment, pod.cores * (moment - began)
                yield memory, start + moment, pod.cores * GIB

    def _states(self, pod: Pod, start: int) -> Iterator[tuple[str, Callable[[int], float | None]]]:
        facts: list[tuple[str, dict[str, str], Callable[[int], float | None]]] = [
            ("kube_pod_labels", {"label_cost_tenant": pod.tenant} if pod.tenant else {}, lambda _: 1),
            ("kube_pod_created", {}, lambda _: start + pod.began),
            ("kube_pod_start_time", {}, lambda _: start + pod.began),
            (
                "kube_pod_completion_time",
                {},
                lambda moment: None if moment < pod.ended else start + pod.ended,
            ),
            ("kube_pod_owner", {"owner_kind": "Job" if pod.job else "ReplicaSet"}, lambda _: 1),
            ("kube_pod_status_phase", {"phase": "Running"}, lambda moment: moment < pod.ended),
            ("kube_pod_status_phase", {"phase": "Succeeded"}, lambda moment: moment >= pod.ended),
            ("kube_pod_container_status_running", {}, lambda moment: moment < pod.ended),
            (
                "kube_pod_container_status_restarts_total",
                {},
                lambda moment: sum(each <= moment for each in pod.restarted),
            ),
            (
                "kube_pod_container_resource_requests",
                {"resource": "cpu", "node": pod.node},
                lambda _: pod.cores,
            ),
            (
                "kube_pod_container_resource_requests",
                {"resource": "memory", "node": pod.node},
                lambda _: pod.cores * GIB,
            ),
        ]
        for metric, more, value in facts:
            if metric not in self.without:
                labels = {"namespace": pod.namespace, "pod": pod.name, "uid": self._uid(pod), **more}
                if metric.startswith("kube_pod_container_"):
                    labels["container"] = "odoo"
                yield self._state(metric, labels), value

    def _state(self, metric: str, labels: Mapping[str, str]) -> str:
        target = {"job": "kube-state-metrics", "instance": f"{self.name}:8080"}
        if not self.honours_labels:
            target |= {
                "namespace": "monitoring",
                "pod": "states-0",
                "container": "states",
                "service": "states",
            }
            target |= {"node": self.states_node} if self.states_node else {}
            labels = {f"exported_{name}" if name in target else name: value for name, value in labels.items()}
        return _series(metric, {**target, **labels, **self.labels})

    def _measured(self, pod: Pod, began: int) -> tuple[str, str]:
        labels = {
            "job": "kubelet",
            "instance": f"{self.name}-{pod.node}:10250",
            "namespace": pod.namespace,
            "pod": pod.name,
            "container": "odoo",
            "id": f"/kubepods/burstable/pod{self._uid(pod)}/{began}",
            **(self.labels if self.labels_of_nodes else {}),
        }
        cpu, memory = "container_cpu_usage_seconds_total", "container_memory_working_set_bytes"
        return _series(cpu, labels), _series(memory, labels)

    def _uid(self, pod: Pod) -> str:
        # Of the form that Kubernetes gives: 8-4-4-4-12 hexadecimal digits.
        digits = hashlib.sha256(f"{self.name} {pod.namespace} {pod.name}".encode()).hexdigest()
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))


def _series(metric: str, labels: Mapping[str, str]) -> str:
    told = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    return f"{metric}{{{told}}}"


class Tells(Protocol):
    """What exporters tell."""

    def told(self, day: datetime) -> Iterable[tuple[str, int, float]]:
        """Series, moment and value of all samples."""


def lines_of(clusters: Iterable[Tells], day: datetime) -> list[str]:
    """The OpenMetrics of all samples, series by series in the order of time."""
    samples = sorted(sample for cluster in clusters for sample in cluster.told(day))
    return [f"{series} {float(value)} {moment}" for series, moment, value in samples]


def truth(clusters: Iterable[Cluster]) -> dict[str, Decimal]:
    """Tenant -> core-hours."""
    hours: dict[str, Decimal] = {}
    for cluster in clusters:
        for pod in cluster.pods:
            hours[pod.tenant] = hours.get(pod.tenant, Decimal()) + pod.hours() * Decimal(str(pod.cores))
    return hours


def bound(clusters: Iterable[Cluster], tenant: str) -> Decimal:
    """By how many core-hours a measurement may differ: two steps at each start, one after each end."""
    steps = Decimal()
    for cluster in clusters:
        for pod in cluster.pods:
            if pod.tenant == tenant:
                starts = (pod.began > 0) + len(pod.restarted)
                steps += Decimal(str(pod.cores)) * (2 * starts + (pod.ended < DAY))
    return steps / 12


def named(cluster: Cluster, name: str, label: str = "cluster") -> Cluster:
    """A copy of *cluster* under another name, which a label tells."""
    return replace(cluster, name=name, labels={label: name})


def day_of(number: int) -> datetime:
    """A day of its own for each world: days with three days between them do not see each other."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=4 * number)

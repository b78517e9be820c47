"""What PromQL asks for, for tests of alerts and dashboards: every series it selects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import promql_parser

# What the exporters named in docs/monitoring.md tell, as far as it is asked for; from their own documents:
# kube-state-metrics docs/metrics/workload, cAdvisor in the kubelet, postgres_exporter's collectors.
KUBE_STATE_METRICS: Mapping[str, frozenset[str]] = {
    "kube_cronjob_created": frozenset({"namespace", "cronjob"}),
    "kube_cronjob_status_last_successful_time": frozenset({"namespace", "cronjob"}),
    "kube_deployment_spec_replicas": frozenset({"namespace", "deployment"}),
    "kube_deployment_status_replicas_available": frozenset({"namespace", "deployment"}),
    "kube_job_created": frozenset({"namespace", "job_name"}),
    "kube_job_failed": frozenset({"namespace", "job_name", "condition"}),
    "kube_job_status_completion_time": frozenset({"namespace", "job_name"}),
    "kube_job_status_start_time": frozenset({"namespace", "job_name"}),
    "kube_job_status_succeeded": frozenset({"namespace", "job_name"}),
    "kube_pod_container_resource_limits": frozenset({"namespace", "pod", "container", "resource", "unit"}),
    "kube_pod_container_status_last_terminated_reason": frozenset(
        {"namespace", "pod", "container", "reason"}
    ),
    "kube_pod_container_status_restarts_total": frozenset({"namespace", "pod", "container"}),
}
CADVISOR = {"container_memory_working_set_bytes": frozenset({"namespace", "pod", "container"})}
POSTGRES_EXPORTER = {
    "pg_database_size_bytes": frozenset({"datname"}),
    "pg_stat_database_active_time_seconds_total": frozenset({"datname"}),
    "pg_stat_database_numbackends": frozenset({"datname"}),
}


@dataclass(frozen=True)
class Selected:
    """One selector of a query: the metric, and what its labels must be."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...]
    """Label, `=` or `=~`, and what it is held against."""

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether a series with *labels* is selected, as Prometheus anchors its expressions."""
        return all(
            labels.get(label, "") == text if how == "=" else re.fullmatch(text, labels.get(label, ""))
            for label, how, text in self.matchers
        )


def selected(query: str) -> list[Selected]:
    """Every selector of *query*; a query that Prometheus would refuse raises."""
    found: list[Selected] = []

    def visit(expr: Any) -> None:
        if isinstance(expr, promql_parser.MatrixSelector):
            expr = expr.vector_selector
        if isinstance(expr, promql_parser.VectorSelector):
            matchers = tuple((each.name, _how(each.op), each.value) for each in expr.matchers.matchers)
            one = Selected(str(expr.name), matchers)
            if one not in found:
                found.append(one)

    promql_parser.walk(promql_parser.parse(query), visit)
    return found


def _how(op: promql_parser.MatchOp) -> str:
    if op == promql_parser.MatchOp.Equal:
        return "="
    assert op == promql_parser.MatchOp.Re, op
    return "=~"

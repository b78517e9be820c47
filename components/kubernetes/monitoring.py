"""Dashboards and alerts for the Grafana and the Prometheus operator of a cluster.

Nothing is scraped: no container of a tenant serves metrics, so there is no ServiceMonitor and no scrape
annotation. Kube-state-metrics has what the alerts need.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.alerts import alert_rules
from components.naming import component_type
from tiers.facts.every_fact import Alerts, Dashboards
from tiers.plan.plan import TenantPlan, facts_of

_DASHBOARDS: Final = Path(__file__).parent / "dashboards"
# The default label of the sidecar in Grafana's chart.
_SIDECAR: Final = {"grafana_dashboard": "1"}


class GrafanaDashboards(pulumi.ComponentResource):
    """A ConfigMap with every dashboard, labelled for Grafana's sidecar."""

    def __init__(self, name: str, fact: Dashboards, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(component_type("GrafanaDashboards"), name, fact.model_dump(mode="json"), opts)
        k8s.core.v1.ConfigMap(
            name,
            metadata={"name": name, "namespace": fact.namespace, "labels": _SIDECAR},
            data={path.name: path.read_text(encoding="utf-8") for path in sorted(_DASHBOARDS.glob("*.json"))},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


class TenantAlerts(pulumi.ComponentResource):
    """A PrometheusRule with the alerts of one tenant; each names the tenant and what to do."""

    def __init__(self, tenant: TenantPlan, fact: Alerts, opts: pulumi.ResourceOptions | None = None) -> None:
        # A tenant has one of this kind, so its name needs no suffix, which tenants could then not use.
        name = tenant.tenant
        super().__init__(component_type("TenantAlerts"), name, fact.model_dump(mode="json"), opts)
        k8s.apiextensions.CustomResource(
            name,
            api_version="monitoring.coreos.com/v1",
            kind="PrometheusRule",
            metadata={"name": name, "namespace": fact.namespace, "labels": dict(fact.rule_labels)},
            spec={"groups": [{"name": name, "rules": alert_rules(tenant, fact)}]},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def watch(tenant: TenantPlan, opts: pulumi.ResourceOptions) -> None:
    """Declare the alerts of a tenant, if its plan has any."""
    for fact in facts_of(tenant.facts, Alerts):
        TenantAlerts(tenant, fact, opts)

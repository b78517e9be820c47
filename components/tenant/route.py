"""The way to a tenant: its route, records of its host names, and the page while its pods are stopped."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.aws.records import HostRecords
from components.kubernetes import jobs, pods
from components.kubernetes.network_policies import maintenance_policy
from components.kubernetes.priority import scheduling
from components.kubernetes.route import OdooRoute
from components.naming import component_type, physical_name
from components.scripts import script
from tiers.facts.every_fact import DnsRecords, MaintenancePage, Route, Workload
from tiers.facts.names import MAINTENANCE
from tiers.plan.plan import TenantPlan, fact_named, facts_of

_WAITS: Final = "costack/answers"
_START: Final = 'exec python3 -I -c "$PROGRAM"'


def build_route(
    tenant: TenantPlan,
    route: Route,
    ingress_namespace: str,
    *,
    inside: pulumi.ResourceOptions,
    child: pulumi.ResourceOptions,
) -> None:
    """Declare how *tenant* is reached.

    Args:
        tenant: The tenant.
        route: Its route.
        ingress_namespace: Where the ingress controller is.
        inside: Options of objects in the namespace, which wait for it.
        child: Options of AWS resources.
    """
    page = maintenance_of(tenant, route, ingress_namespace, inside, waits=False)
    OdooRoute(tenant.tenant, route, fact_named(tenant.facts, Workload, "web"), inside, maintenance=page)
    for records in facts_of(tenant.facts, DnsRecords):
        HostRecords(tenant.tenant, records, child)


def maintenance_of(
    tenant: TenantPlan, route: Route, ingress_namespace: str, opts: pulumi.ResourceOptions, *, waits: bool
) -> list[pulumi.Resource]:
    """The page of *tenant*, while its plan has one: one that runs, or one that *waits* for an update."""
    return [
        MaintenanceRoute(tenant.tenant, fact, route, ingress_namespace=ingress_namespace, opts=opts)
        for fact in facts_of(tenant.facts, MaintenancePage)
        if waits is not bool(fact.replicas)
    ]


class MaintenanceRoute(pulumi.ComponentResource):
    """One small pod without any rights, which answers on the ports of Odoo.

    No update of a stack can lead the Service elsewhere while a job of the same update runs. So a page that
    waits for an update of modules is among the pods that the Service leads to; the job starts and stops it.

    Args:
        tenant: The tenant.
        fact: What it says.
        route: The ports, and who sends requests.
        ingress_namespace: Where the ingress controller is.
        opts: Options of the component; what must exist first comes as `depends_on`.
    """

    def __init__(
        self,
        tenant: str,
        fact: MaintenancePage,
        route: Route,
        *,
        ingress_namespace: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        name = physical_name(tenant, MAINTENANCE)
        super().__init__(component_type("MaintenanceRoute"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        labels = pods.identity(tenant, MAINTENANCE, name=MAINTENANCE)
        if not fact.replicas:
            # The label more keeps it apart from the pods of Odoo, which others select, too.
            labels = pods.identity(tenant, "web") | {_WAITS: MAINTENANCE}
        ports = sorted({route.http_port, route.websocket_port})
        account = pods.service_account(name, name, fact.namespace, child)
        maintenance_policy(name, labels, route, ports, ingress_namespace=ingress_namespace, opts=child)
        k8s.apps.v1.Deployment(
            name,
            metadata={"name": name, "namespace": fact.namespace, "labels": labels},
            spec={
                "replicas": fact.replicas,
                "selector": {"matchLabels": labels},
                "template": pods.pod_template(labels, _pod(fact, name, ports)),
            },
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[account], ignore_changes=[] if fact.replicas else ["spec.replicas"]
            ),
        )
        self.register_outputs({})


def _as_it_is(text: str) -> str:
    """Kubernetes reads `$(NAME)` in a value as another variable, and `$$` as `$` (EnvVar, `value`)."""
    return text.replace("$", "$$")


def _pod(fact: MaintenancePage, account: str, ports: list[int]) -> pods.Manifest:
    told = {
        "PROGRAM": script("maintenance.py"),
        "TITLE": _as_it_is(fact.title),
        "TEXT": _as_it_is(fact.text),
        "RETRY_AFTER": str(fact.retry_after_seconds),
        "PORTS": " ".join(map(str, ports)),
    }
    asked = {"tcpSocket": {"port": ports[0]}, "timeoutSeconds": 5}
    container = pods.container(
        fact.name,
        fact.image,
        fact.compute,
        env=pods.variables(told),
        ports=[{"containerPort": port} for port in ports],
        readinessProbe=asked,
        livenessProbe=asked,
        **jobs.command(_START),
    )
    return pods.pod(fact.run_as_user, fact.run_as_group, account, [container], **scheduling(fact))

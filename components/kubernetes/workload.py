"""Odoo's pods: those that serve, and those of the scheduled actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import jobs, odoo, pods
from components.kubernetes.filestore import Filestore
from components.kubernetes.fingerprint import ANNOTATION
from components.kubernetes.pod_group import membership
from components.kubernetes.pods import Manifest
from components.kubernetes.priority import scheduling, spread
from components.kubernetes.secrets import secret_of
from components.naming import component_type, physical_name
from components.places import SecretPlace
from components.scripts import script
from tiers.facts.every_fact import CacheSpace, OdooProcess, Route, Workload
from tiers.facts.names import EVENTED_PORT, HTTP_PORT, ODOO_SETUP
from tiers.schedule import MINUTES_PER_WEEK

_CPU_TARGET_PERCENT = 70
# Lets Pulumi set fields that another manager has set since (pulumi-kubernetes, server-side apply).
_TAKE_BACK = "pulumi.com/patchForce"
_UPDATE = "costack/odoo-update"
# A new node and its images, then Odoo: its startup probe allows each pod 10 minutes (`odoo.web_probes`).
_NODE_MINUTES = 10
_POD_MINUTES = 10


class OdooSettings(pulumi.ComponentResource):
    """The Secret with odoo.conf and what opens the session cache, and a service account without permissions.

    Args:
        name: The tenant.
        namespace: Where both are.
        configuration: The text of odoo.conf.
        sessions: Key in the Secret -> password; pods read the first, and start anew when it changes.
        place: Where the Secret comes from.
        opts: Options of the component.
    """

    def __init__(
        self,
        name: str,
        namespace: pulumi.Input[str],
        configuration: pulumi.Output[str],
        sessions: Mapping[str, pulumi.Input[str]],
        *,
        place: SecretPlace,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("OdooSettings"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.service_account = name
        self.secret_name, self.secret, self.fingerprint = secret_of(
            f"{name}-odoo",
            namespace,
            {odoo.CONFIGURATION_FILE: configuration, **sessions},
            called=physical_name(name, "odoo"),
            read=(odoo.CONFIGURATION_FILE, next(iter(sessions))),
            place=place,
            opts=child,
        )
        self.account = pods.service_account(f"{name}-odoo", self.service_account, namespace, child)
        self.register_outputs({})


class OdooWorkload(pulumi.ComponentResource):
    """One Deployment of Odoo: web pods, or the pods of its scheduled actions.

    Args:
        tenant: The tenant.
        fact: The number, size and image of the pods.
        files: The tenant's filestore.
        settings: Its configuration.
        sessions: Its session space, and the cache's address.
        route: Its ports.
        grouped: Whether its pods join the tenant's security group.
        opts: Options of the component; what must exist first comes as `depends_on`.
    """

    def __init__(
        self,
        tenant: str,
        fact: Workload,
        *,
        files: Filestore,
        settings: OdooSettings,
        sessions: tuple[CacheSpace, pulumi.Input[str]],
        route: Route,
        grouped: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        name = physical_name(tenant, fact.name)
        super().__init__(component_type("OdooWorkload"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        if fact.odoo is None:
            raise ValueError(f"{fact.id}: a workload of a tenant runs Odoo")
        labels = pods.identity(tenant, fact.name)
        joining = {**labels, **membership(grouped=grouped)}
        process = _container(fact, fact.odoo, settings, sessions, route)
        spec = _pod(tenant, fact, fact.odoo, (settings, files), process)
        self.deployment = k8s.apps.v1.Deployment(
            name,
            metadata={"name": name, "namespace": fact.namespace, "labels": labels, **_notes(fact, fact.odoo)},
            spec={
                "replicas": fact.replicas,
                "selector": {"matchLabels": labels},
                "strategy": _strategy(fact.odoo),
                "template": pods.pod_template(joining, spec, _marks(settings, fact.odoo)),
            },
            opts=pulumi.ResourceOptions.merge(_left_alone(child, fact), rollout_patience(fact)),
        )
        _companions(name, fact, labels, child)
        self.register_outputs({})


def _marks(settings: OdooSettings, process: OdooProcess) -> dict[str, pulumi.Input[str]]:
    """What starts its pods anew when it changes, though no other part of their template does."""
    updated = {_UPDATE: str(process.update_number)} if process.update_number else {}
    return {ANNOTATION: settings.fingerprint, **updated}


def _container(
    fact: Workload,
    process: OdooProcess,
    settings: OdooSettings,
    sessions: tuple[CacheSpace, pulumi.Input[str]],
    route: Route,
) -> Manifest:
    serves = not process.cron_threads
    more: dict[str, Any] = {"env": odoo.environment(*sessions, settings.secret_name)}
    if serves:
        ports = {odoo.HTTP_PORT_NAME: HTTP_PORT}
        if process.web_workers:
            ports[odoo.EVENTED_PORT_NAME] = EVENTED_PORT
        more["ports"] = [{"name": name, "containerPort": port} for name, port in ports.items()]
        more |= odoo.web_probes(ports.values())
    else:
        more |= odoo.cron_probes(route)
    return pods.container(
        fact.name,
        process.image,
        fact.compute,
        mounts=pods.odoo_mounts(),
        args=["odoo", *odoo.arguments(process, route)],
        **more,
    )


def _pod(
    tenant: str,
    fact: Workload,
    process: OdooProcess,
    mounted: tuple[OdooSettings, Filestore],
    container: Manifest,
) -> Manifest:
    settings, files = mounted
    user, group, account = process.run_as_user, process.run_as_group, settings.service_account
    volumes = pods.odoo_volumes(files.claim_name, settings.secret_name)
    where = _scheduling(fact, pods.identity(tenant, fact.name))
    return pods.pod(user, group, account, [container], volumes, **_gate(tenant, fact, process), **where)


def _gate(tenant: str, fact: Workload, process: OdooProcess) -> Manifest:
    if not process.neutralised:
        return {}
    check = pods.container(
        "neutralised",
        process.image,
        fact.compute,
        mounts=pods.odoo_mounts(),
        env=pods.variables({"SETUP_JOB": jobs.selection(tenant, ODOO_SETUP, fact.namespace)}),
        **jobs.command(script("neutralised.sh")),
    )
    return {"initContainers": [check]}


def _strategy(process: OdooProcess) -> Manifest:
    # Old and new pods of scheduled actions side by side would do the same work twice.
    if process.cron_threads:
        return {"type": "Recreate"}
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


def _scheduling(fact: Workload, labels: dict[str, str]) -> Manifest:
    return {
        "topologySpreadConstraints": spread(
            labels,
            strict=fact.needs_zones,
            by_rollout=bool(fact.spread and fact.spread.by_rollout),
        ),
        "terminationGracePeriodSeconds": 60,
        **scheduling(fact),
    }


def _companions(name: str, fact: Workload, labels: dict[str, str], child: pulumi.ResourceOptions) -> None:
    if fact.most_replicas > 1:
        _disruption_budget(name, fact, labels, child)
    if fact.max_replicas:
        _autoscaler(name, fact, child)


def rollout_patience(fact: Workload) -> pulumi.ResourceOptions:
    """How long an update waits for the pods of *fact*, and for what sends traffic to them.

    Pulumi's Kubernetes provider waits 10 minutes by default (4.25.0, `await/deployment.go`). New pods come
    one after the other here (`_strategy`), as many as an autoscaler may have made.
    """
    patience = f"{_NODE_MINUTES + _POD_MINUTES * fact.most_replicas}m"
    timeouts = pulumi.CustomTimeouts(create=patience, update=patience)
    return pulumi.ResourceOptions(custom_timeouts=timeouts)


def _sleeps(fact: Workload) -> bool:
    return fact.awake_minutes_per_week < MINUTES_PER_WEEK


def _is_scaled(fact: Workload) -> bool:
    """Whether the autoscaler or the schedule owns the number of pods, from the first day on."""
    return not fact.starts_again and bool(fact.max_replicas or _sleeps(fact))


def _notes(fact: Workload, process: OdooProcess) -> Manifest:
    # Whoever scaled the pods since owns their number: the autoscaler, the schedule, a person. An update that
    # stops them, starts them again, or has no autoscaler any more would be refused (a conflict of managers).
    takes_back = process.neutralised or not _is_scaled(fact)
    # The second annotation is removed with the schedule: an update without a change would leave the pods
    # stopped for ever.
    notes = ({_TAKE_BACK: "true"} if takes_back else {}) | (
        {"costack/sleeps": "outside its hours"} if process.neutralised and _sleeps(fact) else {}
    )
    return {"annotations": notes} if notes else {}


def _left_alone(child: pulumi.ResourceOptions, fact: Workload) -> pulumi.ResourceOptions:
    if not _is_scaled(fact):
        return child
    # No update may override the number that its owner has set.
    return pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(ignore_changes=["spec.replicas"]))


def _autoscaler(name: str, fact: Workload, child: pulumi.ResourceOptions) -> None:
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": _CPU_TARGET_PERCENT}}
    k8s.autoscaling.v2.HorizontalPodAutoscaler(
        name,
        metadata={"name": name, "namespace": fact.namespace},
        spec={
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": fact.replicas,
            "maxReplicas": fact.max_replicas,
            "metrics": [{"type": "Resource", "resource": cpu}],
        },
        opts=child,
    )


def _disruption_budget(
    name: str, fact: Workload, labels: dict[str, str], child: pulumi.ResourceOptions
) -> None:
    k8s.policy.v1.PodDisruptionBudget(
        name,
        metadata={"name": name, "namespace": fact.namespace},
        spec={"maxUnavailable": 1, "selector": {"matchLabels": labels}},
        opts=child,
    )

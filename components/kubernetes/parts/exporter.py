"""What all exporters are: one pod, which nobody but Prometheus may ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import pods
from components.kubernetes.fingerprint import ANNOTATION
from components.kubernetes.network_policies import scraped_policy
from tiers.facts.every_fact import PlatformPart

PASSWORD: Final = "password"  # noqa: S105 - a name, no password
"""The key of a Secret with the password of an exporter."""


def exporter(
    name: str,
    fact: PlatformPart,
    labels: Mapping[str, str],
    spec: pods.Manifest,
    *,
    parent: pulumi.Resource,
    port: int,
    openings: Sequence[pods.Manifest],
    after: Sequence[pulumi.Resource],
    has_read: pulumi.Input[str] | None = None,
    joining: Mapping[str, str] | None = None,
) -> None:
    """Declare the pod of an exporter, and who may talk to it.

    Args:
        name: Its name.
        fact: Its namespace and its size.
        labels: The labels that select its pod.
        spec: The pod spec.
        parent: The component that it belongs to.
        port: Where it tells its metrics.
        openings: What its pod may connect to.
        after: What must exist before its pod.
        has_read: The fingerprint of a Secret whose change makes a new pod.
        joining: More labels of its pod: of a security group.
    """
    scraped_policy(
        (name, fact.namespace),
        dict(labels),
        (fact.scraped_from, port),
        openings,
        pulumi.ResourceOptions(parent=parent),
    )
    notes = None if has_read is None else {ANNOTATION: has_read}
    k8s.apps.v1.Deployment(
        name,
        metadata={"name": name, "namespace": fact.namespace, "labels": dict(labels)},
        spec={
            "replicas": fact.replicas,
            "selector": {"matchLabels": dict(labels)},
            # Two of them would tell everything twice to whoever scrapes them.
            "strategy": {"type": "Recreate"},
            "template": pods.pod_template({**labels, **(joining or {})}, spec, notes),
        },
        opts=pulumi.ResourceOptions(parent=parent, depends_on=list(after)),
    )


def metrics(port: int, path: str) -> pods.Manifest:
    """The port of a container that tells metrics, and how the kubelet asks whether it still does."""
    asked = {"path": path, "port": pods.METRICS_PORT}
    return {
        "ports": [{"name": pods.METRICS_PORT, "containerPort": port}],
        "livenessProbe": {"httpGet": asked, "timeoutSeconds": 10},
    }

"""Pods under the Pod Security Standard `restricted`, and the containers in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from tiers.facts.every_fact import ComputeRequest

DATA_DIRECTORY: Final = "/var/lib/odoo"
CONFIGURATION_DIRECTORY: Final = "/etc/odoo"
SCRATCH_DIRECTORY: Final = "/tmp"  # noqa: S108 - an emptyDir of the pod's own
METRICS_PORT: Final = "metrics"
"""By this name of a port Prometheus finds exporters (docs/platform-parts.md)."""
API_ACCESS: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
"""Where client-go looks for the token of a pod (rest.InClusterConfig)."""
_TOKEN_SECONDS: Final = 600
_SCRATCH_LIMIT: Final = "2Gi"
# On the node's disk: the scratch directory, and the pod's logs beside it.
_SCRATCH_REQUEST: Final = "256Mi"
_SCRATCH_CEILING: Final = "3Gi"

Manifest = dict[str, Any]
"""A part of a Kubernetes object, with the field names of the Kubernetes API."""

_ODOO_FILES: Final[Sequence[Manifest]] = (
    {"name": "filestore", "mountPath": DATA_DIRECTORY},
    {"name": "configuration", "mountPath": CONFIGURATION_DIRECTORY, "readOnly": True},
)
_SCRATCH: Final = "scratch"


def identity(tenant: str, component: str, *, name: str = "odoo") -> dict[str, str]:
    """The labels that select a tenant's pods; they identify it, and never include its cost tags or tier.

    Traffic that policies allow to a tenant's Odoo is closed to pods with another *name*.
    """
    return {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/instance": tenant,
        "app.kubernetes.io/component": component,
    }


def resources(compute: ComputeRequest, disk_gib: int = 0) -> Manifest:
    """Requests and limits; without them neither the scheduler nor cost allocation knows a pod's size.

    *disk_gib* is what it writes to volumes on the node's disk, beside scratch directory and logs.
    """
    disk = f"{disk_gib}Gi"
    return {
        "requests": {
            "cpu": f"{compute.cpu_request_millicores}m",
            "memory": f"{compute.memory_request_mib}Mi",
            "ephemeral-storage": disk if disk_gib else _SCRATCH_REQUEST,
        },
        "limits": {
            "cpu": f"{compute.cpu_limit_millicores}m",
            "memory": f"{compute.memory_limit_mib}Mi",
            "ephemeral-storage": disk if disk_gib else _SCRATCH_CEILING,
        },
    }


def container(
    name: str,
    image: str,
    compute: ComputeRequest,
    *,
    mounts: Sequence[Manifest] = (),
    scratch: str = _SCRATCH,
    disk_gib: int = 0,
    **more: Any,
) -> Manifest:
    """A container without privileges, on a read-only root with a scratch directory: the volume *scratch*."""
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",  # images are named by digest: a pull always gets the same image
        "resources": resources(compute, disk_gib),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [*mounts, {"name": scratch, "mountPath": SCRATCH_DIRECTORY}],
        **more,
    }


def odoo_mounts() -> list[Manifest]:
    """The mounts of an Odoo container: filestore and odoo.conf."""
    return list(_ODOO_FILES)


def odoo_volumes(claim: str, secret: pulumi.Input[str]) -> list[Manifest]:
    """The volumes behind `odoo_mounts`."""
    return [
        {"name": "filestore", "persistentVolumeClaim": {"claimName": claim}},
        {"name": "configuration", "secret": {"secretName": secret, "defaultMode": 0o440}},
    ]


def empty(name: str, gib: int) -> Manifest:
    """A volume on the node's disk that begins empty and ends with its pod."""
    return {"name": name, "emptyDir": {"sizeLimit": f"{gib}Gi"}}


def pod(
    user: int,
    group: int,
    service_account: str,
    containers: Sequence[Manifest],
    volumes: Sequence[Manifest] = (),
    **more: Any,
) -> Manifest:
    """A pod spec that the namespace's Pod Security admission accepts."""
    return {
        "serviceAccountName": service_account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": user,
            "runAsGroup": group,
            "fsGroup": group,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": list(containers),
        "volumes": [*volumes, {"name": _SCRATCH, "emptyDir": {"sizeLimit": _SCRATCH_LIMIT}}],
        **more,
    }


def variables(values: Mapping[str, Any]) -> list[Manifest]:
    """Environment variables of a container."""
    return [{"name": name, "value": value} for name, value in values.items()]


def service_account(
    logical_name: str, name: str, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> k8s.core.v1.ServiceAccount:
    """An account whose pods get no token; pods that use the Kubernetes API request their own."""
    return k8s.core.v1.ServiceAccount(
        logical_name,
        metadata={"name": name, "namespace": namespace},
        automount_service_account_token=False,
        opts=opts,
    )


def api_access(volume: str, *more: Manifest) -> Manifest:
    """A short-lived token, the CA certificate and *more*; requested by the pod: accounts mount no token."""
    sources = [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": _TOKEN_SECONDS}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        *more,
    ]
    return {"name": volume, "projected": {"sources": sources, "defaultMode": 0o440}}


def pod_template(
    labels: Mapping[str, str], spec: Manifest, notes: Mapping[str, pulumi.Input[str]] | None = None
) -> Manifest:
    """A pod template, with *notes* as annotations; the cost labels are added by the tagging transform."""
    annotations = {"annotations": dict(notes)} if notes else {}
    return {"metadata": {"labels": dict(labels), **annotations}, "spec": spec}

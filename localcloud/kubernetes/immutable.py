"""Which properties of a Kubernetes object need a new object, as the official provider's `forceNew` says."""

from __future__ import annotations

from typing import Any, Final

IDENTITY: Final = frozenset({"metadata.name", "metadata.namespace"})

_POD: Final = (
    "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC "
    "hostNetwork hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority "
    "priorityClassName readinessGates restartPolicy runtimeClassName schedulerName securityContext "
    "serviceAccount serviceAccountName shareProcessNamespace subdomain terminationGracePeriodSeconds volumes"
)
_CONTAINER: Final = (
    "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources "
    "securityContext stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices "
    "volumeMounts workingDir"
)
_VOLUME_SOURCES: Final = (
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk "
    "glusterfs hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos "
    "vsphereVolume"
)


def _spec(names: str, prefix: str = "spec") -> frozenset[str]:
    return frozenset(f"{prefix}.{name}" for name in names.split())


_FIXED: Final[dict[tuple[str, str], frozenset[str]]] = {
    ("", "PersistentVolume"): _spec(_VOLUME_SOURCES),
    ("", "PersistentVolumeClaim"): _spec("accessModes selector storageClassName volumeName"),
    ("", "Pod"): _spec(_POD)
    | _spec(_CONTAINER, "spec.containers[*]")
    | _spec(_CONTAINER, "spec.initContainers[*]"),
    ("", "ResourceQuota"): _spec("scopes"),
    ("", "Service"): _spec("clusterIP"),
    ("apps", "DaemonSet"): _spec("selector"),
    ("apps", "Deployment"): _spec("selector"),
    ("apps", "StatefulSet"): _spec(
        "podManagementPolicy revisionHistoryLimit selector serviceName volumeClaimTemplates"
    ),
    ("batch", "Job"): _spec("completions parallelism selector template"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): frozenset({"roleRef"}),
    ("rbac.authorization.k8s.io", "RoleBinding"): frozenset({"roleRef"}),
    ("storage.k8s.io", "StorageClass"): frozenset({"parameters", "provisioner"}),
}


def replace_paths(inputs: dict[str, Any], *, mutable: frozenset[str] = frozenset()) -> frozenset[str]:
    """Property paths that need a new object.

    Args:
        inputs: the object; its `apiVersion` and `kind` decide.
        mutable: "ConfigMap" and "Secret" when the provider is set to change their data in place.
    """
    kind = str(inputs.get("kind", ""))
    group = str(inputs.get("apiVersion", "")).rpartition("/")[0]
    fixed = IDENTITY | _FIXED.get((group, kind), frozenset())
    if group == "" and kind == "ConfigMap" and kind not in mutable:
        return fixed | {"binaryData", "data"}
    if group == "" and kind == "Secret":
        return fixed | {"type"} | (frozenset() if kind in mutable else {"data", "stringData"})
    return fixed

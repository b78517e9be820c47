"""What replaces a Kubernetes object."""

from __future__ import annotations

import pytest

from localcloud.kubernetes.immutable import replace_paths


@pytest.mark.parametrize(
    ("version", "kind", "replacing", "in_place"),
    [
        ("v1", "Namespace", "metadata.name", "metadata.labels"),
        ("apps/v1", "Deployment", "spec.selector", "spec.replicas"),
        ("apps/v1", "DaemonSet", "spec.selector", "spec.template"),
        ("apps/v1", "StatefulSet", "spec.volumeClaimTemplates", "spec.template"),
        ("v1", "PersistentVolumeClaim", "spec.storageClassName", "spec.resources"),
        ("v1", "Service", "spec.clusterIP", "spec.ports"),
        ("v1", "Secret", "type", "metadata.labels"),
        ("v1", "ConfigMap", "data", "metadata.labels"),
        ("batch/v1", "Job", "spec.template", "spec.suspend"),
        ("batch/v1", "CronJob", "metadata.namespace", "spec.schedule"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding", "roleRef", "subjects"),
        ("storage.k8s.io/v1", "StorageClass", "provisioner", "allowVolumeExpansion"),
        ("v1", "Pod", "spec.containers[*].image", "metadata.labels"),
        ("v1", "ResourceQuota", "spec.scopes", "spec.hard"),
    ],
)
def test_each_kind_has_what_it_cannot_change(version: str, kind: str, replacing: str, in_place: str) -> None:
    paths = replace_paths({"apiVersion": version, "kind": kind})
    assert replacing in paths
    assert in_place not in paths
    assert {"metadata.name", "metadata.namespace"} <= paths


def test_data_changes_in_place_when_the_provider_is_set_so() -> None:
    mutable = frozenset({"ConfigMap", "Secret"})
    assert "data" not in replace_paths({"apiVersion": "v1", "kind": "ConfigMap"}, mutable=mutable)
    secret = replace_paths({"apiVersion": "v1", "kind": "Secret"}, mutable=mutable)
    assert "data" not in secret
    assert "type" in secret


def test_a_kind_of_the_same_name_in_another_group_is_another_kind() -> None:
    assert "spec.selector" not in replace_paths({"apiVersion": "example.com/v1", "kind": "Deployment"})

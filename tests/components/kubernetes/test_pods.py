from __future__ import annotations

from typing import Any

import pytest

from components.kubernetes import pods
from tests.components.monitor import Declared
from tests.components.queries import pod_specs
from tiers.facts.compute import ComputeRequest

ALLOWED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
COMPUTE = ComputeRequest(
    cpu_request_millicores=100, memory_request_mib=256, cpu_limit_millicores=1000, memory_limit_mib=512
)


def violations(spec: Any) -> list[str]:
    """What the Pod Security Standard `restricted` (Kubernetes documentation) refuses in a pod spec."""
    found = [f"{name} is set" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    context = spec.get("securityContext") or {}
    if context.get("runAsNonRoot") is not True:
        found.append("runAsNonRoot is not true")
    if context.get("runAsUser") in (None, 0):
        found.append("runAsUser is root")
    if (context.get("seccompProfile") or {}).get("type") not in ("RuntimeDefault", "Localhost"):
        found.append("no seccomp profile")
    for volume in spec.get("volumes", []):
        if not (set(volume) - {"name"}) <= ALLOWED_VOLUMES:
            found.append(f"volume {volume['name']} is of a forbidden type")
    for container in [*spec["containers"], *spec.get("initContainers", [])]:
        own = container.get("securityContext") or {}
        if own.get("allowPrivilegeEscalation") is not False:
            found.append(f"{container['name']} may escalate")
        if (own.get("capabilities") or {}).get("drop") != ["ALL"]:
            found.append(f"{container['name']} keeps capabilities")
        if any("hostPort" in port for port in container.get("ports", [])):
            found.append(f"{container['name']} takes a port of the host")
    return found


def test_every_pod_is_restricted(declared: tuple[Declared, ...]) -> None:
    specs = dict(pod_specs(declared))
    assert len(specs) >= 15
    assert {name: violations(spec) for name, spec in specs.items() if violations(spec)} == {}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("securityContext", "runAsNonRoot"), False),
        (("securityContext", "runAsUser"), 0),
        (("securityContext", "seccompProfile"), None),
        (("containers", 0, "securityContext", "allowPrivilegeEscalation"), True),
        (("containers", 0, "securityContext", "capabilities"), {"drop": []}),
        (("volumes", 0), {"name": "root", "hostPath": {"path": "/"}}),
        (("hostNetwork",), True),
    ],
)
def test_the_check_sees_each_weakness(path: tuple[Any, ...], value: object) -> None:
    spec = pods.pod(10001, 10001, "acme", [pods.container("web", "image", COMPUTE)])
    assert violations(spec) == []
    node: Any = spec
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    assert len(violations(spec)) == 1


def test_every_container_says_what_it_asks_for_and_where_it_stops(declared: tuple[Declared, ...]) -> None:
    for name, spec in pod_specs(declared):
        for container in spec["containers"]:
            for kind in ("requests", "limits"):
                assert set(container["resources"][kind]) == {"cpu", "memory", "ephemeral-storage"}, name


def test_every_pod_is_hardened_beyond_the_standard(declared: tuple[Declared, ...]) -> None:
    for name, spec in pod_specs(declared):
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["enableServiceLinks"] is False, name
        assert spec["serviceAccountName"] != "default", name
        for container in spec["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
            assert "@sha256:" in container["image"], name


def test_mounts_have_volumes(declared: tuple[Declared, ...]) -> None:
    for name, spec in pod_specs(declared):
        volumes = {volume["name"] for volume in spec["volumes"]}
        for container in spec["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes, name


def test_selecting_labels_never_say_what_was_sold() -> None:
    assert pods.identity("acme", "web") == {
        "app.kubernetes.io/name": "odoo",
        "app.kubernetes.io/instance": "acme",
        "app.kubernetes.io/component": "web",
    }

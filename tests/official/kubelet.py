"""A pretended node: its pods get ready, succeed or fail by rule, and every Ingress gets an address.

Controllers, admission and the API are Kubernetes' own. Pretended are the scheduler, what provisions a volume
once a pod needs it, what runs containers, and what listens on the network: nothing here does any of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import httpx

from tests.repetition import repeating

NODE: Final = "pretended"
STARTED: Final = "started"
_POLL_SECONDS: Final = 0.2
_MERGE: Final = {"Content-Type": "application/merge-patch+json"}

Pod = dict[str, Any]


class Outcome(StrEnum):
    """What comes of a pod."""

    READY = "ready"
    UNREADY = "unready"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    PENDING = "Pending"


def healthy(pod: Pod) -> Outcome:
    """Pods that run once succeed, the others get ready."""
    return Outcome.SUCCEEDED if pod["spec"]["restartPolicy"] == "Never" else Outcome.READY


@dataclass
class Kubelet:
    """The node; `rule` and `publishes` may be changed while it runs."""

    client: httpx.Client
    rule: Callable[[Pod], Outcome] = healthy
    publishes: bool = True
    """Whether Ingresses get addresses."""
    events: list[tuple[str, str]] = field(default_factory=list)
    """What became of pods, in order: a pod's name, and `STARTED` or the `Outcome` it came to."""

    @property
    def seen(self) -> list[str]:
        """The names of all pods that it has started, in order."""
        return [name for name, what in self.events if what == STARTED]

    def register(self) -> None:
        """Make the node known, ready and large."""
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}
        self.client.post("/api/v1/nodes", json=node).raise_for_status()
        room = {"cpu": "1000", "memory": "10Ti", "pods": "1000", "ephemeral-storage": "10Ti"}
        ready = {"type": "Ready", "status": "True", "reason": "Pretended", "message": ""}
        self._status(f"/api/v1/nodes/{NODE}", {"capacity": room, "allocatable": room, "conditions": [ready]})

    def tend(self) -> None:
        """One look at all pods and Ingresses."""
        for pod in self._items("/api/v1/pods"):
            self._tend_pod(pod)
        if self.publishes:
            for ingress in self._items("/apis/networking.k8s.io/v1/ingresses"):
                if not (ingress.get("status") or {}).get("loadBalancer"):
                    path = f"/apis/networking.k8s.io/v1/{_below(ingress)}/ingresses/{_name(ingress)}"
                    self._status(path, {"loadBalancer": {"ingress": [{"hostname": "ingress.example.com"}]}})

    def _tend_pod(self, pod: Pod) -> None:
        path = f"/api/v1/{_below(pod)}/pods/{_name(pod)}"
        phase = pod["status"].get("phase", "Pending")
        if pod["metadata"].get("deletionTimestamp"):
            self.client.request("DELETE", path, json={"gracePeriodSeconds": 0})
            return
        outcome = self.rule(pod)
        if phase in ("Succeeded", "Failed") or outcome is Outcome.PENDING:
            return
        if not pod["spec"].get("nodeName"):
            if self._can_mount(pod):
                self._start(pod, path)
            return  # what a pod comes to is seen at the next look: pods that start together end together
        wanted = _status_of(pod, outcome)
        if wanted["phase"] != phase or _is_ready(pod) != (outcome is Outcome.READY):
            self._status(path, wanted)
            self.events.append((_name(pod), outcome))

    def _start(self, pod: Pod, path: str) -> None:
        target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": pod["metadata"], "target": target}
        self.client.post(f"{path}/binding", json=_named_only(binding))
        self._status(path, _status_of(pod, Outcome.UNREADY))
        self.events.append((_name(pod), STARTED))

    def _can_mount(self, pod: Pod) -> bool:
        """A scheduler gives no node to a pod whose claims are not bound, but those that wait for a pod."""
        claims = [
            each["persistentVolumeClaim"]["claimName"]
            for each in pod["spec"].get("volumes") or []
            if "persistentVolumeClaim" in each
        ]
        paths = [f"/api/v1/{_below(pod)}/persistentvolumeclaims/{each}" for each in claims]
        found = [self.client.get(each).json() for each in paths]
        for path, claim in zip(paths, found, strict=True):
            self._provision(path, claim)
        return all(each.get("status", {}).get("phase") == "Bound" for each in found)

    def _provision(self, path: str, claim: dict[str, Any]) -> None:
        """Make the volume of a claim that waits for its first pod, as a CSI driver's provisioner does.

        The scheduler tells it by an annotation which node the pod will run on (Kubernetes,
        pkg/scheduler/framework/plugins/volumebinding/binder.go, `AnnSelectedNode`).
        """
        called = claim.get("spec", {}).get("storageClassName")
        if not called or claim["status"].get("phase") != "Pending":
            return
        kind = self.client.get(f"/apis/storage.k8s.io/v1/storageclasses/{called}").json()
        if kind.get("volumeBindingMode") != "WaitForFirstConsumer":
            return
        chosen = {"metadata": {"annotations": {"volume.kubernetes.io/selected-node": NODE}}}
        self.client.patch(path, json=chosen, headers=_MERGE)
        self.client.post("/api/v1/persistentvolumes", json=_volume(claim, kind["provisioner"]))

    def _items(self, path: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.client.get(path).json().get("items") or []
        return items

    def _status(self, path: str, status: dict[str, Any]) -> None:
        self.client.patch(f"{path}/status", json={"status": status}, headers=_MERGE)


@contextmanager
def running_kubelet(client: httpx.Client) -> Iterator[Kubelet]:
    """A node that looks at its pods five times a second."""
    kubelet = Kubelet(client)
    kubelet.register()

    def tend() -> None:
        with suppress(httpx.HTTPError):
            kubelet.tend()

    with repeating(tend, _POLL_SECONDS):
        yield kubelet


def _volume(claim: dict[str, Any], provisioner: str) -> dict[str, Any]:
    metadata, spec = claim["metadata"], claim["spec"]
    return {
        "metadata": {
            "name": f"pvc-{metadata['uid']}",
            "annotations": {"pv.kubernetes.io/provisioned-by": provisioner},
        },
        "spec": {
            "capacity": spec["resources"]["requests"],
            "accessModes": spec["accessModes"],
            "storageClassName": spec["storageClassName"],
            "claimRef": {key: metadata[key] for key in ("namespace", "name", "uid")},
            "csi": {"driver": provisioner, "volumeHandle": metadata["uid"]},
        },
    }


def _status_of(pod: Pod, outcome: Outcome) -> dict[str, Any]:
    """The status that a kubelet reports."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ended = outcome in (Outcome.SUCCEEDED, Outcome.FAILED)
    ready = outcome is Outcome.READY
    condition = {"status": str(ready), "lastTransitionTime": now}
    if ended:
        code = int(outcome is Outcome.FAILED)
        state = {
            "terminated": {"exitCode": code, "reason": "Error" if code else "Completed", "finishedAt": now}
        }
    else:
        state = {"running": {"startedAt": now}}
    containers = [
        {
            "name": each["name"],
            "image": each["image"],
            "imageID": each["image"],
            "ready": ready,
            "restartCount": 0,
            "started": not ended,
            "state": state,
        }
        for each in pod["spec"]["containers"]
    ]
    address = f"10.1.0.{sum(_name(pod).encode()) % 250 + 1}"
    return {
        "phase": str(outcome) if ended else "Running",
        "startTime": now,
        "podIP": address,
        "podIPs": [{"ip": address}],
        "containerStatuses": containers,
        "conditions": [
            {**condition, "type": "Initialized", "status": "True"},
            {**condition, "type": "PodScheduled", "status": "True"},
            {**condition, "type": "ContainersReady"},
            {**condition, "type": "Ready"},
        ],
    }


def _is_ready(pod: Pod) -> bool:
    conditions = pod["status"].get("conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _below(obj: dict[str, Any]) -> str:
    return f"namespaces/{obj['metadata']['namespace']}"


def _name(obj: dict[str, Any]) -> str:
    return str(obj["metadata"]["name"])


def _named_only(binding: dict[str, Any]) -> dict[str, Any]:
    kept = {key: binding["metadata"][key] for key in ("name", "namespace")}
    return {**binding, "metadata": kept}
